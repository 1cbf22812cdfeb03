/** The choice of a row for a budget, before any of the data set's rows was run. */
import type { Ground } from './ground.ts';
import type { JudgeKind } from './judges.ts';
import { regretOf, type TableDataset, type TableRow, valueWithin } from './table.ts';

/** Regret by budget of what is picked for each data set, in their order. */
export function regretsOf(
  kind: JudgeKind,
  ground: Ground,
  chosenFor: readonly TableDataset[],
  budgets: readonly number[],
): readonly (readonly number[])[] {
  const judge = kind(ground);
  return chosenFor.map((dataset) => {
    const worths = dataset.rows.map((row) => judge(row, dataset));
    return budgets.map((budget) => {
      const within = worths.map((worth) => worth(budget));
      const picked = dataset.rows[within.indexOf(Math.max(...within))] as TableRow;
      return regretOf(dataset.rows, valueWithin(picked, budget), budget);
    });
  });
}
