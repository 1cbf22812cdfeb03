/** Failures that may pass, and get time to pass before they count. */
import { formatDuration } from '../../lib/duration.ts';
import { retryWaitSeconds } from '../retry-wait.ts';
import type { Waiting } from '../waiting.ts';
import { mostAttempts } from './absorb.ts';
import { verdictOn } from './verdict.ts';
import type { JobView } from './view.ts';

const wholeSeconds = ({ attempt }: Pick<JobView, 'attempt'>): number => retryWaitSeconds(attempt - 1);

/**
 * Seconds for which a Job is still left alone. `endedAt` (RFC 3339) is the end that the Job itself states, so no operator
 * needs to remember it.
 */
export function restSecondsOf(
  job: Omit<JobView, 'restSeconds'>,
  endedAt: string | undefined,
  nowSeconds: number,
): number {
  const verdict = verdictOn({ ...job, restSeconds: 0 });
  // the last failure is the end of it, so nothing would be waited for
  if (verdict?.means !== 'again' || endedAt === undefined || job.attempt >= mostAttempts) return 0;
  return Math.max(0, wholeSeconds(job) - (nowSeconds - Date.parse(endedAt) / 1000));
}

export const isResting = ({ restSeconds }: JobView): boolean => restSeconds > 0;

/** Why the next attempt at what a resting Job was for is not asked for yet. */
export function restText(job: JobView): Waiting {
  const { state, role, id, attempt } = job;
  const what = role === 'candidate' ? 'candidate' : 'member';
  const next = `Attempt ${attempt + 1} at ${what} ${id} follows ${formatDuration(wholeSeconds(job))} after a failure`;
  const why = state.kind === 'failed' ? `: ${state.failure.message}` : '.';
  return { reason: 'Retrying', message: `${next}${why}` };
}
