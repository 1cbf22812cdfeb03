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

/** Share of the time left that is kept back for what the pace does not foresee. */
const reserve = 0.01;
/** Share of the time left that evaluations may take; those beyond it are left out. */
export const evaluationShare = 0.25;

export interface RunState {
  /** Steps done. */
  readonly done: number;
  /** Steps that the run may have at most. */
  readonly most: number;
  readonly secondsLeft: number;
  readonly stepSeconds: number;
  /** Evaluations still to come, and what one is expected to take. */
  readonly evaluations: number;
  readonly evaluationSeconds: number;
}

/** Length of a run in steps, so that it ends in time: `most` where they fit, fewer where they do not. */
export function fittingSteps(r: RunState): number {
  const affordable = Math.floor((evaluationShare * r.secondsLeft) / Math.max(r.evaluationSeconds, 1e-9));
  const evaluating = Math.max(0, Math.min(r.evaluations, affordable)) * r.evaluationSeconds;
  const training = r.secondsLeft * (1 - reserve) - evaluating;
  const fits = r.done + Math.floor(training / Math.max(r.stepSeconds, 1e-9));
  return Math.max(r.done, Math.min(fits, r.most));
}
