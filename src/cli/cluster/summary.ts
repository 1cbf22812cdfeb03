/** What a task is about in a few fields: what lists show, and what programs read. */
import { findCondition, isTrue } from '../../crds/conditions.ts';
import type { FineTuneTask } from '../../crds/fine-tune-task.ts';
import type { Condition } from '../../crds/kubernetes.ts';
import { waitingReasons } from '../../crds/task-conditions.ts';

export interface TaskSummary {
  readonly name: string;
  readonly phase: string;
  readonly member?: string;
  /** Accuracies and shares are 0 to 1, times are seconds. */
  readonly predictedAccuracy?: number;
  /** Of the last evaluation, or of the result. */
  readonly accuracy?: number;
  /** Share of the planned steps that are done. */
  readonly done?: number;
  readonly secondsLeft?: number;
  readonly activeSeconds?: number;
  /** RFC 3339. */
  readonly createdAt: string;
  /** What keeps it from going on, or why it failed. */
  readonly trouble?: { readonly reason: string; readonly message: string };
}

export function summaryOf({ metadata, status = {} }: FineTuneTask): TaskSummary {
  const { plan, progress, result, activeSeconds, conditions, phase = 'Pending' } = status;
  const accuracy = result?.accuracy ?? progress?.accuracy;
  const isDone = phase === 'Complete';
  const done = isDone
    ? 1
    : progress === undefined
      ? undefined
      : Math.min(1, progress.step / Math.max(1, progress.steps));
  const secondsLeft = phase === 'Running' ? progress?.secondsLeft : undefined;
  const trouble = troubleOf(conditions ?? []);
  return {
    name: metadata.name,
    phase,
    ...(plan === undefined ? {} : { member: plan.member, predictedAccuracy: plan.predicted.accuracy }),
    ...(accuracy === undefined ? {} : { accuracy }),
    ...(done === undefined ? {} : { done }),
    ...(secondsLeft === undefined ? {} : { secondsLeft }),
    ...(activeSeconds === undefined ? {} : { activeSeconds }),
    createdAt: metadata.creationTimestamp,
    ...(trouble === undefined ? {} : { trouble: { reason: trouble.reason, message: trouble.message } }),
  };
}

/** Waiting that is in order. */
const harmless: readonly string[] = ['NotStarted', 'Starting', 'Suspended', 'Finished'];

/** The condition that tells why a task does not go on; undefined where it does. */
export function troubleOf(conditions: readonly Condition[]): Condition | undefined {
  const failed = findCondition(conditions, 'Failed');
  if (failed?.status === 'True') return failed;
  if (isTrue(conditions, 'Complete')) return undefined;
  const running = findCondition(conditions, 'Running');
  if (running?.status === 'False' && running.reason in waitingReasons && !harmless.includes(running.reason)) {
    return running;
  }
  const planned = findCondition(conditions, 'Planned');
  return planned?.reason === 'WaitingForZoo' ? planned : undefined;
}

/** Whether nothing more will happen to it. */
export const isFinished = ({ status }: FineTuneTask): boolean =>
  status?.phase === 'Complete' || status?.phase === 'Failed' || isTrue(status?.conditions, 'Failed');
