/** Accuracy of a row by epochs, foreseen from the runs of other data sets: nasoa's predictors over the table's columns. */
import { createRng } from '../../src/lib/rng.ts';
import { replay } from '../../src/planner/predictors/replay.ts';
import type { predictors } from '../../src/planner/predictors/table.ts';
import { cautious, type Example, fitMembers } from './ensemble.ts';
import { bestOf, type TableDataset, type TableRow } from './table.ts';
import { epochGrid, type View } from './view.ts';

/** What a row is worth after each number of epochs of `epochGrid`; larger is better. */
export type Curves = (row: TableRow, dataset: TableDataset) => readonly number[];

export type CurvesKind = (datasets: readonly TableDataset[], view: View, seed: number) => Curves;

/**
 * Of the accuracy over the best of its data set: how hard a data set is matters to no choice, and is what squared errors
 * of accuracies would mostly be of.
 */
export const ensemble: CurvesKind = (datasets, view, seed) => {
  const examples = examplesOf(datasets, view, (accuracy, best) => accuracy / Math.max(best, Number.EPSILON));
  const members = fitMembers(examples, { increasing: [view.epochsInput], seed });
  return (row, dataset) => {
    const curves = members(epochGrid.map((epochs) => view.of(row, dataset, epochs)));
    return epochGrid.map((_, at) => cautious(curves.map((curve) => curve[at] as number)));
  };
};

/** A predictor of the product, which learns accuracies run by run. */
export const online =
  (kind: (typeof predictors)[keyof typeof predictors]): CurvesKind =>
  (datasets, view, seed) => {
    const lessons = examplesOf(datasets, view, (accuracy) => accuracy);
    const options = { inputs: view.inputs, seed };
    const predictor = replay(kind, options, lessons, createRng(seed), { passes: 1, folds: 0 });
    return (row, dataset) => epochGrid.map((epochs) => predictor.predictOne(view.of(row, dataset, epochs)).mean);
  };

function examplesOf(
  datasets: readonly TableDataset[],
  view: View,
  target: (accuracy: number, bestOfDataset: number) => number,
): readonly (Example & { readonly group: string })[] {
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
