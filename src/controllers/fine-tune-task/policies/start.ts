import { type Attempts, assuming, type Facts } from '../facts.ts';
import { jobOf } from '../jobs.ts';
import { firstObjection } from '../objections.ts';
import type { Policy, Ruling } from '../ruling.ts';

/**
 * There is no Job, or it failed and may be tried again. The attempt is promised in the status before its Job is made,
 * under a name that follows from it: whoever finds the promise without the Job makes the same one.
 */
export const start: Policy = (facts) => {
  const { state, attempts, role } = facts;
  if (state.kind === 'failed') return retried(facts);
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

function retried(facts: Facts): Ruling {
  const { state, role } = facts;
  const failure = state.kind === 'failed' ? state.failure : undefined;
  const changes = { attempts: nextAttempts(facts, failure?.reason === 'OutOfMemory') };
  const next = assuming(facts, changes);
  const ruling = created(next);
  const { running } = ruling;
  const because = `Attempt ${changes.attempts[role]} after a failure: ${failure?.message ?? ''}`;
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
