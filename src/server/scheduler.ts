export type Cancel = () => void;

/** Timers as an argument: tests let them run out by hand and never sleep. */
export interface Scheduler {
  /** Does `work` once, that many seconds from now, unless it is cancelled before. */
  after(seconds: number, work: () => void): Cancel;
}

/** Longer than this, and Node's timer fires at once. */
const longestMilliseconds = 2 ** 31 - 1;

export const systemScheduler: Scheduler = {
  after: (seconds, work) => {
    const timer = setTimeout(work, Math.min(longestMilliseconds, 1000 * seconds));
    return () => clearTimeout(timer);
  },
};

/** Comes back after that many seconds. */
export const wait = (scheduler: Scheduler, seconds: number): Promise<void> =>
  new Promise((resolve) => {
    scheduler.after(seconds, resolve);
  });
