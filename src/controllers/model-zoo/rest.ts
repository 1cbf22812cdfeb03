/** Failures that may pass, and get time to pass before their ends count. */
import { formatDuration } from '../../lib/duration.ts';
import { retryWaitSeconds } from '../retry-wait.ts';
import type { Waiting } from '../waiting.ts';
import { mostAttempts } from './absorb.ts';
import { verdictOn } from './verdict.ts';
import type { JobView, View } from './view.ts';

/** A Job that has failed and is left alone for now; it keeps its place among those that are under way. */
export interface Resting {
  readonly job: JobView;
  readonly leftSeconds: number;
  readonly waiting: Waiting;
}

/**
 * The wait counts from the end that the Job itself states, so no operator needs to remember it. A suspended zoo waits for
 * nothing: its Jobs go, and their ends must be in the state by then.
 */
export function restingJobs({ zoo, jobs }: Pick<View, 'zoo' | 'jobs'>, now: Date): readonly Resting[] {
  return zoo.spec.suspend ? [] : jobs.flatMap((job) => restOf(job, now) ?? []);
}

function restOf(job: JobView, now: Date): Resting | undefined {
  const verdict = verdictOn(job);
  // the last failure is the end of it, so nothing would be waited for
  if (verdict?.means !== 'again' || job.endedAt === undefined || job.attempt >= mostAttempts) return undefined;
  const wholeSeconds = retryWaitSeconds(job.attempt - 1);
  const leftSeconds = wholeSeconds - (now.getTime() - Date.parse(job.endedAt)) / 1000;
  if (!(leftSeconds > 0)) return undefined;
  const what = job.role === 'candidate' ? 'candidate' : 'member';
  const next = `Attempt ${job.attempt + 1} at ${what} ${job.id} follows ${formatDuration(wholeSeconds)} after a failure`;
  return { job, leftSeconds, waiting: { reason: 'Retrying', message: `${next}: ${verdict.failure.message}` } };
}
