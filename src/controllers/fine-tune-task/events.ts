/** What people are told by `kubectl describe`: one event for each turn that a task takes. */
import { findCondition } from '../../crds/conditions.ts';
import type { FineTuneTaskStatus } from '../../crds/fine-tune-task-status.ts';
import type { Happening } from '../../kube/world.ts';
import { failuresOf } from './facts.ts';

/** Conditions whose becoming True is news, and the action that the event names. */
const turns = [
  { type: 'Planned', action: 'Plan', kind: 'Normal' },
  { type: 'Suspended', action: 'Suspend', kind: 'Normal' },
  { type: 'Complete', action: 'Train', kind: 'Normal' },
  { type: 'Failed', action: 'Train', kind: 'Warning' },
] as const;

export function happeningsBetween(before: FineTuneTaskStatus, after: FineTuneTaskStatus): readonly Happening[] {
  const told = turns.flatMap(({ type, action, kind }): Happening[] => {
    const now = findCondition(after.conditions, type);
    if (now?.status !== 'True' || findCondition(before.conditions, type)?.status === 'True') return [];
    return [{ type: kind, reason: now.reason, action, message: now.message }];
  });
  const retry = retryBetween(before, after);
  return retry === undefined ? told : [...told, retry];
}

function retryBetween(before: FineTuneTaskStatus, after: FineTuneTaskStatus): Happening | undefined {
  if (before.attempts === undefined || after.attempts === undefined) return undefined;
  if (failuresOf(after.attempts) <= failuresOf(before.attempts)) return undefined;
  const message = findCondition(after.conditions, 'Running')?.message ?? 'The last attempt failed.';
  return { type: 'Warning', reason: 'Retrying', action: 'Retry', message };
}
