/** From a ruling to the status: phase and conditions follow from it, so that they can never contradict each other. */
import { isDeepStrictEqual } from 'node:util';
import { findCondition, isTrue, setCondition, type TaskCondition, type TaskReason } from '../../crds/conditions.ts';
import type { FineTuneTaskStatus, TaskPhase } from '../../crds/fine-tune-task-status.ts';
import type { ConditionStatus } from '../../crds/kubernetes.ts';
import type { Facts } from './facts.ts';
import type { Ruling } from './ruling.ts';

/** A report every few seconds is for people; each write costs the API server and everybody who watches. */
const progressEverySeconds = 10;
/** Most pods run within moments: only then are people told what a pod waits for. */
const settleSeconds = 2;

/** The status to be written; the very one that is written already where nothing is new. */
export function statusAfter(facts: Facts, ruling: Ruling): FineTuneTaskStatus {
  const written = facts.view.task.status ?? {};
  const over = isTrue(written.conditions, 'Complete') || isTrue(written.conditions, 'Failed');
  const observedGeneration = facts.view.task.metadata.generation;
  const next = over ? { ...written, ...ruling.changes, observedGeneration } : stated(facts, ruling);
  return isDeepStrictEqual(next, written) ? written : next;
}

function stated(facts: Facts, ruling: Ruling): FineTuneTaskStatus {
  const { timeLeft, ...status } = { ...facts.status, ...ruling.changes };
  const ran = ruling.running.status === 'True';
  return {
    ...status,
    ...(ran && timeLeft !== undefined ? { timeLeft } : {}),
    observedGeneration: facts.view.task.metadata.generation,
    phase: phaseOf(facts, status, ruling),
    conditions: conditionsAfter(facts, status, ruling),
    ...(ruling.end === undefined ? {} : { completionTime: status.completionTime ?? facts.now }),
  };
}

/**
 * The status without mere progress that was written a moment ago. `waitSeconds`: until that is worth a write.
 * A profile's account is not written before it ends: it is short, and its message tells all of it. Where something is
 * to be done (`hasDeeds`) progress waits: an operator that dies with each write must get to the deed all the same.
 */
export function withoutChatter(
  facts: Facts,
  next: FineTuneTaskStatus,
  hasDeeds: boolean,
): { readonly status: FineTuneTaskStatus; readonly waitSeconds?: number } {
  const written = facts.view.task.status;
  if (written === undefined || next === written) return { status: next };
  const settling = settlingSeconds(facts);
  if (settling > 0 && !hasDeeds && onlyWaits(next, written)) return { status: written, waitSeconds: settling };
  const { progress, activeSeconds: _a, timeLeft: _t, ...rest } = next;
  const { progress: before, activeSeconds: _b, timeLeft: _u, ...same } = written;
  if (!isDeepStrictEqual(rest, same)) return { status: next };
  if (progress === undefined) return { status: facts.state.kind === 'running' ? written : next };
  if (hasDeeds) return { status: written, waitSeconds: progressEverySeconds };
  const age =
    before === undefined ? Number.POSITIVE_INFINITY : facts.nowSeconds - Date.parse(before.lastReportTime) / 1000;
  return age >= progressEverySeconds ? { status: next } : { status: written, waitSeconds: progressEverySeconds - age };
}

/** What is left of the time that a Job has to get its pod to run; 0 where it does not wait. */
function settlingSeconds({ state, job, nowSeconds }: Facts): number {
  if (state.kind !== 'waiting' || job === undefined) return 0;
  return settleSeconds - (nowSeconds - Date.parse(job.metadata.creationTimestamp) / 1000);
}

/** Whether the two tell apart nothing but what the pod waits for. */
function onlyWaits(next: FineTuneTaskStatus, written: FineTuneTaskStatus): boolean {
  const others = ({ conditions = [], phase: _, ...rest }: FineTuneTaskStatus) => ({
    ...rest,
    conditions: conditions.filter(({ type }) => type !== 'Running'),
  });
  return isDeepStrictEqual(others(next), others(written));
}

function phaseOf({ spec }: Facts, { profile, plan }: FineTuneTaskStatus, { end, running }: Ruling): TaskPhase {
  if (end !== undefined) return end.kind === 'complete' ? 'Complete' : 'Failed';
  if (spec.suspend) return 'Suspended';
  const runs = running.status === 'True';
  if (plan !== undefined) return runs ? 'Running' : 'Starting';
  if (profile !== undefined) return 'Planning';
  return runs ? 'Profiling' : 'Pending';
}

