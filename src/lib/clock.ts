/** Time as an argument: monotonic seconds for durations, the calendar for records. */
export interface Clock {
  /** Monotonic seconds since an arbitrary start; never goes back. */
  nowSeconds(): number;
  /** The calendar time, for records and reports only. */
  date(): Date;
}

export const systemClock: Clock = {
  nowSeconds: () => performance.now() / 1000,
  date: () => new Date(),
};

/** A clock that stands still until it is advanced, for tests and simulated worlds. */
export class ManualClock implements Clock {
  #seconds: number;
  constructor(seconds = 0) {
    this.#seconds = seconds;
  }
  nowSeconds(): number {
    return this.#seconds;
  }
  date(): Date {
    return new Date(this.#seconds * 1000);
  }
  advance(seconds: number): void {
    this.#seconds += seconds;
  }
}
