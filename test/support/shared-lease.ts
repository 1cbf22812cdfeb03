import type { Lease } from '../../src/crds/kubernetes.ts';
import { AlreadyExists, Conflict, noAnswer } from '../../src/kube/errors.ts';
import { LeaseElection } from '../../src/kube/lease.ts';
import type { LeaseSpec, LeaseStore } from '../../src/kube/lease-store.ts';
import { pause } from '../../src/kube/timers.ts';
import type { WriteGate } from '../../src/kube/write-gate.ts';
import { createRng } from '../../src/lib/rng.ts';
import { ManualTimers, settle } from './manual-timers.ts';

/** How a contender reaches the lease: `mute` carries requests out and loses the answers. */
export type Link = 'up' | 'down' | 'hangs' | 'mute';

/** The one lease, as an API server keeps it. */
export class SharedLease {
  lease: Lease | undefined;
  #version = 0;

  keep(spec: LeaseSpec): Lease {
    const metadata = { name: 'nasoa', namespace: 'nasoa', resourceVersion: String(++this.#version) };
    this.lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
    return this.lease;
  }

  storeFor(contender: Contender): LeaseStore {
    const through = async <T>(signal: AbortSignal, ask: () => T): Promise<T> => {
      const { link, timers } = contender;
      if (link === 'hangs') await pause(timers, 4, signal);
      signal.throwIfAborted();
      if (link === 'hangs' || link === 'down') throw noAnswer('lease', 'link is down');
      const answer = ask();
      if (link === 'mute') throw noAnswer('lease', 'answer got lost');
      return answer;
    };
    return {
      read: (signal) => through(signal, () => this.lease),
      create: (spec, signal) =>
        through(signal, () => {
          if (this.lease !== undefined) throw new AlreadyExists('lease', '', { status: 409 });
          return this.keep(spec);
        }),
      replace: ({ metadata }, spec, signal) =>
        through(signal, () => {
          const isAsRead = metadata.resourceVersion === this.lease?.metadata.resourceVersion;
          if (!isAsRead) throw new Conflict('lease', '', { status: 409 });
          return this.keep(spec);
        }),
    };
  }
}

/** A process that wants the lease, with a clock of its own that may be wrong and run too fast or too slow. */
export class Contender {
  readonly identity: string;
  readonly timers: ManualTimers;
  readonly rate: number;
  readonly election: LeaseElection;
  link: Link = 'up';
  gate: WriteGate | undefined;
  readonly #stop = new AbortController();
  /** How its terms ended. */
  readonly ends: string[] = [];
  readonly #ended: Promise<void>;

  constructor(shared: SharedLease, identity: string, { startSeconds = 0, rate = 1, seed = 1 } = {}) {
    this.identity = identity;
    this.timers = new ManualTimers(startSeconds);
    this.rate = rate;
    const store = shared.storeFor(this);
    this.election = new LeaseElection({ store, name: 'nasoa', identity, timers: this.timers, rng: createRng(seed) });
    this.#ended = this.#run();
  }

  /** Whether it would write at this moment. */
  get leads(): boolean {
    try {
      this.gate?.check();
      return this.gate !== undefined;
    } catch {
      return false;
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await settle();
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const outcome = await this.election.run(this.#stop.signal, (gate) => {
        this.gate = gate;
        return new Promise((resolve) => gate.signal.addEventListener('abort', () => resolve()));
      });
      this.ends.push(outcome);
    }
  }
}

/** Lets world time go by in small steps; returns how often two or more led at once. */
export async function passTime(contenders: readonly Contender[], seconds: number, stepSeconds = 0.25): Promise<number> {
  let clashes = 0;
  for (let passed = 0; passed < seconds; passed += stepSeconds) {
    for (const { timers, rate } of contenders) timers.advance(stepSeconds * rate);
    await settle(1);
    if (contenders.filter(({ leads }) => leads).length > 1) clashes += 1;
  }
  return clashes;
}
