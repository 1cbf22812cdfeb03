/**
 * The ladder of a search (successive halving; Jamieson and Talwalkar, 2016, without waiting: Li et al., "ASHA", 2020): a
 * candidate is trained a little, and climbs where it is among the better part of all that were trained as little.
 * The first ones climb in any case: they show how well each rung ranks, and a rung that ranks badly decides nothing.
 */
import { type Judged, nondominatedFronts } from './nsga2/ranking.ts';

export interface Rung {
  /** Side of the images in pixels. */
  readonly inputSize: number;
  /** Share of the steps of a training in full. */
  readonly stepShare: number;
}

export interface RungResult {
  /** Of the candidate. */
  readonly id: number;
  /** 0 is the lowest. */
  readonly rung: number;
  readonly accuracy: number;
  /** That the training took. */
  readonly seconds: number;
}

export interface Ladder {
  /** The last one is the training in full. */
  readonly rungs: readonly Rung[];
  /** Share of a rung's candidates that climb. */
  readonly keep: number;
  /** Candidates that climb in any case. */
  readonly calibration: number;
}

export const fullRung: Rung = { inputSize: 64, stepShare: 1 };
export const defaultLadder: Ladder = {
  rungs: [{ inputSize: 64, stepShare: 0.35 }, fullRung],
  keep: 0.5,
  calibration: 20,
};
export const noLadder: Ladder = { rungs: [fullRung], keep: 1, calibration: 0 };

/** A rank correlation below which a rung decides nothing. */
const leastCorrelation = 0.5;

/** Whether a candidate that has a result on `rung` goes on to the next. `stepSeconds` by candidate. */
export function climbs(
  ladder: Ladder,
  results: readonly RungResult[],
  stepSeconds: ReadonlyMap<number, number>,
  { id, rung }: Pick<RungResult, 'id' | 'rung'>,
): boolean {
  if (calibrating(ladder, results).has(id)) return true;
  const correlation = rungCorrelations(ladder, results)[rung]?.correlation ?? 0;
  if (correlation < leastCorrelation) return true;
  const here: (Judged & { readonly id: number })[] = results
    .filter((result) => result.rung === rung)
    .map((result) => ({
      id: result.id,
      losses: [1 - result.accuracy, Math.log(stepSeconds.get(result.id) ?? Number.POSITIVE_INFINITY)],
      violation: 0,
    }));
  let better = 0;
  for (const front of nondominatedFronts(here)) {
    if (front.some((one) => one.id === id)) return better < ladder.keep * here.length;
    better += front.length;
  }
  return true;
}

/** The first that were trained at all. */
const calibrating = ({ calibration }: Ladder, results: readonly RungResult[]): ReadonlySet<number> =>
  new Set([...new Set(results.map(({ id }) => id))].slice(0, calibration));

export interface RungCorrelation extends Rung {
  /** Candidates that it is of: those that climbed in any case. */
  readonly candidates: number;
  /** Spearman's, of the accuracies on this rung with those in full; undefined with fewer than 3 candidates. */
  readonly correlation: number | undefined;
  /** Mean seconds of a training on this rung. */
  readonly seconds: number | undefined;
}

/** How well each rung but the last ranks candidates as a training in full does. */
export function rungCorrelations(ladder: Ladder, results: readonly RungResult[]): readonly RungCorrelation[] {
  const calibrates = calibrating(ladder, results);
  const last = ladder.rungs.length - 1;
  const inFull = new Map(results.filter(({ rung }) => rung === last).map(({ id, accuracy }) => [id, accuracy]));
  return ladder.rungs.slice(0, last).map((rung, r) => {
    const here = results.filter((result) => result.rung === r);
    const both = here.flatMap(({ id, accuracy }) => {
      const full = inFull.get(id);
      return full === undefined || !calibrates.has(id) ? [] : [[accuracy, full] as const];
    });
    return {
      ...rung,
      candidates: both.length,
      correlation: both.length < 3 ? undefined : spearman(both),
      seconds: here.length === 0 ? undefined : here.reduce((sum, { seconds }) => sum + seconds, 0) / here.length,
    };
  });
}

/** Pearson's correlation of the ranks; ties share the mean of their ranks. 0 where all are equal. */
export function spearman(pairs: readonly (readonly [number, number])[]): number {
  const [x, y] = [ranks(pairs.map(([a]) => a)), ranks(pairs.map(([, b]) => b))];
  const middle = (pairs.length - 1) / 2;
  const product = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, rank, i) => sum + (rank - middle) * ((b[i] ?? 0) - middle), 0);
  const scale = Math.sqrt(product(x, x) * product(y, y));
  return scale === 0 ? 0 : product(x, y) / scale;
}

function ranks(values: readonly number[]): readonly number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return below + (equal - 1) / 2;
  });
}
