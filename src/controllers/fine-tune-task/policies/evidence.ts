import type { Policy } from '../ruling.ts';

/**
 * A failure is judged by the pods as they are. Jobs and pods are watched apart, so a cache may show that a Job is over
 * and not yet how: after an outage of the API server for seconds, in which all retries would go.
 */
export const evidence: Policy = ({ state, view }) => {
  if (state.kind !== 'failed' || view.podsAreCurrent) return undefined;
  return {
    running: { status: 'Unknown', reason: 'NotStarted', message: 'The pods are read before a failure counts.' },
    actions: [{ do: 'readPods' }],
  };
};
