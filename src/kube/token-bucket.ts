import type { Clock } from '../lib/clock.ts';

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Lets `burst` through at once and `perSecond` on average. */
export class TokenBucket {
  readonly #rate: Rate;
  readonly #clock: Clock;
  /** Below zero: owed to those who wait already, so that later ones wait behind them. */
  #tokens: number;
  #filledSeconds: number;

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#tokens = rate.burst;
    this.#filledSeconds = clock.nowSeconds();
  }

  /** Takes a token, and says how many seconds to wait before using it. */
  reserve(): number {
    this.#fill();
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#rate.perSecond;
  }

  /** Takes a token where one is left. */
  tryTake(): boolean {
    this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #fill(): void {
    const now = this.#clock.nowSeconds();
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + (now - this.#filledSeconds) * this.#rate.perSecond);
    this.#filledSeconds = now;
  }
}