type Stated<T extends TaskCondition['type']> = Extract<TaskCondition, { readonly type: T }>;

const say = <T extends TaskCondition['type']>(
  type: T,
  holds: boolean | ConditionStatus,
  reason: TaskReason<T>,
  message: string,
): TaskCondition => {
  const status = typeof holds === 'string' ? holds : holds ? 'True' : 'False';
  return { type, status, reason, message } as Stated<T>;
};

function conditionsAfter(facts: Facts, status: FineTuneTaskStatus, ruling: Ruling) {
  const observedGeneration = facts.view.task.metadata.generation;
  const { running, end } = ruling;
  const all: readonly TaskCondition[] = [
    profiled(status, ruling),
    planned(status, ruling),
    say('Running', running.status, running.reason, running.message),
    suspended(facts, ruling),
    complete(end),
    end?.kind === 'failed'
      ? say('Failed', true, end.reason, end.message)
      : // without words: kubectl shows them in a column
        say('Failed', false, 'NotFailed', ''),
  ];
  return all.reduce(
    (before, condition) => setCondition(before, { ...condition, observedGeneration }, facts.now),
    status.conditions ?? [],
  );
}

function profiled({ profile }: FineTuneTaskStatus, { end, running }: Ruling): TaskCondition {
  if (profile !== undefined) {
    const { trainImages, validationImages, skipped, features } = profile;
    const left = skipped === 0 ? '' : `; ${skipped} files cannot be used`;
    const found = `${trainImages} images of ${features.classes} classes to train on, ${validationImages} to validate on`;
    return say('Profiled', true, 'ProfileTaken', `${found}${left}.`);
  }
  if (end !== undefined) return say('Profiled', false, 'ProfileFailed', 'The condition Failed says why.');
  return running.status === 'True'
    ? say('Profiled', false, 'Profiling', 'The profile pod measures the data set and the node.')
    : say('Profiled', false, 'NotStarted', 'No profile pod ran to its end yet.');
}

function planned({ profile, plan }: FineTuneTaskStatus, { end, waitsForZoo }: Ruling): TaskCondition {
  if (plan !== undefined) {
    const { accuracy, low, high } = plan.predicted;
    const percent = (share: number): string => (100 * share).toFixed(1);
    const range = `${percent(accuracy)} % (${percent(low)} to ${percent(high)} %)`;
    return say(
      'Planned',
      true,
      'PlanMade',
      `${plan.member} for ${plan.regime.steps} steps; expected accuracy ${range}.`,
    );
  }
  if (end?.kind === 'failed') {
    const reason = end.reason === 'NothingFits' ? 'NothingFits' : 'Failed';
    return say('Planned', false, reason, 'The condition Failed says why.');
  }
  if (waitsForZoo !== undefined) return say('Planned', false, 'WaitingForZoo', waitsForZoo);
  return profile === undefined
    ? say('Planned', false, 'WaitingForProfile', 'The plan needs the profile first.')
    : say('Planned', false, 'Planning', 'Candidates are judged.');
}

function suspended({ spec, view, livePods, openJobs }: Facts, { end }: Ruling): TaskCondition {
  if (spec.suspend && end === undefined) {
    return livePods.length > 0 || openJobs.length > 0
      ? say('Suspended', true, 'Suspending', 'The pod writes its checkpoint and ends.')
      : say('Suspended', true, 'SuspendRequested', 'Set spec.suspend to false to go on.');
  }
  const before = findCondition(view.task.status?.conditions, 'Suspended');
  const was = before?.status === 'True' || before?.reason === 'Resumed';
  return was
    ? say('Suspended', false, 'Resumed', 'The task went on after it was suspended.')
    : say('Suspended', false, 'NotSuspended', 'The task was never suspended.');
}

function complete(end: Ruling['end']): TaskCondition {
  if (end === undefined) return say('Complete', false, 'InProgress', 'The task is not done yet.');
  return end.kind === 'complete'
    ? say('Complete', true, end.reason, end.message)
    : say('Complete', false, 'Failed', 'The condition Failed says why.');
}
