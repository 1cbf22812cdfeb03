import type { Rng } from '../../lib/rng.ts';
import { encode, inputNames, priorIndex } from '../encode.ts';
import type { Experience } from '../types.ts';
import type { Predictor, PredictorKind, PredictorOptions } from './contract.ts';

/** One encoded run with its outcome. */
export interface Lesson {
  readonly x: Float64Array;
  readonly y: number;
  /** Runs of one data set resemble each other: they are held out together. */
  readonly group: string;
}

export interface ReplayOptions {
  /** Times that each run is gone through. */
  readonly passes: number;
  /** Groups are dealt into at most this many folds for the intervals; 0 leaves the errors of the first pass. */
  readonly folds: number;
}

export const defaultReplay: ReplayOptions = { passes: 10, folds: 3 };
/** Steps of learning beyond which further passes are left out: many runs need fewer, and planning must not wait. */
const mostSteps = 5000;
/** Fewer lessons than this are too few to hold some out. */
const fewestForFolds = 20;

/** Options of a predictor over encoded runs. */
export const encodedOptions = (seed: number): PredictorOptions => ({
  inputs: inputNames.length,
  seed,
  offset: priorIndex,
});

export const lessonsOf = (experiences: readonly Experience[]): readonly Lesson[] =>
  experiences.map((e) => ({ x: encode(e), y: e.accuracy, group: e.dataset }));

/**
 * A predictor warmed up on stored experience: one pass in the order of time, then further passes in random order, since
 * with few runs a single pass leaves most of what they say unlearnt. Going over the same runs makes their own errors
 * too small, so the intervals come from predictors that had not seen the data set in question.
 */
export function replay(
  kind: PredictorKind,
  options: PredictorOptions,
  lessons: readonly Lesson[],
  rng: Rng,
  { passes, folds }: ReplayOptions = defaultReplay,
): Predictor {
  const errors = lessons.length >= fewestForFolds ? heldOutErrors(kind, options, lessons, rng, passes, folds) : [];
  const predictor = rehearsed(kind, options, lessons, rng, passes);
  if (errors.length > 0) predictor.setErrors(errors);
  return predictor;
}

function rehearsed(
  kind: PredictorKind,
  options: PredictorOptions,
  lessons: readonly Lesson[],
  rng: Rng,
  passes: number,
): Predictor {
  const predictor = kind.create(options);
  const sound = lessons.filter(({ x }) => x.length === options.inputs && x.every(Number.isFinite));
  for (const { x } of sound) predictor.observe(x);
  for (const { x, y } of sound) predictor.learnOne(x, y);
  const affordable = Math.min(passes, Math.ceil(mostSteps / Math.max(1, sound.length)));
  for (let pass = 1; pass < affordable; pass++) {
    for (const { x, y } of rng.shuffle(sound)) predictor.rehearse(x, y);
  }
  predictor.settle?.();
  return predictor;
}

/** By data set. */
function heldOutErrors(
  kind: PredictorKind,
  options: PredictorOptions,
  lessons: readonly Lesson[],
  rng: Rng,
  passes: number,
  folds: number,
): readonly (readonly number[])[] {
  const groups = rng.shuffle([...new Set(lessons.map((l) => l.group))]);
  const count = Math.min(folds, groups.length);
  if (count < 2) return [];
  return Array.from({ length: count }, (_, fold) => {
    const held = new Set(groups.filter((_, i) => i % count === fold));
    const predictor = rehearsed(
      kind,
      options,
      lessons.filter((l) => !held.has(l.group)),
      rng,
      passes,
    );
    const judged = lessons.filter((l) => held.has(l.group) && l.y >= 0 && l.y <= 1);
    return [...Map.groupBy(judged, ({ group }) => group).values()].map((runs) =>
      runs.map(({ x, y }) => predictor.errorOf(x, y)),
    );
  }).flat();
}
