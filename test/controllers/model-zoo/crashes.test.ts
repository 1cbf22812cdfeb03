import { describe, expect, test } from '@jest/globals';
import { isFinished } from '../../../src/controllers/job-state.ts';
import { zooReconciler } from '../../../src/controllers/model-zoo/controller.ts';
import type { SearchStateStore } from '../../../src/controllers/model-zoo/zoo-state.ts';
import type { Outcome } from '../../../src/controllers/outcome.ts';
import { containerName } from '../../../src/controllers/pods.ts';
import { Refusals } from '../../../src/controllers/refusals.ts';
import { zoos } from '../../../src/controllers/resources.ts';
import { reconcile } from '../../../src/controllers/runtime.ts';
import type { KubeObject } from '../../../src/crds/kubernetes.ts';
import { parseTrainerJob } from '../../../src/crds/trainer-codec.ts';
import { exitCodes, jobVariable, type TrainerJob, type TrainerMessage } from '../../../src/crds/trainer-job.ts';
import type { Job } from '../../../src/crds/workloads.ts';
import { Forbidden } from '../../../src/kube/errors.ts';
import { claims, jobs, pods, type Resource } from '../../../src/kube/resources.ts';
import type { Unstored } from '../../../src/kube/world.ts';
import { ManualClock } from '../../../src/lib/clock.ts';
import { aZoo } from '../../support/objects.ts';
import { SimulatedCrash, SimulatedWorld } from '../../support/simulated-world.ts';
import { shortName, someSettings } from './builders.ts';

/** Keeps states as text, as a database does; the process may die right after a save, and another may write between. */
class MemoryStore implements SearchStateStore {
  readonly #kept = new Map<string, { readonly revision: number; readonly text: string }>();
  saves = 0;
  crashAtSave = Number.POSITIVE_INFINITY;
  hasRival = false;

  load: SearchStateStore['load'] = async (uid) => {
    const kept = this.#kept.get(uid);
    const loaded = kept && { revision: kept.revision, state: JSON.parse(kept.text) as unknown };
    if (this.hasRival && kept) this.#kept.set(uid, { ...kept, revision: kept.revision + 1 });
    return loaded;
  };

  save: SearchStateStore['save'] = async (uid, _version, state, expectedRevision) => {
    if ((this.#kept.get(uid)?.revision ?? 0) !== expectedRevision) return undefined;
    this.#kept.set(uid, { revision: expectedRevision + 1, text: JSON.stringify(state) });
    this.saves++;
    if (this.saves === this.crashAtSave) throw new SimulatedCrash();
    return expectedRevision + 1;
  };
}

/** An API server that refuses Jobs while a quota is used up. */
class StingyWorld extends SimulatedWorld {
  quota = '';
  override async create<T extends KubeObject>(resource: Resource<T>, object: Unstored<T>): Promise<T> {
    if (this.quota !== '' && resource.plural === jobs.plural) throw new Forbidden(this.quota, 'Raise it.');
    return await super.create(resource, object);
  }
}

/** A cluster whose pods answer at once, with a controller that is started anew whenever it dies. */
class Cluster {
  readonly clock = new ManualClock(1_785_585_600);
  readonly world = new StingyWorld(this.clock);
  readonly store = new MemoryStore();
  /** Until then, by its clock, every pod finds the storage away. */
  storageIsBackAt = 0;
  #reconciler = this.#start();

  constructor() {
    const spec = { search: { evaluations: 3, parallelism: 2 }, size: 2 };
    this.world.put(zoos, aZoo({ spec }));
    for (const name of ['images', 'zoo']) {
      const metadata = { name, namespace: 'vision' };
      this.world.put(claims, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata });
    }
  }

  #start(): ReturnType<typeof zooReconciler> {
    const { world, store, clock } = this;
    const authority = { ensure: async () => {} };
    return zooReconciler({ world, store, clock, authority, refusals: new Refusals(clock), settings: someSettings });
  }

