import { type Policy, stopping } from '../ruling.ts';

/**
 * A suspended task has no Job: the pod gets its SIGTERM, writes a checkpoint and ends. The same attempt's Job is made
 * again on resume, with what was spent until then. The Job is not merely suspended, for Kueue starts any Job again that
 * it has admitted, and its environment would keep the old account.
 */
export const suspension: Policy = (facts) => {
  if (!facts.spec.suspend) return undefined;
  return {
    running: { status: 'Unknown', reason: 'Suspended', message: 'The task is suspended.' },
    actions: stopping(facts),
  };
};
