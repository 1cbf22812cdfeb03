import { LeaseLost } from './errors.ts';
import type { Cancel, Timers } from './timers.ts';
import type { WriteGate } from './write-gate.ts';

/**
 * The time for which this process leads. It ends by itself `renewSeconds` after the last renewal was sent, measured on
 * the own clock: sent and not answered, since the server may have counted from any moment in between.
 */
export class Term implements WriteGate {
  readonly #timers: Timers;
  readonly #renewSeconds: number;
  readonly #controller = new AbortController();
  #untilSeconds = 0;
  #cancel: Cancel = () => undefined;
  #outcome: 'stopped' | 'lost' | undefined;

  constructor(timers: Timers, renewSeconds: number, sentSeconds: number) {
    this.#timers = timers;
    this.#renewSeconds = renewSeconds;
    this.renewed(sentSeconds);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** How it ended; undefined as long as it lasts. */
  get outcome(): 'stopped' | 'lost' | undefined {
    return this.#outcome;
  }

  check(): void {
    if (this.#timers.clock.nowSeconds() >= this.#untilSeconds) this.end('lost');
    this.signal.throwIfAborted();
  }

  /** The lease was renewed by a request that was sent then. */
  renewed(sentSeconds: number): void {
    if (this.#outcome !== undefined) return;
    this.#cancel();
    this.#untilSeconds = sentSeconds + this.#renewSeconds;
    const leftSeconds = this.#untilSeconds - this.#timers.clock.nowSeconds();
    this.#cancel = this.#timers.after(Math.max(0, leftSeconds), () => this.end('lost'));
  }

  /** The first end counts. */
  end(outcome: 'stopped' | 'lost'): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#cancel();
    const why = outcome === 'lost' ? 'The lease was lost: another process may lead.' : 'This process is stopping.';
    this.#controller.abort(new LeaseLost(why));
  }
}
