/** Inputs are read within this range, so that one absurd record cannot ruin the scale of a feature for good. */
const largestInput = 100;
/** Standard deviations beyond which an input says no more than "far away". */
const largestScore = 4;
/** Observations of deviation 1 that the scale starts from. */
const priorCount = 2;

export type StandardiserState = {
  readonly count: number;
  readonly means: readonly number[];
  readonly squares: readonly number[];
};

/** Running mean and deviation of each input (Welford), for bringing inputs to a common scale. */
export class Standardiser {
  #count: number;
  readonly #means: Float64Array;
  readonly #squares: Float64Array;

  constructor(state: StandardiserState) {
    this.#count = state.count;
    this.#means = Float64Array.from(state.means);
    this.#squares = Float64Array.from(state.squares);
  }

  static of(inputs: number): Standardiser {
    return new Standardiser({ count: 0, means: new Array(inputs).fill(0), squares: new Array(inputs).fill(0) });
  }

  observe(x: Float64Array): void {
    this.#count++;
    for (let i = 0; i < this.#means.length; i++) {
      const value = limited(x[i] ?? 0, largestInput);
      const before = value - (this.#means[i] as number);
      this.#means[i] = (this.#means[i] as number) + before / this.#count;
      this.#squares[i] = (this.#squares[i] as number) + before * (value - (this.#means[i] as number));
    }
  }

  /** Standard scores, finite whatever `x` holds. */
  scores(x: Float64Array): Float64Array {
    const out = new Float64Array(this.#means.length);
    for (let i = 0; i < out.length; i++) {
      const variance = ((this.#squares[i] as number) + priorCount) / (this.#count + priorCount);
      // an input that never varied has nothing to say: its scale stays at the prior's
      const constant = (this.#squares[i] as number) <= 1e-12 * this.#count;
      const deviation = constant ? 1 : Math.sqrt(variance);
      out[i] = limited((limited(x[i] ?? 0, 1e6) - (this.#means[i] as number)) / deviation, largestScore);
    }
    return out;
  }

  state(): StandardiserState {
    return { count: this.#count, means: [...this.#means], squares: [...this.#squares] };
  }
}

const limited = (value: number, limit: number): number =>
  Number.isNaN(value) ? 0 : Math.min(limit, Math.max(-limit, value));
