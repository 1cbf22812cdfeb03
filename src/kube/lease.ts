/**
 * One leader among several processes, by a Lease object, after client-go's leader election.
 * Clocks of other machines are never trusted: a contender measures on its own clock for how long the record has not
 * changed, and a leader on its own clock since when it could not renew. The leader gives up (`renewSeconds`) well
 * before others may take over (`leaseSeconds`): two never lead at once unless one clock runs half as fast again as
 * another.
 */
import type { Lease } from '../crds/kubernetes.ts';
import type { Rng } from '../lib/rng.ts';
import { AlreadyExists, Conflict, LeaseLost, NotFound } from './errors.ts';
import type { LeaseSpec, LeaseStore } from './lease-store.ts';
import { type KubeLog, messageOf, noLog } from './log.ts';
import { type KubeMetrics, noMetrics } from './metrics.ts';
import { microTime } from './resources.ts';
import { Term } from './term.ts';
import { deadline, pause, type Timers } from './timers.ts';
import type { WriteGate } from './write-gate.ts';

export interface ElectionOptions {
  readonly store: LeaseStore;
  /** For metrics and logs. */
  readonly name: string;
  /** Differs from that of every other process; others read the leader's address from it. */
  readonly identity: string;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly times?: ElectionTimes;
  readonly metrics?: KubeMetrics;
  readonly log?: KubeLog;
}

export interface ElectionTimes {
  readonly leaseSeconds: number;
  readonly renewSeconds: number;
  readonly retrySeconds: number;
}

export const defaultTimes: ElectionTimes = { leaseSeconds: 15, renewSeconds: 10, retrySeconds: 2 };

/** Contenders wait up to a fifth longer, so that they do not ask in step. */
const jitter = 0.2;

/** A lease as this process holds it, and when the request was sent that made it so. */
interface Held {
  readonly lease: Lease;
  readonly sentSeconds: number;
}

export class LeaseElection {
  readonly #options: ElectionOptions;
  readonly #times: ElectionTimes;
  readonly #metrics: KubeMetrics;
  readonly #log: KubeLog;
  /** The record as last seen, and until when it counts: its duration after it was first seen so, on the own clock. */
  #seen: { readonly record: string; readonly holder: string; readonly untilSeconds: number } | undefined;

  constructor(options: ElectionOptions) {
    this.#options = options;
    this.#times = options.times ?? defaultTimes;
    this.#metrics = options.metrics ?? noMetrics;
    this.#log = options.log ?? noLog;
  }

  /** Identity of the leader as last seen; undefined where there is none, or none has been seen yet. */
  leader(): string | undefined {
    const holder = this.#seen?.holder;
    return holder === '' ? undefined : holder;
  }

