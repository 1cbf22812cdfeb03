/** What all predictors of one training side share, so that they differ in their predictions alone. */
import { deriveSeed } from '../../src/lib/rng.ts';
import { type CostModel, fitCosts, modelCosts, shrunkenMeans } from './costs.ts';
import { bestOf, type Table, type TableDataset } from './table.ts';
import { modelOf, type View, viewOf } from './view.ts';

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