  async pass(): Promise<Outcome> {
    const outcome = await reconcile(this.#reconciler, 'vision/small-images', this.clock);
    if (outcome.kind === 'retry' && outcome.cause instanceof SimulatedCrash) {
      this.world.restart();
      this.#reconciler = this.#start();
    }
    return outcome;
  }

  get zoo() {
    return this.world.get(zoos, 'vision', 'small-images');
  }

  jobNames(): readonly string[] {
    return this.world.list(jobs).map(({ metadata }) => shortName(metadata.name));
  }

  runPods(): void {
    const made = this.world.store.list(jobs) as readonly Job[];
    for (const job of made) if (!isFinished(job)) this.#run(job);
  }

  #run({ metadata, spec }: Job): void {
    const { name, namespace, uid } = metadata;
    const { metadata: labelled, spec: podSpec } = spec.template;
    const told = podSpec.containers[0]?.env?.find((variable) => variable.name === jobVariable)?.value;
    const fails = this.clock.nowSeconds() < this.storageIsBackAt;
    const message = JSON.stringify(fails ? storageAway : answerTo(parseTrainerJob(told)));
    this.world.put(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `${name}-pod`,
        namespace,
        labels: labelled?.labels ?? {},
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true }],
      },
      spec: podSpec,
      status: {
        phase: fails ? 'Failed' : 'Succeeded',
        containerStatuses: [
          {
            ...{ name: containerName, ready: false, restartCount: 0 },
            state: { terminated: { exitCode: fails ? exitCodes.failed : 0, message } },
          },
        ],
      },
    });
    const lastTransitionTime = this.clock.date().toISOString();
    const end = { type: fails ? 'Failed' : 'Complete', status: 'True', lastTransitionTime } as const;
    this.world.setStatus(jobs, namespace, name, { conditions: [end] });
  }

  /** `lagging`: kinds whose caches lag behind, in turn, by up to so many passes. */
  async toTheEnd(lagging: readonly Resource[] = [], by = 1): Promise<void> {
    for (let passes = 0; passes < 60; passes++) {
      for (const [i, resource] of lagging.entries()) if ((passes + i) % by === 0) this.world.holdReads(resource);
      await this.pass();
      if (this.zoo?.status?.phase === 'Ready' && this.world.list(jobs).length === 0) return;
      this.runPods();
    }
    throw new Error(`the zoo is ${this.zoo?.status?.phase} with the Jobs ${this.jobNames().join(', ')}`);
  }

  created(): readonly string[] {
    return this.world.writes
      .filter(({ verb, plural }) => verb === 'create' && plural === jobs.plural)
      .map(({ name }) => shortName(name));
  }
}

const storageAway: TrainerMessage = {
  kind: 'failure',
  reason: 'StorageUnreachable',
  message: 'no answer',
  activeSeconds: 1,
};

function answerTo(job: TrainerJob): TrainerMessage {
  const measured = { accuracy: 0.5, stepSeconds: 0.1, activeSeconds: 10 };
  if (job.kind === 'candidate') {
    const { candidate, encoding } = job;
    return { kind: 'candidate', candidate, encoding, ...measured, parametersM: 1, macsM: 10 };
  }
  if (job.kind !== 'pretraining') throw new Error(`a zoo has no ${job.kind}`);
  const { member, encoding } = job;
  const artifact = { claim: { claimName: 'zoo', path: member } };
  return { kind: 'pretraining', member, encoding, ...measured, artifact };
}

const allJobs = ['eval-1-1', 'eval-2-1', 'eval-3-1', 'pretrain-1-1', 'pretrain-2-1'];

async function expectMade(cluster: Cluster, lagging: readonly Resource[] = [], by = 1): Promise<void> {
  await cluster.toTheEnd(lagging, by);
  const made = { phase: 'Ready', evaluations: { done: 3 }, membersReady: 2, activeSeconds: 50 };
  expect(cluster.zoo?.status).toMatchObject(made);
  expect(cluster.created().toSorted()).toEqual(allJobs);
}

