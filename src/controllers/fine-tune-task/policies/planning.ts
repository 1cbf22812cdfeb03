import type { FineTuneTaskStatus, TaskProfile } from '../../../crds/fine-tune-task-status.ts';
import type { Resources } from '../../../crds/pod-options.ts';
import { quantityValue } from '../../../crds/quantity.ts';
import type { TrainerSettings } from '../../settings.ts';
import { assuming, type Facts } from '../facts.ts';
import { firstObjection, noMemberAllowed, zooNotReady } from '../objections.ts';
import type { PlanInput } from '../ports.ts';
import { seconds, statedPlan } from '../rounded.ts';
import { failing, type Policy, type Ruling } from '../ruling.ts';
import { allowedMembers } from '../zoo-place.ts';
import { start } from './start.ts';

/** The profile is there: a plan is made, and the training that it asks for is promised together with it. */
export const planning: Policy = (facts) => {
  const { profile, plan } = facts.status;
  if (profile === undefined || plan !== undefined) return undefined;
  const objection = firstObjection(facts, [zooNotReady, noMemberAllowed]);
  if (objection !== undefined) return objection;
  const answer = facts.view.answers.plan;
  if (answer === undefined) return asking(inputOf(facts, profile));
  if (answer.kind === 'nothingFits') return failing(facts, 'NothingFits', answer.message);
  const changes: Partial<FineTuneTaskStatus> = {
    plan: { ...statedPlan(answer.plan), plannedAt: facts.now },
    activeSeconds: seconds((facts.status.activeSeconds ?? 0) + answer.seconds),
  };
  const ruling = start(assuming(facts, changes));
  if (ruling === undefined) throw new Error('a task that was just planned has no training Job to start');
  return { ...ruling, changes: { ...changes, ...ruling.changes } };
};

const asking = (input: PlanInput): Ruling => ({
  running: { status: 'Unknown', reason: 'NotStarted', message: 'The plan is made before a training pod is asked for.' },
  actions: [{ do: 'plan', input }],
});

/** On a GPU a step's values are in the memory of the GPU, of which no object says how large it is. */
function memoryOf({ gpu, memory }: Resources, settings: TrainerSettings): Pick<PlanInput, 'memoryBytes'> {
  const bytes = gpu === undefined ? quantityValue(memory ?? settings.memory) : undefined;
  return bytes === undefined ? {} : { memoryBytes: bytes };
}

function inputOf({ view, spec, status, budgetSeconds }: Facts, profile: TaskProfile): PlanInput {
  const { features, trainImages, validationImages, steps, decodeSecondsPerImage, startSeconds, workers } = profile;
  return {
    ...{ features, trainImages, validationImages, steps, decodeSecondsPerImage, startSeconds, budgetSeconds },
    ...(workers === undefined ? {} : { workers }),
    members: allowedMembers(view.members, spec.members),
    regimeOverrides: spec.regime ?? {},
    prefer: spec.prefer,
    ...(spec.budget.targetAccuracy === undefined ? {} : { targetAccuracy: spec.budget.targetAccuracy }),
    spentSeconds: status.activeSeconds ?? 0,
    ...memoryOf(spec.resources, view.settings),
    seed: spec.seed,
    namespace: view.task.metadata.namespace,
  };
}
