import type { TaskReason } from '../../crds/conditions.ts';
import type { FineTuneTaskStatus } from '../../crds/fine-tune-task-status.ts';
import type { ConditionStatus } from '../../crds/kubernetes.ts';
import type { Facts } from './facts.ts';
import type { Action, Deed } from './view.ts';

/** How a task ends for good. */
export type End =
  | { readonly kind: 'complete'; readonly reason: 'PlanCompleted' | 'BudgetSpent'; readonly message: string }
  | { readonly kind: 'failed'; readonly reason: TaskReason<'Failed'>; readonly message: string };

/**
 * What the condition Running says. `Unknown`: nothing that could run was asked for yet, so nobody waits for it: the
 * start deadline counts from the change to `False`.
 */
export interface RunningStated {
  readonly status: ConditionStatus;
  readonly reason: TaskReason<'Running'>;
  readonly message: string;
}

/** What a policy rules; the conditions and the phase follow from it. */
export interface Ruling {
  readonly running: RunningStated;
  /** Fields of the status that the policy itself decides. */
  readonly changes?: Partial<FineTuneTaskStatus>;
  readonly end?: End;
  /** Why no plan is made although the profile is there, or would be asked for. */
  readonly waitsForZoo?: string;
  readonly actions?: readonly Action[];
  /** When to look again even if nothing changes. */
  readonly wakeSeconds?: number | undefined;
  /** The reason for which the task fails when the start deadline passes now; the deadline's own unless given. */
  readonly overdueReason?: TaskReason<'Failed'>;
}

/** One rule about a task; undefined where it does not apply. The first that applies decides. */
export type Policy = (facts: Facts) => Ruling | undefined;

export const finishedRunning: RunningStated = {
  status: 'False',
  reason: 'Finished',
  message: 'Nothing is left to do.',
};

/** Ends the task; whatever still runs is stopped. */
export const ending = (facts: Facts, end: End, rest: Partial<Ruling> = {}): Ruling => ({
  running: finishedRunning,
  end,
  ...rest,
  actions: [...(rest.actions ?? []), ...stopping(facts)],
});

export const failing = (facts: Facts, reason: TaskReason<'Failed'>, message: string): Ruling =>
  ending(facts, { kind: 'failed', reason, message });

export const stopping = ({ openJobs }: Facts): readonly Deed[] => openJobs.map((job) => ({ do: 'deleteJob', job }));
