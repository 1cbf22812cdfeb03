import type { Clock } from '../lib/clock.ts';

/** Something that is read anew after a while, on demand, and after a failure; who asks meanwhile shares one reading. */
export class Kept<T> {
  readonly #read: () => Promise<T>;
  readonly #seconds: number;
  readonly #clock: Clock;
  #value: { readonly promise: Promise<T>; readonly atSeconds: number } | undefined;

  constructor(read: () => Promise<T>, seconds: number, clock: Clock) {
    this.#read = read;
    this.#seconds = seconds;
    this.#clock = clock;
  }

  renew(): void {
    this.#value = undefined;
  }

  current(): Promise<T> {
    const now = this.#clock.nowSeconds();
    if (this.#value === undefined || now - this.#value.atSeconds > this.#seconds) {
      const value = { promise: this.#read(), atSeconds: now };
      this.#value = value;
      value.promise.catch(() => {
        if (this.#value === value) this.renew();
      });
    }
    return this.#value.promise;
  }
}
