import type { Rng } from '../lib/rng.ts';

export interface BackOff {
  readonly firstSeconds: number;
  readonly maxSeconds: number;
}

/**
 * Seconds to wait after the `failures`-th failure in a row (from 1): doubled each time up to the maximum, and shortened
 * by up to a half at random, so that clients that failed together do not come back together.
 */
export function backOffSeconds({ firstSeconds, maxSeconds }: BackOff, failures: number, rng: Rng): number {
  const full = Math.min(maxSeconds, firstSeconds * 2 ** Math.min(failures - 1, 60));
  return full * (1 - rng.next() / 2);
}