  /**
   * Waits to become the leader, then runs `lead` until it ends, the lease is lost, or `signal` aborts.
   * `lead` must come to an end once its gate's signal aborts; only then the lease is given back.
   * Resolves with `lost` where another may lead by now: start over, in a new process at best.
   */
  async run(signal: AbortSignal, lead: (gate: WriteGate) => Promise<void>): Promise<'stopped' | 'lost'> {
    const { name, timers } = this.#options;
    this.#metrics.leader(name, false);
    const first = await this.#acquire(signal);
    if (first === undefined) return 'stopped';
    const term = new Term(timers, this.#times.renewSeconds, first.sentSeconds);
    const stop = (): void => term.end('stopped');
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    this.#metrics.leader(name, true);
    this.#log.info('This process leads', { lease: name, identity: this.#options.identity });
    try {
      const work = lead(term).finally(() => term.end('stopped'));
      const [, worked] = await Promise.allSettled([this.#keep(first.lease, term), work]);
      if (term.outcome === 'stopped') await this.#release();
      if (worked.status === 'rejected' && !(worked.reason instanceof LeaseLost)) throw worked.reason;
      return term.outcome ?? 'stopped';
    } finally {
      term.end('stopped');
      signal.removeEventListener('abort', stop);
      this.#metrics.leader(name, false);
      this.#log.info('This process leads no longer', { lease: name, outcome: term.outcome ?? 'stopped' });
    }
  }

  async #acquire(signal: AbortSignal): Promise<Held | undefined> {
    const { timers } = this.#options;
    while (!signal.aborted) {
      try {
        const held = await this.#tryAcquire(signal);
        if (held !== undefined) return held;
      } catch (error) {
        if (!signal.aborted) this.#warn('The lease could not be read or taken', error);
      }
      await pause(timers, this.#waitSeconds(), signal);
    }
    return undefined;
  }

  /** Until the next attempt: sooner where the lease ends before that. */
  #waitSeconds(): number {
    const { timers, rng } = this.#options;
    const retrySeconds = this.#times.retrySeconds * (1 + jitter * rng.next());
    const leftSeconds = (this.#seen?.untilSeconds ?? 0) - timers.clock.nowSeconds();
    return leftSeconds > 0 ? Math.min(retrySeconds, leftSeconds) : retrySeconds;
  }

  async #tryAcquire(signal: AbortSignal): Promise<Held | undefined> {
    const { store, timers } = this.#options;
    const lease = await store.read(signal);
    if (lease !== undefined) this.#observe(lease);
    if (!this.#mayTake()) return undefined;
    const sentSeconds = timers.clock.nowSeconds();
    try {
      const spec = this.#recordAfter(lease?.spec);
      const taken = await (lease === undefined ? store.create(spec, signal) : store.replace(lease, spec, signal));
      this.#observe(taken);
      return { lease: taken, sentSeconds };
    } catch (error) {
      // another was quicker
      if (error instanceof AlreadyExists || error instanceof Conflict) return undefined;
      throw error;
    }
  }

  /** Renews until the term ends. */
  async #keep(first: Lease, term: Term): Promise<void> {
    let lease = first;
    for (;;) {
      await pause(this.#options.timers, this.#times.retrySeconds, term.signal);
      if (term.signal.aborted) return;
      try {
        lease = await this.#renew(lease, term);
      } catch (error) {
        if (!term.signal.aborted) this.#warn('The lease could not be renewed; it will be tried again', error);
      }
    }
  }

  /** The lease as it is now; where another holds it the term ends. */
  async #renew(held: Lease, term: Term): Promise<Lease> {
    const { store, timers, identity } = this.#options;
    const sentSeconds = timers.clock.nowSeconds();
    const spec: LeaseSpec = { ...held.spec, renewTime: microTime(timers.clock.date()) };
    try {
      const lease = await store.replace(held, spec, term.signal);
      term.renewed(sentSeconds);
      this.#observe(lease);
      return lease;
    } catch (error) {
      // changed by another, deleted, or changed by a renewal of ours whose answer got lost
      if (!(error instanceof Conflict || error instanceof NotFound)) throw error;
    }
    const lease = await store.read(term.signal);
    if (lease === undefined) {
      const made = await store.create(this.#recordAfter(held.spec), term.signal);
      term.renewed(sentSeconds);
      return made;
    }
    this.#observe(lease);
    if (lease.spec?.holderIdentity !== identity) term.end('lost');
    return lease;
  }

  /** Lets the next contender in at once. */
  async #release(): Promise<void> {
    const { store, timers, identity } = this.#options;
    const { renewSeconds } = this.#times;
    const late = (): Error => new LeaseLost('The lease was not given back in time.');
    const { signal, cancel } = deadline(timers, renewSeconds, late);
    const renewTime = microTime(timers.clock.date());
    try {
      // read anew: a renewal may have been carried out although its answer was not waited for
      const held = await store.read(signal);
      if (held?.spec?.holderIdentity !== identity) return;
      const spec: LeaseSpec = { ...held.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime };
      this.#observe(await store.replace(held, spec, signal));
    } catch (error) {
      this.#warn('The lease could not be given back; others wait until it ends', error);
    } finally {
      cancel();
    }
  }

  #observe({ spec = {} }: Lease): void {
    const record = JSON.stringify(spec);
    if (this.#seen?.record === record) return;
    const { holderIdentity: holder = '', leaseDurationSeconds = this.#times.leaseSeconds } = spec;
    this.#seen = { record, holder, untilSeconds: this.#options.timers.clock.nowSeconds() + leaseDurationSeconds };
  }

  /**
   * Whether the lease is nobody's, ours from an earlier life of this pod, or unchanged for its whole duration. One that
   * was deleted counts as it was last seen: its holder learns of that only when it renews.
   */
  #mayTake(): boolean {
    if (this.#seen === undefined) return true;
    const { holder, untilSeconds } = this.#seen;
    const isFree = holder === '' || holder === this.#options.identity;
    return isFree || this.#options.timers.clock.nowSeconds() >= untilSeconds;
  }

  #recordAfter(before: LeaseSpec | undefined): LeaseSpec {
    const { identity, timers } = this.#options;
    const now = microTime(timers.clock.date());
    const transitions = before?.leaseTransitions ?? 0;
    const isNew = before?.holderIdentity !== identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: this.#times.leaseSeconds,
      acquireTime: isNew ? now : (before?.acquireTime ?? now),
      renewTime: now,
      leaseTransitions: before !== undefined && isNew ? transitions + 1 : transitions,
    };
  }

  #warn(message: string, error: unknown): void {
    this.#log.warn(message, { lease: this.#options.name, error: messageOf(error) });
  }
}
