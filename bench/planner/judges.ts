/** Who says what a row is worth within a budget, before any of its data set's rows was run. */
import { predictors } from '../../src/planner/predictors/table.ts';
import { type CurvesKind, ensemble, online } from './curves.ts';
import { direct } from './direct.ts';
import type { Ground } from './ground.ts';
import type { TableDataset, TableRow } from './table.ts';
import { worth } from './worth.ts';

/** Worth of a row within a budget, in seconds; larger is better, in the judge's own units. */
export type Judge = (row: TableRow, dataset: TableDataset) => (budget: number) => number;

export type JudgeKind = (ground: Ground) => Judge;

const byCurves =
  (kind: CurvesKind): JudgeKind =>
  ({ datasets, view, costs, seed }) => {
    const curves = kind(datasets, view, seed);
    return (row, dataset) => {
      const [curve, logSeconds] = [curves(row, dataset), costs.logSeconds(row, dataset)];
      return (budget) => worth(curve, logSeconds, costs.deviation, budget);
    };
  };

/** Below nothing there is no order, and a mean of factors needs some number above it. */
const least = 1e-4;

/** The geometric mean of two: what only one of them thinks well of is no good choice. */
const both =
  (first: JudgeKind, second: JudgeKind): JudgeKind =>
  (ground) => {
    const judges = [first(ground), second(ground)];
    return (row, dataset) => {
      const worths = judges.map((judge) => judge(row, dataset));
      return (budget) => Math.sqrt(worths.reduce((product, of) => product * Math.max(least, of(budget)), 1));
    };
  };

export const judgeKinds: Readonly<Record<string, JudgeKind>> = {
  nasoa: both(byCurves(ensemble), direct),
  'ridge regression': byCurves(online(predictors.ridge)),
  'hedge backpropagation': byCurves(online(predictors.hedge)),
};
