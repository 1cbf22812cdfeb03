import type { Json } from '../../lib/json.ts';

/** An accuracy from 0 to 1 with an interval of the predictor's `coverage`; low <= mean <= high. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/**
 * An online model from an encoded run to its accuracy. Whatever it is fed it stays finite and inside (0, 1). Its whole
 * state is JSON: `restore(state())` predicts and learns exactly as the original would.
 */
export interface Predictor {
  readonly name: string;
  readonly version: number;
  /** Runs learnt so far, repetitions not counted. */
  readonly experiences: number;
  predictOne(x: Float64Array): Interval;
  /**
   * Of each run beside that one: standard deviation, in log odds, of what is believed of how far apart the two end. What
   * both have in common, such as their data set, is no reason for doubt.
   */
  doubtBeside(other: Float64Array): (x: Float64Array) => number;
  /**
   * Learns one new run; how far the prediction was off beforehand goes into the intervals.
   * False, and nothing learnt, where `x` is not finite or `y` no accuracy.
   */
  learnOne(x: Float64Array, y: number): boolean;
  /** Learns again from a run already learnt. */
  rehearse(x: Float64Array, y: number): void;
  /** Goes over all that was learnt, where that pays; it may take seconds, and belongs on no event loop. */
  settle?(): void;
  /** Takes the scale of the inputs from a run without learning its outcome. */
  observe(x: Float64Array): void;
  /** How far the prediction of a sound run is off, in units that `setErrors` takes. */
  errorOf(x: Float64Array, y: number): number;
  /** Replaces the errors behind the intervals by those seen on data sets that were held out, some of each. */
  setErrors(errors: readonly (readonly number[])[]): void;
  state(): Json;
}

export type PredictorOptions = {
  /** Length of the inputs. */
  readonly inputs: number;
  readonly seed: number;
  /** Index of the input that holds a first guess in log odds, which the predictor corrects; none: 0, even odds. */
  readonly offset?: number;
};

export interface PredictorKind {
  readonly version: number;
  create(options: PredictorOptions): Predictor;
  /** From `state()` of the same version; undefined where the state is of another version or damaged. */
  restore(state: unknown): Predictor | undefined;
}

/** Nominal coverage of the intervals. */
export const coverage = 0.8;

/**
 * How much a run of that accuracy counts, in (0, 1]: what matters is the accuracy, and near 0 and 1 a large difference
 * of log odds is a small one of accuracy (the square of the derivative 4 y (1 - y)); a floor keeps failures known.
 */
export const weightOf = (y: number): number => Math.max(0.05, (4 * y * (1 - y)) ** 2);

/** Log odds beyond which an accuracy is 0 or 1 for every purpose: a guess farther out would only overflow what it is multiplied with. */
const farthestGuess = 30;

/** The first guess in `x`, in log odds; even odds where there is none. */
export function guessIn(x: Float64Array, { offset }: PredictorOptions): number {
  const guess = offset === undefined ? 0 : (x[offset] ?? 0);
  return Number.isNaN(guess) ? 0 : Math.max(-farthestGuess, Math.min(farthestGuess, guess));
}

/** Whether a predictor may learn from it. */
export const isSound = (x: Float64Array, y: number, inputs: number): boolean =>
  x.length === inputs && x.every(Number.isFinite) && y >= 0 && y <= 1;
