/** The choice of a row for a budget, before any of the data set's rows was run. */
import { deriveSeed } from '../../src/lib/rng.ts';
import { type CostModel, fitCosts, modelCosts, shrunkenMeans } from './costs.ts';
import { bestOf, type Curves, type CurvesKind } from './curves.ts';
import { regretOf, type Table, type TableDataset, type TableRow, valueWithin } from './table.ts';
import { epochGrid, modelOf, mostEpochs, type View, viewOf } from './view.ts';

/** What all predictors of one training side share, so that they differ in their predictions alone. */
export interface Ground {
  readonly datasets: readonly TableDataset[];
  readonly view: View;
  readonly costs: CostModel;
  readonly seed: number;
}

/** `table`: the training side. */
export function prepare(table: Table, seed: number): Ground {
  const { datasets } = table;
  const ranks = shrunkenMeans(
    datasets.flatMap(({ rows }) => {
      const best = bestOf(rows);
      return rows.map((row) => [modelOf(row), bestOf([row]) / best] as const);
    }),
  );
  const means = modelCosts(datasets);
  const models = new Map([...means].map(([name, cost]) => [name, [cost, ranks.get(name) ?? 0]]));
  const view = viewOf(table, models);
  return { datasets, view, costs: fitCosts(datasets, view, means, deriveSeed(seed, 'costs')), seed };
}

/** Regret by budget of what is picked for each data set, in their order. */
export function regretsOf(
  kind: CurvesKind,
  { datasets, view, costs, seed }: Ground,
  chosenFor: readonly TableDataset[],
  budgets: readonly number[],
): readonly (readonly number[])[] {
  const curves = kind(datasets, view, seed);
  return chosenFor.map((dataset) => {
    const rows = dataset.rows.map((row) => foreseen(row, dataset, curves, costs));
    return budgets.map((budget) => {
      const worths = rows.map(({ curve, logSeconds }) => worth(curve, logSeconds, costs.deviation, budget));
      const picked = dataset.rows[worths.indexOf(Math.max(...worths))] as TableRow;
      return regretOf(dataset.rows, valueWithin(picked, budget), budget);
    });
  });
}

const foreseen = (row: TableRow, dataset: TableDataset, curves: Curves, costs: CostModel) => ({
  curve: curves(row, dataset),
  logSeconds: costs.logSeconds(row, dataset),
});

/** Deviations at which the normal distribution of the seconds is looked at. */
const nodes = [-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2];
/** A run that fits is worth more than one that does not, however badly it is thought of. */
const leastWorth = 1e-3;

/** A whole number of epochs is not lost to the last digit. */
const rounding = 1e-9;

/** Expected worth within a budget: nothing where not even one epoch fits. */
export function worth(curve: readonly number[], logSeconds: number, deviation: number, budget: number): number {
  let [sum, weights] = [0, 0];
  for (const z of nodes) {
    const weight = Math.exp((-z * z) / 2);
    const epochs = Math.floor(budget / Math.exp(logSeconds + z * deviation) + rounding);
    weights += weight;
    if (epochs >= 1) sum += weight * Math.max(leastWorth, interpolated(curve, Math.min(mostEpochs, epochs)));
  }
  return sum / weights;
}

/** Over the logarithm of the epochs. */
function interpolated(curve: readonly number[], epochs: number): number {
  const after = Math.max(
    1,
    epochGrid.findIndex((point) => point >= epochs),
  );
  const [low, high] = [epochGrid[after - 1] as number, epochGrid[after] as number];
  const share = Math.log(epochs / low) / Math.log(high / low);
  return (1 - share) * (curve[after - 1] as number) + share * (curve[after] as number);
}
