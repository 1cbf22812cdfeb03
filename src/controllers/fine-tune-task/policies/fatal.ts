import type { TaskReason } from '../../../crds/conditions.ts';
import { formatDuration } from '../../../lib/duration.ts';
import type { JobFailure } from '../../job-state.ts';
import { type Facts, failuresOf } from '../facts.ts';
import { failing, type Policy } from '../ruling.ts';

/** Each plan halves batch and caches; after three the eighth of a batch is left. */
export const smallestMemoryPlan = 3;

type Verdict = { readonly reason: TaskReason<'Failed'>; readonly message: string };
type Check = (failure: JobFailure, facts: Facts) => Verdict | undefined;

const beyondRetry: Check = ({ final, reason, message }) => (final ? { reason, message } : undefined);

const outOfMemoryPlans: Check = ({ reason, message }, { attempts }) =>
  reason === 'OutOfMemory' && attempts.memoryPlan >= smallestMemoryPlan
    ? { reason, message: `${message} The smallest memory plan was tried.` }
    : undefined;

const outOfRetries: Check = ({ reason, message }, { attempts, spec }) => {
  const failures = failuresOf(attempts) + 1;
  if (failures <= spec.retries) return undefined;
  const times = failures === 1 ? 'It failed once' : `It failed ${failures} times`;
  return {
    reason: reason === 'Internal' ? 'RetriesExhausted' : reason,
    message: `${times}, the last time: ${message}`,
  };
};

const outOfBudget: Check = ({ message }, { role, status, budgetSeconds }) => {
  const reached = role === 'training' && (status.progress?.step ?? 0) > 0;
  if (reached || (status.activeSeconds ?? 0) < budgetSeconds) return undefined;
  const spent = `The budget of ${formatDuration(budgetSeconds)} was spent before there was anything to keep.`;
  return { reason: 'BudgetSpent', message: `${spent} The last failure: ${message}` };
};

/** Why a failure of the Job is one of the task; the first objection to a retry wins. */
export const objectionsToRetry: readonly Check[] = [beyondRetry, outOfMemoryPlans, outOfRetries, outOfBudget];

/** The Job failed, and another attempt is of no use or not allowed. */
export const fatal: Policy = (facts) => {
  const { state } = facts;
  if (state.kind !== 'failed') return undefined;
  for (const check of objectionsToRetry) {
    const verdict = check(state.failure, facts);
    if (verdict !== undefined) return failing(facts, verdict.reason, verdict.message);
  }
  return undefined;
};
