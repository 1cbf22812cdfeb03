import type { PredictorOptions } from './contract.ts';

/**
 * Prior variance of a weight over the noise's: of the variances tried, the one that predicts the runs of a data set best
 * from those of the others (`hack/zoo/check-predictors.ts`).
 */
const priorVariance = 0.1;
/** How far a first guess is to be trusted is soon seen: its weight moves first. */
const guessVariance = 10;
/** The constant is free to move: the level of a prior is the least certain part of it. */
const constantVariance = 1;

/**
 * Covariance of a Bayesian linear model of the inputs and a constant, over the noise variance, kept by rank-one updates
 * (Sherman-Morrison). It gives a linear predictor its gain, and any predictor a measure of how little the runs seen so
 * far say about an input.
 */
export class Leverage {
  readonly #covariance: Float64Array;
  readonly #size: number;
  /** Scratch: a plan asks for thousands of variances. */
  readonly #apart: Float64Array;
  /** Inputs that are not 0, and where they are. */
  readonly #direction: Float64Array;
  readonly #at: Int32Array;

  /** `covariance` [inputs + 1, inputs + 1] row-major as from `state()`; fresh where absent. */
  constructor({ inputs, offset }: Pick<PredictorOptions, 'inputs' | 'offset'>, covariance?: readonly number[]) {
    this.#size = inputs + 1;
    this.#apart = new Float64Array(inputs);
    this.#direction = new Float64Array(this.#size);
    this.#at = new Int32Array(this.#size);
    this.#covariance = covariance ? Float64Array.from(covariance) : new Float64Array(this.#size ** 2);
    if (covariance) return;
    for (let i = 0; i < this.#size; i++) {
      this.#covariance[i * this.#size + i] =
        i === inputs ? constantVariance : i === offset ? guessVariance : priorVariance;
    }
  }

  /** Covariance times (scores, 1). */
  gain(scores: Float64Array): Float64Array {
    const n = this.#size;
    const gain = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      let sum = this.#covariance[i * n + n - 1] as number;
      for (let j = 0; j < n - 1; j++) sum += (this.#covariance[i * n + j] as number) * (scores[j] as number);
      gain[i] = sum;
    }
    return gain;
  }

  /** Variance of the model at the input over the noise variance, at least 0; `gain` where it is known already. */
  of(scores: Float64Array, gain?: Float64Array): number {
    const last = this.#size - 1;
    if (gain === undefined) return this.#varianceAlong(scores, 1);
    let sum = gain[last] as number;
    for (let i = 0; i < last; i++) sum += (gain[i] as number) * (scores[i] as number);
    return Math.max(0, sum);
  }

  /** The same of the difference between two inputs; the constant is the same in both. */
  between(scores: Float64Array, others: Float64Array): number {
    const apart = this.#apart;
    for (let i = 0; i < apart.length; i++) apart[i] = (scores[i] as number) - (others[i] as number);
    return this.#varianceAlong(apart, 0);
  }

  /** Of thousands of candidates a plan asks it: inputs that are 0 are passed over, and each pair is looked at once. */
  #varianceAlong(values: Float64Array, constant: number): number {
    const [n, covariance, direction, at] = [this.#size, this.#covariance, this.#direction, this.#at];
    let count = 0;
    for (let i = 0; i < n; i++) {
      const value = i < n - 1 ? (values[i] as number) : constant;
      if (value === 0) continue;
      direction[count] = value;
      at[count++] = i;
    }
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const row = (at[i] as number) * n;
      let half = 0.5 * (covariance[row + (at[i] as number)] as number) * (direction[i] as number);
      for (let j = 0; j < i; j++) half += (covariance[row + (at[j] as number)] as number) * (direction[j] as number);
      sum += 2 * half * (direction[i] as number);
    }
    return Math.max(0, sum);
  }

  /** Takes in one run; a `share` below 1 counts it as that part of one. */
  update(scores: Float64Array, share: number): void {
    const n = this.#size;
    const gain = this.gain(scores);
    const spread = 1 / share + this.of(scores, gain);
    for (let i = 0; i < n; i++) {
      const scaled = (gain[i] as number) / spread;
      for (let j = 0; j < n; j++) {
        this.#covariance[i * n + j] = (this.#covariance[i * n + j] as number) - scaled * (gain[j] as number);
      }
    }
  }

  state(): readonly number[] {
    return [...this.#covariance];
  }
}
