/** Seconds of an epoch, foreseen from the runs of other data sets. */
import { createRng } from '../../src/lib/rng.ts';
import { defaultBoosting, fitBoostedTrees, predictBoosted } from '../../src/planner/predictors/boosted-trees.ts';
import type { TableDataset, TableRow } from './table.ts';
import { modelOf, type View } from './view.ts';

export interface CostModel {
  /** Natural logarithm of the seconds of an epoch. */
  logSeconds(row: TableRow, dataset: TableDataset): number;
  /** Root mean square error of that on runs held out: they are far off now and then, and a plan has to reckon with it. */
  readonly deviation: number;
}

/** The median of the epochs: single ones hold other things as well. */
function epochSeconds({ seconds }: TableRow): number {
  return seconds.toSorted((a, b) => a - b)[seconds.length >> 1] as number;
}

const imageCost = (row: TableRow, { images }: TableDataset): number => Math.log(epochSeconds(row) / images);

/** By network: the mean logarithm of the seconds that an image takes. */
export const modelCosts = (datasets: readonly TableDataset[]): ReadonlyMap<string, number> =>
  shrunkenMeans(datasets.flatMap((dataset) => dataset.rows.map((row) => [modelOf(row), imageCost(row, dataset)])));

/** Values of the mean of all that a mean begins with, so that a few runs do not make it extreme. */
const priorValues = 4;

/** Means by key, drawn to the mean of all. */
export function shrunkenMeans(pairs: readonly (readonly [string, number])[]): ReadonlyMap<string, number> {
  const mean = pairs.reduce((sum, [, value]) => sum + value, 0) / pairs.length;
  const sums = new Map<string, readonly [number, number]>();
  for (const [key, value] of pairs) {
    const [sum, count] = sums.get(key) ?? [priorValues * mean, priorValues];
    sums.set(key, [sum + value, count + 1]);
  }
  return new Map([...sums].map(([key, [sum, count]]) => [key, sum / count]));
}

const boosting = { ...defaultBoosting, trees: 400, leaves: 15, leafRows: 8, shrinkage: 1, inputShare: 0.5 } as const;
const heldOutShare = 0.2;

/** `means`: of the networks, see `modelCosts`. */
export function fitCosts(
  datasets: readonly TableDataset[],
  view: View,
  means: ReadonlyMap<string, number>,
  seed: number,
): CostModel {
  const typical = [...means.values()].reduce((sum, value) => sum + value, 0) / means.size;
  const baseOf = (row: TableRow): number => means.get(modelOf(row)) ?? typical;
  const examples = datasets.flatMap((dataset) =>
    dataset.rows.map((row) => ({ x: view.of(row, dataset, 1), y: imageCost(row, dataset) - baseOf(row) })),
  );
  const rng = createRng(seed);
  const grown = (some: typeof examples) =>
    fitBoostedTrees({ rows: some.map(({ x }) => x), targets: some.map(({ y }) => y) }, boosting, rng);
  const shuffled = rng.shuffle(examples);
  const held = Math.ceil(heldOutShare * shuffled.length);
  const part = grown(shuffled.slice(held));
  const squares = shuffled.slice(0, held).map(({ x, y }) => (predictBoosted(part, x) - y) ** 2);
  const whole = grown(examples);
  return {
    logSeconds: (row, dataset) =>
      baseOf(row) + predictBoosted(whole, view.of(row, dataset, 1)) + Math.log(dataset.images),
    deviation: Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / held),
  };
}
