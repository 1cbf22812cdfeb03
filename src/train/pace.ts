/** Keeps a run inside its time: how many steps still fit, given how long they take. */
export interface Pace {
  /** Records the seconds of one step, its waiting for data included. */
  add(seconds: number): void;
  /** Median seconds of a step so far; undefined before the first. */
  stepSeconds(): number | undefined;
}

/** Steps remembered: enough for a steady median, few enough to follow a machine that becomes slower. */
const window = 48;

export function createPace(): Pace {
  const recent: number[] = [];
  let count = 0;
  return {
    add: (seconds) => {
      // the first step allocates and tunes its kernels: it says nothing of the others
      if (count++ === 0) return;
      if (recent.push(seconds) > window) recent.shift();
    },
    stepSeconds: () => {
      if (recent.length === 0) return undefined;
      const sorted = recent.toSorted((a, b) => a - b);
      return sorted[Math.floor(sorted.length / 2)];
    },
  };
}

/**
 * Length of a run in steps, so that it ends in time. Planned steps are kept where they fit; fewer where they do not.
 * With `stretch`, once `settleStep` is reached and time would be left over, up to that factor more.
 */
export function fittingSteps(o: {
  readonly planned: number;
  readonly done: number;
  readonly secondsLeft: number;
  readonly stepSeconds: number;
  readonly stretch: number;
}): number {
  const fits = o.done + Math.max(0, Math.floor(o.secondsLeft / o.stepSeconds));
  return Math.max(o.done, Math.min(fits, Math.round(o.planned * o.stretch)));
}
