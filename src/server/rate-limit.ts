import type { Clock } from '../lib/clock.ts';

/** At most one pass in so many seconds for each key. */
export interface RateLimit {
  /** 0 where the key may pass, which counts; else the seconds until it may. */
  secondsLeft(key: string): number;
}

/** Keys whose time is over are forgotten, so that no more are kept than passed within the interval. */
export function rateLimit(intervalSeconds: number, clock: Clock): RateLimit {
  // in the order of their passing: the oldest first
  const passed = new Map<string, number>();
  return {
    secondsLeft: (key) => {
      const now = clock.nowSeconds();
      for (const [old, at] of passed) {
        if (now - at < intervalSeconds) break;
        passed.delete(old);
      }
      const last = passed.get(key);
      if (last !== undefined) return intervalSeconds - (now - last);
      passed.set(key, now);
      return 0;
    },
  };
}
