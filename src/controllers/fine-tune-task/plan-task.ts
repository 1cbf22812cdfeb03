/** The plan of one task: what `nasoa tune` does on one machine, from the numbers that the profile pod measured. */
import { InputError } from '../../lib/errors.ts';
import { createRng, deriveSeed } from '../../lib/rng.ts';
import type { KnownDataset } from '../../planner/familiarity.ts';
import { makePlan } from '../../planner/plan.ts';
import type { Predictor } from '../../planner/predictors/contract.ts';
import { encodedOptions, lessonsOf, replay } from '../../planner/predictors/replay.ts';
import { defaultPredictor } from '../../planner/predictors/table.ts';
import { defaultRunCosts } from '../../planner/run-time.ts';
import { calibrate } from '../../planner/timing.ts';
import type { Experience, Plan } from '../../planner/types.ts';
import type { PlanInput } from './ports.ts';

export type PlanOrRefusal =
  | { readonly kind: 'plan'; readonly plan: Omit<Plan, 'cloud'> }
  | { readonly kind: 'nothingFits'; readonly message: string };

/** One predictor serves all tasks, so its seed is its own and no task's. */
const predictorSeed = 1;

export const learnedFrom = (experiences: readonly Experience[]): Predictor =>
  replay(
    defaultPredictor,
    encodedOptions(predictorSeed),
    lessonsOf(experiences),
    createRng(deriveSeed(predictorSeed, 'replay')),
  );

/** What planning rests on. */
export interface Learned {
  readonly predictor: Predictor;
  readonly known: readonly KnownDataset[];
}

/** The same input, predictor and number of candidates give the same plan. */
export function planTask(input: PlanInput, { predictor, known }: Learned, candidates: number): PlanOrRefusal {
  const { features, members, steps, trainImages, validationImages, budgetSeconds, spentSeconds } = input;
  const { decodeSecondsPerImage, startSeconds, workers = defaultRunCosts.workers } = input;
  try {
    const { cloud: _, ...plan } = makePlan({
      ...{ features, members, predictor, known, candidates, budgetSeconds, spentSeconds },
      regimeOverrides: input.regimeOverrides,
      targetAccuracy: input.targetAccuracy,
      prefer: input.prefer,
      memoryBytes: input.memoryBytes,
      counts: { trainImages, validationImages },
      timing: calibrate(members, steps),
      costs: { ...defaultRunCosts, decodeSecondsPerImage, startSeconds, workers },
      rng: createRng(deriveSeed(input.seed, 'plan')),
    });
    return { kind: 'plan', plan };
  } catch (error) {
    if (error instanceof InputError) return { kind: 'nothingFits', message: `${error.message} ${error.remedy}` };
    throw error;
  }
}
