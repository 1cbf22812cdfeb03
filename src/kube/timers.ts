import { type Clock, systemClock } from '../lib/clock.ts';

export type Cancel = () => void;

/** Waiting as an argument, so that tests need no sleep. */
export interface Timers {
  readonly clock: Clock;
  /** Runs once, `seconds` from now unless cancelled; never before this call has returned. */
  after(seconds: number, run: () => void): Cancel;
}

/** Node keeps delays in 31 bits of milliseconds and fires longer ones at once. */
const longestSeconds = 24 * 86400;

export const systemTimers: Timers = {
  clock: systemClock,
  after(seconds, run) {
    let timer: NodeJS.Timeout;
    const arm = (left: number): void => {
      const part = Math.min(Math.max(left, 0), longestSeconds);
      timer = setTimeout(() => (left > part ? arm(left - part) : run()), part * 1000);
    };
    arm(seconds);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `seconds`, or at once when `signal` aborts; look at the signal to tell which. */
export function pause(timers: Timers, seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const cancel = timers.after(seconds, end);
    signal?.addEventListener('abort', end, { once: true });
  });
}

/**
 * A signal that aborts with `reason()` after `seconds`, or with its parent's reason as soon as a parent aborts.
 * Call `cancel` once it is not needed, or timer and listeners stay.
 */
export function deadline(
  timers: Timers,
  seconds: number,
  reason: () => Error,
  parents: readonly (AbortSignal | undefined)[] = [],
): { readonly signal: AbortSignal; readonly cancel: Cancel } {
  const controller = new AbortController();
  const undo: Cancel[] = [timers.after(seconds, () => controller.abort(reason()))];
  for (const parent of parents) {
    if (parent === undefined) continue;
    const follow = (): void => controller.abort(parent.reason);
    if (parent.aborted) follow();
    parent.addEventListener('abort', follow, { once: true });
    undo.push(() => parent.removeEventListener('abort', follow));
  }
  const cancel = (): void => {
    for (const step of undo) step();
  };
  return { signal: controller.signal, cancel };
}
