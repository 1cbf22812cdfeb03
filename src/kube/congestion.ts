/**
 * How many passes may be under way, by how fast the API server answers (additive increase, multiplicative decrease; Chiu
 * and Jain, 1989). A server that is busy does not become faster by being asked more at once: requests only wait for each
 * other, and those of other clients behind them.
 */
export interface CongestionOptions {
  readonly most: number;
  /** Mean seconds of a write beyond which fewer passes are let in. */
  readonly wantedSeconds?: number;
}

/** A server at rest answers a write within a few milliseconds. */
const defaultWantedSeconds = 0.025;
/** Fewer would starve beside clients that never hold back. */
const least = 4;
const [decrease, increase] = [0.7, 1] as const;
/** A single slow answer says nothing. */
const fewestAnswers = 8;

export class Congestion {
  readonly #most: number;
  readonly #wantedSeconds: number;
  #window: number;
  #inside = 0;
  #answers = 0;
  #sumSeconds = 0;
  readonly #waiting: (() => void)[] = [];

  constructor({ most, wantedSeconds = defaultWantedSeconds }: CongestionOptions) {
    this.#most = most;
    this.#wantedSeconds = wantedSeconds;
    this.#window = most;
  }

  /** Passes that may be under way at present. */
  get window(): number {
    return Math.floor(this.#window);
  }

  /** A write was answered, or refused, after so many seconds. */
  answered(seconds: number): void {
    this.#answers++;
    this.#sumSeconds += seconds;
    // as many as are under way, so that each change is seen before the next
    if (this.#answers < Math.max(fewestAnswers, this.window)) return;
    const mean = this.#sumSeconds / this.#answers;
    [this.#answers, this.#sumSeconds] = [0, 0];
    this.#window =
      mean > this.#wantedSeconds
        ? Math.max(Math.min(least, this.#most), this.#window * decrease)
        : Math.min(this.#most, this.#window + increase);
    this.#letIn();
  }

  /** Resolves once one more may be under way. */
  async enter(): Promise<void> {
    if (this.#inside < this.window) {
      this.#inside++;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  leave(): void {
    this.#inside--;
    this.#letIn();
  }

  #letIn(): void {
    while (this.#inside < this.window) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#inside++;
      next();
    }
  }
}
