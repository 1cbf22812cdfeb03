import { ManualClock } from '../../src/lib/clock.ts';
import type { Cancel, Scheduler } from '../../src/server/scheduler.ts';

/** Lets all promises go on that wait for nothing outside of this process. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

interface Timer {
  readonly at: number;
  readonly work: () => void;
}

/** Timers that run out when the test says so. */
export class ManualScheduler implements Scheduler {
  readonly clock: ManualClock;
  #timers: readonly Timer[] = [];

  constructor(clock = new ManualClock(1_750_000_000)) {
    this.clock = clock;
  }

  after(seconds: number, work: () => void): Cancel {
    const timer = { at: this.clock.nowSeconds() + seconds, work };
    this.#timers = [...this.#timers, timer];
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Timers that have not run out. */
  get waiting(): number {
    return this.#timers.length;
  }

  /** Time passes: what falls due is done in its order, each with all that follows from it. */
  async advance(seconds: number): Promise<void> {
    const until = this.clock.nowSeconds() + seconds;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.clock.advance(Math.max(0, next.at - this.clock.nowSeconds()));
      next.work();
      await settled();
    }
    this.clock.advance(until - this.clock.nowSeconds());
    await settled();
  }
}
