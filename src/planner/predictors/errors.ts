import { sigmoid } from '../logit.ts';
import type { Interval } from './contract.ts';

/** Errors kept: old ones say little of a predictor that has learnt since. */
const capacity = 200;
/** Absolute errors in log odds assumed before any is seen: a prior that is seldom off by more than a factor of 4. */
const assumed: readonly number[] = [0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.2, 1.8];

/** So large a share of normal values are within so many standard deviations. */
const central = { share: 0.8, deviations: 1.2816 } as const;

const widening = (leverage: number): number => Math.min(5, Math.sqrt(1 + leverage));

/** The latest absolute errors of predictions made before the outcome was known: their quantile is an interval's half. */
export class Errors {
  #values: number[];
  #sorted: number[] | undefined;

  constructor(values: readonly number[] = []) {
    this.#values = values.slice(-capacity);
  }

  /** An error over how large it was to be expected: normalised conformal prediction (Papadopoulos et al., 2008). */
  scaled(error: number, leverage: number): number {
    return Math.min(20, Math.abs(error)) / widening(leverage);
  }

  add(error: number, leverage: number): void {
    this.#values.push(this.scaled(error, leverage));
    if (this.#values.length > capacity) this.#values.shift();
    this.#sorted = undefined;
  }

  replace(values: readonly number[]): void {
    this.#values = values.slice(-capacity);
    this.#sorted = undefined;
  }

  /** Interval around the log odds `z`; wider where the runs seen say little (`leverage.ts`). */
  interval(z: number, leverage: number, coverage: number): Interval {
    const half = widening(leverage) * this.#quantile(coverage);
    const centre = Math.min(30, Math.max(-30, z));
    return { mean: sigmoid(centre), low: sigmoid(centre - half), high: sigmoid(centre + half) };
  }

  /** Standard deviation in log odds of what has such a variance over the noise's, which is taken for normal. */
  deviation(leverage: number): number {
    return (Math.sqrt(leverage) * this.#quantile(central.share)) / central.deviations;
  }

  #quantile(share: number): number {
    this.#sorted ??= this.#assumedAndSeen();
    const n = this.#sorted.length;
    // conformal rank: the (n + 1) share-th smallest of n errors covers a new one with that probability
    return this.#sorted[Math.min(n - 1, Math.ceil((n + 1) * share) - 1)] as number;
  }

  /** The assumed errors fade as real ones come in: each is dropped for three seen. */
  #assumedAndSeen(): number[] {
    const kept = assumed.filter((_, i) => this.#values.length < 3 * (i + 1));
    return [...this.#values, ...kept].sort((a, b) => a - b);
  }

  state(): readonly number[] {
    return [...this.#values];
  }
}
