import { setImmediate } from 'node:timers/promises';
import type { Cancel, Timers } from '../../src/kube/timers.ts';
import { ManualClock } from '../../src/lib/clock.ts';

/** Timers that fire only while the clock is advanced. */
export class ManualTimers implements Timers {
  readonly clock: ManualClock;
  readonly #entries = new Set<{ readonly dueSeconds: number; readonly run: () => void }>();

  constructor(startSeconds = 0) {
    this.clock = new ManualClock(startSeconds);
  }

  after(seconds: number, run: () => void): Cancel {
    const entry = { dueSeconds: this.clock.nowSeconds() + seconds, run };
    this.#entries.add(entry);
    return () => this.#entries.delete(entry);
  }

  /** Seconds until each timer fires, the soonest first. */
  get pending(): readonly number[] {
    return [...this.#entries].map(({ dueSeconds }) => dueSeconds - this.clock.nowSeconds()).toSorted((a, b) => a - b);
  }

  /** Fires what is due on the way, in order, and what that adds. */
  advance(seconds: number): void {
    const endSeconds = this.clock.nowSeconds() + seconds;
    for (;;) {
      const [next] = [...this.#entries].toSorted((a, b) => a.dueSeconds - b.dueSeconds);
      // sums of fractions miss by a little
      if (next === undefined || next.dueSeconds > endSeconds + 1e-9) break;
      this.clock.advance(Math.max(0, next.dueSeconds - this.clock.nowSeconds()));
      this.#entries.delete(next);
      next.run();
    }
    this.clock.advance(Math.max(0, endSeconds - this.clock.nowSeconds()));
  }
}

/** Lets promises, and input and output that wait for nothing, go on. */
export async function settle(turns = 3): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await setImmediate();
}

/** Lets real input and output go on until `holds`; fails after 20 s. */
export async function eventually(holds: () => boolean, what = holds.toString()): Promise<void> {
  const untilMs = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > untilMs) throw new Error(`never happened: ${what}`);
    await setImmediate();
  }
}
