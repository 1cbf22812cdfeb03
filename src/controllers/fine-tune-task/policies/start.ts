import { findCondition } from '../../../crds/conditions.ts';
import { formatDuration } from '../../../lib/duration.ts';
import type { JobFailure } from '../../job-state.ts';
import { retryWaitSeconds } from '../../retry-wait.ts';
import { type Attempts, assuming, type Facts, failuresOf } from '../facts.ts';
import { jobOf } from '../jobs.ts';
import { firstObjection } from '../objections.ts';
import type { Policy, Ruling } from '../ruling.ts';

/**
 * There is no Job, or it failed and may be tried again. The attempt is promised in the status before its Job is made,
 * under a name that follows from it: whoever finds the promise without the Job makes the same one.
 */
export const start: Policy = (facts) => {
  const { state, attempts, role } = facts;
  if (state.kind === 'failed') return waiting(facts, state.failure) ?? retried(facts, state.failure);
  if (state.kind !== 'absent') return undefined;
  return attempts[role] > 0 ? created(facts) : begun(facts);
};

function begun(facts: Facts): Ruling {
  const { attempts, role } = facts;
  const changes = { attempts: { ...attempts, [role]: 1 } };
  const ruling = created(assuming(facts, changes));
  // a promise only where a Job follows it
  return ruling.actions?.some(({ do: deed }) => deed === 'createJob') === true
    ? { ...ruling, changes: { ...changes, ...ruling.changes } }
    : ruling;
}

/**
 * What failed for a reason that may pass gets time to pass. The wait counts from when it was first stated, by the clock of
 * the operator, and outlives it in the status.
 */
function waiting(facts: Facts, { reason, message }: JobFailure): Ruling | undefined {
  const { attempts, role, openJobs, nowSeconds, view } = facts;
  // less memory is another attempt, not the same one again; and what still runs is stopped first
  if (reason === 'OutOfMemory' || openJobs.length > 0) return undefined;
  const wholeSeconds = retryWaitSeconds(failuresOf(attempts));
  const before = findCondition(view.task.status?.conditions, 'Running');
  const isStated = before?.status === 'Unknown' && before.reason === 'Retrying';
  const leftSeconds = wholeSeconds - (isStated ? nowSeconds - Date.parse(before.lastTransitionTime) / 1000 : 0);
  if (leftSeconds <= 0) return undefined;
  const what = `Attempt ${attempts[role] + 1} follows ${formatDuration(wholeSeconds)} after a failure: ${message}`;
  return { running: { status: 'Unknown', reason: 'Retrying', message: what }, wakeSeconds: leftSeconds };
}

function retried(facts: Facts, failure: JobFailure): Ruling {
  const { role } = facts;
  const changes = { attempts: nextAttempts(facts, failure.reason === 'OutOfMemory') };
  const next = assuming(facts, changes);
  const ruling = created(next);
  const { running } = ruling;
  const because = `Attempt ${changes.attempts[role]} after a failure: ${failure.message}`;
  const told = running.reason === 'Starting' ? { ...running, reason: 'Retrying' as const, message: because } : running;
  return { ...ruling, running: told, changes: { ...changes, ...ruling.changes } };
}

function nextAttempts({ attempts, role }: Facts, lessMemory: boolean): Attempts {
  const memoryPlan = attempts.memoryPlan + (lessMemory ? 1 : 0);
  return { ...attempts, [role]: attempts[role] + 1, memoryPlan };
}

/** `facts`: with the attempt already promised. */
function created(facts: Facts): Ruling {
  const objection = firstObjection(facts);
  if (objection !== undefined) return objection;
  const job = jobOf(facts);
  const { refusal } = facts.view;
  const starting = { reason: 'Starting', message: `The Job ${job.metadata.name} makes its pod.` } as const;
  // what is tried once more was not granted yet
  const refused = { reason: 'PodRejected', message: refusal?.message ?? '' } as const;
  return {
    running: { status: 'False', ...(refusal === undefined ? starting : refused) },
    actions: [{ do: 'createJob', job }],
  };
}