describe('a zoo on a simulated cluster', () => {
  test('is made, and no Job twice', async () => expectMade(new Cluster()));

  test('is made just the same where the controller dies after any write to the API server', async () => {
    const undisturbed = new Cluster();
    await undisturbed.toTheEnd();
    const count = undisturbed.world.writes.length;
    expect(count).toBeGreaterThan(10);
    for (let n = 1; n <= count; n++) {
      const cluster = new Cluster();
      cluster.world.crashAfterWrite(n);
      await expectMade(cluster);
    }
  });

  test('is made just the same where the controller dies after any write to the store', async () => {
    const undisturbed = new Cluster();
    await undisturbed.toTheEnd();
    for (let n = 1; n <= undisturbed.store.saves; n++) {
      const cluster = new Cluster();
      cluster.store.crashAtSave = n;
      await expectMade(cluster);
    }
  });

  test.each<readonly [string, readonly Resource[]]>([
    ['Jobs', [jobs]],
    ['pods', [pods]],
    ['both, one behind the other,', [jobs, pods]],
  ])('is made just the same where the cache of %s lags behind', async (_kinds, lagging) => {
    for (const by of [2, 3, 4]) await expectMade(new Cluster(), lagging, by);
  });

  test('is not touched by a controller whose view of the store is old', async () => {
    const cluster = new Cluster();
    await cluster.pass();
    cluster.runPods();
    cluster.store.hasRival = true;
    const before = cluster.world.writes.length;
    expect(await cluster.pass()).toMatchObject({ kind: 'retry' });
    expect(cluster.world.writes.length).toBe(before);
    cluster.store.hasRival = false;
    await expectMade(cluster);
  });

  test('outlasts a minute without its storage: no candidate is given up', async () => {
    const cluster = new Cluster();
    cluster.storageIsBackAt = cluster.clock.nowSeconds() + 60;
    const waits: number[] = [];
    for (let passes = 0; passes < 60 && cluster.zoo?.status?.phase !== 'Ready'; passes++) {
      const outcome = await cluster.pass();
      cluster.runPods();
      if (outcome.kind !== 'requeue' || outcome.seconds === 0) continue;
      waits.push(outcome.seconds);
      cluster.clock.advance(outcome.seconds);
    }
    expect(cluster.zoo?.status).toMatchObject({ phase: 'Ready', evaluations: { done: 3, failed: 0 } });
    expect(waits.slice(0, 3)).toEqual([10, 20, 40]);
    expect(cluster.created().filter((name) => name.startsWith('eval-1'))).toEqual(
      [1, 2, 3, 4].map((n) => `eval-1-${n}`),
    );
  });

  test('says so when the API server refuses its Jobs, and goes on when it does no longer', async () => {
    const cluster = new Cluster();
    cluster.world.quota = 'exceeded quota: pods';
    expect(await cluster.pass()).toEqual({ kind: 'requeue', seconds: 0 });
    await cluster.pass();
    const running = cluster.zoo?.status?.conditions?.find(({ type }) => type === 'Running');
    expect(running).toMatchObject({ status: 'False', reason: 'PodRejected', message: 'exceeded quota: pods' });
    cluster.world.quota = '';
    cluster.clock.advance(31);
    await expectMade(cluster);
  });

  test('that is gone, or going, is left alone', async () => {
    const cluster = new Cluster();
    cluster.world.remove(zoos, 'vision', 'small-images');
    expect(await cluster.pass()).toEqual({ kind: 'done' });
    expect(cluster.world.writes).toEqual([]);
  });

  test('waits while a pod of a Job that is gone still ends', async () => {
    const cluster = new Cluster();
    await cluster.pass();
    const job = cluster.world.list(jobs).find(({ metadata }) => shortName(metadata.name) === 'eval-1-1');
    if (job === undefined) throw new Error('there is no Job');
    // its owner is gone for the controller, though not for the garbage collector yet
    cluster.world.put(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'ending',
        namespace: 'vision',
        labels: job.spec.template.metadata?.labels ?? {},
        ownerReferences: [
          { apiVersion: 'batch/v1', kind: 'Job', name: job.metadata.name, uid: job.metadata.uid, controller: true },
          { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: 'zoo', uid: uidOfClaim(cluster) },
        ],
      },
      spec: { containers: [] },
      status: { phase: 'Running' },
    });
    cluster.world.remove(jobs, 'vision', job.metadata.name);
    await cluster.pass();
    expect(cluster.jobNames()).toEqual(['eval-2-1']);
    cluster.world.remove(pods, 'vision', 'ending');
    await cluster.pass();
    expect(cluster.jobNames().toSorted()).toEqual(['eval-1-1', 'eval-2-1']);
  });
});

const uidOfClaim = ({ world }: Cluster): string => world.get(claims, 'vision', 'zoo')?.metadata.uid ?? '';
