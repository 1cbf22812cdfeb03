/** From a finished task to the experience that the predictor learns. */
import type { FineTuneTask } from '../../crds/fine-tune-task.ts';
import type { TaskResult } from '../../crds/fine-tune-task-status.ts';
import type { CurvePoint } from '../../crds/trainer-job.ts';
import { type Experience, factsOf } from '../../planner/types.ts';
import type { Facts } from './facts.ts';
import type { Ruling } from './ruling.ts';

/** How long to wait before the store is asked again, beside the back-off of the queue. */
const againSeconds = 30;

/**
 * The one experience of the task: its id is the task's, so that however often it is stored it is there once. Undefined
 * where the member is not in the zoo any more, or there is no result.
 */
export function experienceOf(
  facts: Facts,
  result: TaskResult,
  curve: readonly CurvePoint[],
  finishedAt: string,
): Experience | undefined {
  const { status, view, budgetSeconds } = facts;
  const { plan, profile } = status;
  const carriedOut = result.replanned?.choice ?? plan;
  const member = view.members.find(({ name }) => name === carriedOut?.member);
  if (carriedOut === undefined || profile === undefined || member === undefined) return undefined;
  return {
    id: view.task.metadata.uid,
    finishedAt,
    dataset: datasetName(view.task),
    features: profile.features,
    member: factsOf(member),
    // the steps that were run, which may be fewer or more than planned
    regime: { ...carriedOut.regime, steps: result.steps ?? carriedOut.regime.steps },
    budgetSeconds,
    accuracy: result.accuracy,
    activeSeconds: Math.max(result.seconds, 0.1),
    curve: curve.toSorted((a, b) => a.seconds - b.seconds),
  };
}

/** Asks for the experience to be stored, and takes the answer into the status once it is there. */
export function keeping(facts: Facts, experience: Experience | undefined): Partial<Ruling> {
  if (experience === undefined) return { changes: { experienceStored: false } };
  const answer = facts.view.answers.experience;
  if (answer === undefined) return { actions: [{ do: 'storeExperience', experience }] };
  return answer === 'failed'
    ? { wakeSeconds: againSeconds }
    : // a record that the store refuses would be refused each time
      { changes: { experienceStored: answer === 'kept' } };
}

/** The same for all tasks on the same data, and never a path: runs of one data set are held out together. */
function datasetName({ metadata, spec }: FineTuneTask): string {
  const { claim, s3 } = spec.data;
  const place = claim === undefined ? s3.url.replace('s3://', '') : `${claim.claimName} ${claim.path ?? ''}`;
  return `${metadata.namespace} ${place}`
    .replaceAll(/[\p{Cc}/\\]+/gu, ' ')
    .trim()
    .slice(0, 200);
}
