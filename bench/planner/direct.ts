/** What a row reaches within a budget, learnt as such: how far off a cost model is counts in what is learnt from it. */
import { createRng, deriveSeed } from '../../src/lib/rng.ts';
import { type CostModel, fitCosts, modelCosts } from './costs.ts';
import { fitEnsemble } from './ensemble.ts';
import type { Ground } from './ground.ts';
import type { JudgeKind } from './judges.ts';
import { bestWithin, type TableDataset, valueWithin } from './table.ts';
import { epochsWithin } from './worth.ts';

/** Budgets that are learnt, in seconds; those that are asked for lie among them. */
const learntBudgets = [30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 28_800] as const;

/** The value within a budget over the best of its data set. */
export const direct: JudgeKind = (ground) => {
  const { datasets, view, costs, seed } = ground;
  const heldOut = heldOutCosts(ground);
  const examples = datasets.flatMap((dataset) => {
    const seen = heldOut.get(dataset) ?? costs;
    const logSeconds = dataset.rows.map((row) => seen.logSeconds(row, dataset));
    return learntBudgets.flatMap((budget) => {
      const best = bestWithin(dataset.rows, budget);
      if (best === 0) return [];
      return dataset.rows.map((row, i) => ({
        x: seenWithin(budget, logSeconds[i] as number, (epochs) => view.of(row, dataset, epochs)),
        y: valueWithin(row, budget) / best,
      }));
    });
  });
  const predict = fitEnsemble(examples, { increasing: [view.inputs], seed: deriveSeed(seed, 'direct') });
  return (row, dataset) => {
    const logSeconds = costs.logSeconds(row, dataset);
    return (budget) => predict(seenWithin(budget, logSeconds, (epochs) => view.of(row, dataset, epochs)));
  };
};

/** The view after the epochs that are foreseen to fit, how many that are before they are rounded, and the budget. */
function seenWithin(budget: number, logSeconds: number, viewAfter: (epochs: number) => Float64Array): Float64Array {
  const epochs = Math.max(1, epochsWithin(budget, logSeconds));
  return Float64Array.of(...viewAfter(epochs), Math.log(budget) - logSeconds, Math.log(budget));
}

const folds = 5;

/** By data set, what was learnt without it: a predictor is to see costs as well as they will be known of a new one. */
function heldOutCosts({ datasets, view, seed }: Ground): ReadonlyMap<TableDataset, CostModel> {
  if (datasets.length < 2) return new Map();
  const order = createRng(deriveSeed(seed, 'folds')).shuffle(datasets);
  const count = Math.min(folds, order.length);
  return new Map(
    Array.from({ length: count }, (_, fold) => fold).flatMap((fold) => {
      const others = order.filter((_, i) => i % count !== fold);
      const model = fitCosts(others, view, modelCosts(others), deriveSeed(seed, `costs without ${fold}`));
      return order.filter((_, i) => i % count === fold).map((dataset) => [dataset, model] as const);
    }),
  );
}
