import { expect, test } from '@jest/globals';
import type { TaskPlan, TaskProfile } from '../../src/crds/fine-tune-task-status.ts';
import type * as api from '../../src/crds/regime.ts';
import type { MeasuredStep } from '../../src/planner/timing.ts';
import type * as planner from '../../src/planner/types.ts';
import { aPlan, aProfile, someFeatures, someRegime } from '../support/objects.ts';

/** Whether two types are the same, optional and readonly included. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Flat<T> = { [K in keyof T]: T[K] };
const holds = <T extends true>(value: T): T => value;

// the compiler checks these; running them only shows that they are there
test("the API's shapes are the planner's", () => {
  expect([
    holds<Same<Flat<api.DatasetFeatures>, Flat<planner.DatasetFeatures>>>(true),
    holds<Same<Flat<api.Regime>, Flat<planner.Regime>>>(true),
    holds<Same<Flat<api.RegimeOverrides>, Flat<Partial<Omit<planner.Regime, 'steps'>>>>>(true),
    holds<Same<Flat<api.Prediction>, Flat<planner.Prediction>>>(true),
    holds<Same<Flat<api.MeasuredStep>, Flat<MeasuredStep>>>(true),
  ]).not.toContain(false);
});

test('a plan goes into a status and what was planned with comes out of it', () => {
  const { budgetSeconds: _, cloud: __, ...shown }: planner.Plan = { ...aPlan(), budgetSeconds: 600, cloud: [] };
  const stored: TaskPlan = { ...shown, plannedAt: aPlan().plannedAt };
  const features: planner.DatasetFeatures = someFeatures;
  const regime: planner.Regime = someRegime;
  const profile: TaskProfile = aProfile({ features });
  expect({ stored, profile, regime }).toEqual({ stored: aPlan(), profile: aProfile(), regime: aPlan().regime });
});
