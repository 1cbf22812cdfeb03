import type { Cancel, Timers } from './timers.ts';

/** Barks once when a stream has said nothing for `seconds`. */
export class Watchdog {
  readonly #timers: Timers;
  readonly #seconds: number;
  readonly #bark: () => void;
  #heardSeconds = 0;
  #cancel: Cancel | undefined;

  constructor(timers: Timers, seconds: number, bark: () => void) {
    this.#timers = timers;
    this.#seconds = seconds;
    this.#bark = bark;
  }

  /** The same chunks; watched from now until they end or `stop`. */
  async *watch(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.#heardSeconds = this.#timers.clock.nowSeconds();
    this.#arm(this.#seconds);
    try {
      for await (const chunk of chunks) {
        // only noted: a timer for each chunk would cost more than the chunk
        this.#heardSeconds = this.#timers.clock.nowSeconds();
        yield chunk;
      }
    } finally {
      this.stop();
    }
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(seconds: number): void {
    this.#cancel = this.#timers.after(seconds, () => {
      const leftSeconds = this.#heardSeconds + this.#seconds - this.#timers.clock.nowSeconds();
      if (leftSeconds > 0) this.#arm(leftSeconds);
      else this.#bark();
    });
  }
}
