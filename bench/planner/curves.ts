/** Accuracy of a row by epochs, foreseen from the runs of other data sets: nasoa's predictors over the table's columns. */
import { createRng, deriveSeed } from '../../src/lib/rng.ts';
import { defaultBoosting, fitBoostedTrees, predictBoosted } from '../../src/planner/predictors/boosted-trees.ts';
import { replay } from '../../src/planner/predictors/replay.ts';
import { predictors } from '../../src/planner/predictors/table.ts';
import { defaultTableNet, fitTableNet, predictTableNet } from '../../src/planner/predictors/table-net.ts';
import { mean } from '../lib/statistics.ts';
import type { TableDataset, TableRow } from './table.ts';
import { epochGrid, type View } from './view.ts';

/** What a row is worth after each number of epochs of `epochGrid`; larger is better. */
export type Curves = (row: TableRow, dataset: TableDataset) => readonly number[];

export type CurvesKind = (datasets: readonly TableDataset[], view: View, seed: number) => Curves;

/** Members of the ensemble of each kind. */
const membersOfKind = 3;

/**
 * Boosted trees and neural networks of the accuracy over the best of its data set: how hard a data set is matters to no
 * choice, and is what squared errors of accuracies would mostly be of. Trees step where networks are smooth; what the
 * members disagree on is taken off, one standard deviation of theirs, for the best of hundreds of rows is mostly one that
 * somebody thinks too well of.
 */
const ensemble: CurvesKind = (datasets, view, seed) => {
  const examples = examplesOf(datasets, view, (accuracy, best) => accuracy / Math.max(best, Number.EPSILON));
  const learnt = { rows: examples.map(({ x }) => x), targets: examples.map(({ y }) => y) };
  const boosting = { ...defaultBoosting, increasing: [view.epochsInput] };
  const rngOf = (kind: string, i: number) => createRng(deriveSeed(seed, `${kind} ${i}`));
  const numbers = Array.from({ length: membersOfKind }, (_, i) => i);
  const trees = numbers.map((i) => fitBoostedTrees(learnt, boosting, rngOf('trees', i)));
  const nets = numbers.map((i) => fitTableNet(learnt, defaultTableNet, rngOf('net', i)));
  return (row, dataset) => {
    const inputs = epochGrid.map((epochs) => view.of(row, dataset, epochs));
    const curves = [
      ...trees.map((one) => inputs.map((x) => predictBoosted(one, x))),
      ...nets.map((one) => neverFalling(inputs.map((x) => predictTableNet(one, x)))),
    ];
    return epochGrid.map((_, at) => {
      const said = curves.map((curve) => curve[at] as number);
      const middle = mean(said);
      return middle - Math.sqrt(mean(said.map((one) => (one - middle) ** 2)));
    });
  };
};

/** The best accuracy so far, which more epochs never lower; trees are grown so. */
function neverFalling(curve: readonly number[]): readonly number[] {
  let best = Number.NEGATIVE_INFINITY;
  return curve.map((value) => {
    best = Math.max(best, value);
    return best;
  });
}

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
  nasoa: ensemble,
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
