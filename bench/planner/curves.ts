/** Accuracy of a row by epochs, foreseen from the runs of other data sets: nasoa's predictors over the table's columns. */
import { createRng, deriveSeed } from '../../src/lib/rng.ts';
import { defaultBoosting, fitBoostedTrees, predictBoosted } from '../../src/planner/predictors/boosted-trees.ts';
import { replay } from '../../src/planner/predictors/replay.ts';
import { predictors } from '../../src/planner/predictors/table.ts';
import type { TableDataset, TableRow } from './table.ts';
import { epochGrid, type View } from './view.ts';

/** What a row is worth after each number of epochs of `epochGrid`; larger is better. */
export type Curves = (row: TableRow, dataset: TableDataset) => readonly number[];

export type CurvesKind = (datasets: readonly TableDataset[], view: View, seed: number) => Curves;

/** Ensembles vary less than a tree's luck with rows and inputs. */
const ensembleSize = 6;

/**
 * Boosted trees of the accuracy over the best of its data set: how hard a data set is matters to no choice, and is what
 * squared errors of accuracies would mostly be of.
 */
const trees: CurvesKind = (datasets, view, seed) => {
  const examples = examplesOf(datasets, view, (accuracy, best) => accuracy / Math.max(best, Number.EPSILON));
  const learnt = { rows: examples.map(({ x }) => x), targets: examples.map(({ y }) => y) };
  const options = { ...defaultBoosting, increasing: [view.epochsInput] };
  const ensemble = Array.from({ length: ensembleSize }, (_, i) =>
    fitBoostedTrees(learnt, options, createRng(deriveSeed(seed, `trees ${i}`))),
  );
  return (row, dataset) =>
    epochGrid.map((epochs) => {
      const x = view.of(row, dataset, epochs);
      return ensemble.reduce((sum, one) => sum + predictBoosted(one, x), 0) / ensembleSize;
    });
};

/** A predictor of the product, which learns accuracies run by run. */
const online =
  (kind: (typeof predictors)[keyof typeof predictors]): CurvesKind =>
  (datasets, view, seed) => {
    const lessons = examplesOf(datasets, view, (accuracy) => accuracy);
    const options = { inputs: view.inputs, seed };
    const predictor = replay(kind, options, lessons, createRng(seed), { passes: 1, folds: 0 });
    return (row, dataset) => epochGrid.map((epochs) => predictor.predictOne(view.of(row, dataset, epochs)).mean);
  };

export const curvesKinds = {
  nasoa: trees,
  'ridge regression': online(predictors.ridge),
  'hedge backpropagation': online(predictors.hedge),
} as const satisfies Record<string, CurvesKind>;

interface Example {
  readonly x: Float64Array;
  readonly y: number;
  readonly group: string;
}

function examplesOf(
  datasets: readonly TableDataset[],
  view: View,
  target: (accuracy: number, bestOfDataset: number) => number,
): readonly Example[] {
  return datasets.flatMap((dataset) => {
    const best = bestOf(dataset.rows);
    return dataset.rows.flatMap((row) =>
      epochGrid
        .filter((epochs) => epochs <= row.accuracies.length)
        .map((epochs) => ({
          x: view.of(row, dataset, epochs),
          y: target(Math.max(...row.accuracies.slice(0, epochs)), best),
          group: dataset.name,
        })),
    );
  });
}

export const bestOf = (rows: readonly TableRow[]): number => Math.max(...rows.flatMap(({ accuracies }) => accuracies));
