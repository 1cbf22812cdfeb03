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
  /** Of the inputs observed so far: a plan asks for thousands of scores between two observations. */
  #deviations: Float64Array | undefined;

  constructor(state: StandardiserState) {
    this.#count = state.count;
    this.#means = Float64Array.from(state.means);
    this.#squares = Float64Array.from(state.squares);
  }

  static of(inputs: number): Standardiser {
    return new Standardiser({ count: 0, means: new Array(inputs).fill(0), squares: new Array(inputs).fill(0) });
  }

  observe(x: Float64Array): void {
    this.#deviations = undefined;
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
    this.#deviations ??= this.#squares.map((squares) => this.#deviationOf(squares));
    const [out, means, deviations] = [new Float64Array(this.#means.length), this.#means, this.#deviations];
    for (let i = 0; i < out.length; i++) {
      const apart = limited(x[i] ?? 0, 1e6) - (means[i] as number);
      out[i] = limited(apart / (deviations[i] as number), largestScore);
    }
    return out;
  }

  /** An input that never varied has nothing to say: its scale stays at the prior's. */
  #deviationOf(squares: number): number {
    if (squares <= 1e-12 * this.#count) return 1;
    return Math.sqrt((squares + priorCount) / (this.#count + priorCount));
  }

  state(): StandardiserState {
    return { count: this.#count, means: [...this.#means], squares: [...this.#squares] };
  }
}

function limited(value: number, limit: number): number {
  if (value > limit) return limit;
  if (value < -limit) return -limit;
  return Number.isNaN(value) ? 0 : value;
}
