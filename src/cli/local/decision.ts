/** What a run decided before its first step, as its checkpoint keeps it: a resumed run decides nothing anew. */
import { InputError } from '../../lib/errors.ts';
import type { DatasetFeatures, Plan } from '../../planner/types.ts';
import type { Dataset } from '../../train/dataset.ts';

export interface Decision {
  readonly plan: Plan;
  readonly features: DatasetFeatures;
  readonly profileSeconds: number;
  readonly planningSeconds: number;
  readonly seed: number;
  /** By which a resumed run knows its data again. */
  readonly data: { readonly classes: readonly string[]; readonly train: number; readonly val: number };
}

export const dataOf = (dataset: Dataset): Decision['data'] => ({
  classes: dataset.classes,
  train: dataset.train.length,
  val: dataset.val.length,
});

/** The decision of a checkpoint; InputError where the data set is not the one it was made for. */
export function parseDecision(text: string, dataset: Dataset): Decision {
  const decision = JSON.parse(text) as Decision;
  if (JSON.stringify(decision.data) === JSON.stringify(dataOf(dataset))) return decision;
  throw new InputError(
    `The unfinished run was begun on other images than ${dataset.name} holds now.`,
    'Resume it with the same images and the same --seed and --val-share, or begin anew with another --out.',
  );
}
