import { sigmoid } from '../logit.ts';
import type { Interval } from './contract.ts';

/** Errors kept: old ones say little of a predictor that has learnt since. */
const capacity = 200;
/** Absolute errors in log odds assumed before any is seen: a prior that is seldom off by more than a factor of 4. */
const assumed: readonly number[] = [0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.2, 1.8];

/** So large a share of normal values are within so many standard deviations. */
const central = { share: 0.8, deviations: 1.2816 } as const;

/** What sums of weights may be off by. */
const rounding = 1e-9;

const widening = (leverage: number): number => Math.min(5, Math.sqrt(1 + leverage));

/** An absolute error, scaled, and how much it counts. */
export type WeighedError = readonly [error: number, weight: number];

/** The latest absolute errors of predictions made before the outcome was known: their quantile is an interval's half. */
export class Errors {
  #seen: WeighedError[];
  /** By share: a plan asks for the same one thousands of times. */
  readonly #quantiles = new Map<number, number>();

  constructor(seen: readonly WeighedError[] = []) {
    this.#seen = seen.slice(-capacity);
  }

  /** An error over how large it was to be expected: normalised conformal prediction (Papadopoulos et al., 2008). */
  scaled(error: number, leverage: number): number {
    return Math.min(20, Math.abs(error)) / widening(leverage);
  }

  add(error: number, leverage: number): void {
    this.#seen.push([this.scaled(error, leverage), 1]);
    if (this.#seen.length > capacity) this.#seen.shift();
    this.#quantiles.clear();
  }

  /**
   * By data set: what is to be told is how far off a prediction for the next one will be, so each counts as much as any
   * other, however many runs there are of it. Of many runs some stand for all.
   */
  replace(errors: readonly (readonly number[])[]): void {
    const latest = errors.filter((ofOne) => ofOne.length > 0).slice(-capacity);
    const each = Math.floor(capacity / Math.max(1, latest.length));
    this.#seen = latest.flatMap((ofOne) => {
      const some = spread(ofOne, each);
      return some.map((error) => [error, 1 / some.length] as const);
    });
    this.#quantiles.clear();
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
    const known = this.#quantiles.get(share);
    if (known !== undefined) return known;
    const found = quantileOf(this.#assumedAndSeen(), share);
    this.#quantiles.set(share, found);
    return found;
  }

  /** The assumed errors fade as real ones come in: each is dropped for three seen. */
  #assumedAndSeen(): readonly WeighedError[] {
    const kept = assumed.filter((_, i) => this.#seen.length < 3 * (i + 1));
    return [...this.#seen, ...kept.map((error) => [error, 1] as const)].toSorted(([a], [b]) => a - b);
  }

  state(): readonly WeighedError[] {
    return [...this.#seen];
  }
}

/** `sorted`: by error; at least one. */
function quantileOf(sorted: readonly WeighedError[], share: number): number {
  const n = sorted.length;
  const whole = sorted.reduce((sum, [, weight]) => sum + weight, 0);
  // conformal rank: the (n + 1) share-th smallest of n errors covers a new one with that probability
  let left = (share * whole * (n + 1)) / n - rounding;
  const reached = sorted.find(([, weight]) => {
    left -= weight;
    return left <= 0;
  });
  return (reached ?? (sorted.at(-1) as WeighedError))[0];
}

/** At most `most` of the values, evenly from the smallest to the largest. */
function spread(values: readonly number[], most: number): readonly number[] {
  if (values.length <= most) return values;
  const sorted = values.toSorted((a, b) => a - b);
  return Array.from({ length: most }, (_, i) => sorted[Math.floor(((i + 0.5) * values.length) / most)] as number);
}
