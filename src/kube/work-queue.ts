/**
 * Keys that want work, each at most once, as client-go's work queue orders them, but for reviews, which give way to news.
 * Invariants:
 * - a key is in `#ready` if and only if it is due and not being worked on;
 * - a key that is added while it is worked on is due again afterwards, so no news is lost;
 * - a key is never given to two workers at once.
 */
import type { Rng } from '../lib/rng.ts';
import { type BackOff, backOffSeconds } from './back-off.ts';
import { Fifo } from './fifo.ts';
import { Lanes } from './lanes.ts';
import { type KubeMetrics, noMetrics } from './metrics.ts';
import type { Cancel, Timers } from './timers.ts';

export interface WorkQueueOptions {
  /** For metrics. */
  readonly name: string;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly backOff?: BackOff;
  readonly metrics?: KubeMetrics;
}

/** The first retry comes at once, for a conflict; after a dozen failures a key is tried every few minutes. */
const defaultBackOff: BackOff = { firstSeconds: 0.02, maxSeconds: 300 };

interface Due {
  readonly sinceSeconds: number;
  readonly isNews: boolean;
}

export class WorkQueue {
  readonly #name: string;
  readonly #timers: Timers;
  readonly #rng: Rng;
  readonly #backOff: BackOff;
  readonly #metrics: KubeMetrics;
  readonly #ready = new Lanes();
  readonly #due = new Map<string, Due>();
  /** Keys that a worker holds, and since when. */
  readonly #held = new Map<string, number>();
  readonly #later = new Map<string, { readonly dueSeconds: number; readonly cancel: Cancel }>();
  readonly #failures = new Map<string, number>();
  readonly #idle = new Fifo<(key: string | undefined) => void>();
  #closed = false;

  constructor({ name, timers, rng, backOff = defaultBackOff, metrics = noMetrics }: WorkQueueOptions) {
    this.#name = name;
    this.#timers = timers;
    this.#rng = rng;
    this.#backOff = backOff;
    this.#metrics = metrics;
  }

  /** Keys that wait for a worker. */
  get depth(): number {
    return this.#ready.length;
  }

  /** Keys that wait for their time. */
  get delayed(): number {
    return this.#later.size;
  }

  add(key: string): void {
    this.#add(key, true);
  }

  /** Adds a key of which there is no news, only to be sure: behind all that is added otherwise. */
  review(key: string): void {
    this.#add(key, false);
  }

  /** Adds the key `seconds` from now; of several such wishes the soonest counts. */
  addAfter(key: string, seconds: number): void {
    if (this.#closed) return;
    if (!(seconds > 0)) {
      this.add(key);
      return;
    }
    const dueSeconds = this.#timers.clock.nowSeconds() + seconds;
    const planned = this.#later.get(key);
    if (planned !== undefined && planned.dueSeconds <= dueSeconds) return;
    planned?.cancel();
    const cancel = this.#timers.after(seconds, () => {
      this.#later.delete(key);
      this.add(key);
    });
    this.#later.set(key, { dueSeconds, cancel });
  }

  /** Adds the key after a failure: later each time, until `forget`; never before `atLeastSeconds`. */
  addRateLimited(key: string, atLeastSeconds = 0): void {
    const failures = this.failures(key) + 1;
    this.#failures.set(key, failures);
    this.#metrics.queueRetried(this.#name);
    this.addAfter(key, Math.max(atLeastSeconds, backOffSeconds(this.#backOff, failures, this.#rng)));
  }

  /** The key was worked on without failure. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Failures of the key in a row. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The next key, for this caller alone until `done`; undefined once the queue is closed. */
  async take(): Promise<string | undefined> {
    if (this.#closed) return undefined;
    const key = this.#ready.shift();
    if (key === undefined) return new Promise((resolve) => this.#idle.push(resolve));
    this.#metrics.queueDepth(this.#name, this.depth);
    return this.#hold(key);
  }

  /** The caller of `take` has finished with the key. */
  done(key: string): void {
    const heldSince = this.#held.get(key);
    if (heldSince === undefined) return;
    this.#held.delete(key);
    this.#metrics.queueWorked(this.#name, this.#timers.clock.nowSeconds() - heldSince);
    const due = this.#due.get(key);
    if (!this.#closed && due !== undefined) this.#makeReady(key, due.isNews);
  }

  /** Gives out no more keys and takes none; what waits is dropped, since whoever starts again lists everything. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { cancel } of this.#later.values()) cancel();
    this.#later.clear();
    for (let take = this.#idle.shift(); take !== undefined; take = this.#idle.shift()) take(undefined);
  }

  #add(key: string, isNews: boolean): void {
    if (this.#closed) return;
    const due = this.#due.get(key);
    if (due?.isNews === true || (due !== undefined && !isNews)) return;
    this.#due.set(key, { sinceSeconds: due?.sinceSeconds ?? this.#timers.clock.nowSeconds(), isNews });
    if (due !== undefined) this.#ready.overtake(key);
    else if (!this.#held.has(key)) this.#makeReady(key, isNews);
  }

  #makeReady(key: string, isNews: boolean): void {
    const take = this.#idle.shift();
    if (take !== undefined) {
      take(this.#hold(key));
      return;
    }
    this.#ready.push(key, isNews);
    this.#metrics.queueDepth(this.#name, this.depth);
  }

  #hold(key: string): string {
    const now = this.#timers.clock.nowSeconds();
    this.#metrics.queueWaited(this.#name, now - (this.#due.get(key)?.sinceSeconds ?? now));
    this.#due.delete(key);
    this.#held.set(key, now);
    return key;
  }
}
