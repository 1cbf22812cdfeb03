import { describe, expect, test } from '@jest/globals';
import type { StringMap } from '../../src/crds/kubernetes.ts';
import type { Job, NewJob } from '../../src/crds/workloads.ts';
import { ApiWorld } from '../../src/kube/api-world.ts';
import { AlreadyExists, Conflict, LeaseLost, NotFound } from '../../src/kube/errors.ts';
import { byOwner } from '../../src/kube/indexes.ts';
import { Informers } from '../../src/kube/informers.ts';
import { configMaps, jobs } from '../../src/kube/resources.ts';
import type { World } from '../../src/kube/world.ts';
import { openGate, type WriteGate } from '../../src/kube/write-gate.ts';
import { ManualClock } from '../../src/lib/clock.ts';
import { createRng } from '../../src/lib/rng.ts';
import { aClient } from '../support/fake-client.ts';
import { eventually } from '../support/manual-timers.ts';
import type { ObjectStore } from '../support/object-store.ts';
import { SimulatedWorld } from '../support/simulated-world.ts';

/** A world, and the store behind it, on which everybody else acts. */
interface Stage extends AsyncDisposable {
  readonly world: World;
  readonly store: ObjectStore;
}

async function simulated(): Promise<Stage> {
  const world = new SimulatedWorld(new ManualClock(1_800_000_000));
  return { world, store: world.store, [Symbol.asyncDispose]: async () => undefined };
}

async function behindAnApiServer(gate: WriteGate = openGate): Promise<Stage> {
  const client = await aClient();
  const { api, timers } = client;
  const informers = new Informers({ api, timers, rng: createRng(1), namespaces: [] });
  informers.watch({ resource: jobs });
  const stop = new AbortController();
  const ended = informers.run(stop.signal);
  await informers.synced();
  return {
    world: new ApiWorld({ api, informers, gate, recorder: { record: () => undefined } }),
    store: client.fake.store,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await ended;
      await client[Symbol.asyncDispose]();
    },
  };
}

function aJob(name: string, owner?: Job): NewJob {
  const { uid = '', name: ownerName = '' } = owner?.metadata ?? {};
  const reference = { apiVersion: 'batch/v1', kind: 'Job', name: ownerName, uid, controller: true };
  const ownerReferences = owner === undefined ? [] : [reference];
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: 'team', ownerReferences },
    spec: { suspend: true, template: { spec: { containers: [] } } },
  };
}

const shown = ({ world }: Stage, name: string): Job | undefined => world.get(jobs, 'team', name);

describe.each<[string, () => Promise<Stage>]>([
  ['simulated', simulated],
  ['behind an API server', behindAnApiServer],
])('a world %s', (_name, open) => {
  test('shows what was created at once, and takes a name only once', async () => {
    await using stage = await open();
    const created = await stage.world.create(jobs, aJob('a'));
    expect(created.metadata.uid).not.toBe('');
    expect(shown(stage, 'a')?.metadata.uid).toBe(created.metadata.uid);
    await expect(stage.world.create(jobs, aJob('a'))).rejects.toBeInstanceOf(AlreadyExists);
  });

  test('replaces the status alone, of the object as it was seen', async () => {
    await using stage = await open();
    const seen = await stage.world.create(jobs, aJob('a'));
    const after = await stage.world.applyStatus(jobs, seen, { active: 1, failed: 2 });
    expect(after).toMatchObject({ status: { active: 1, failed: 2 }, spec: { suspend: true } });
    expect(after.metadata.generation).toBe(1);
    await expect(stage.world.applyStatus(jobs, seen, { active: 0 })).rejects.toBeInstanceOf(Conflict);
    expect((await stage.world.applyStatus(jobs, after, { active: 0 })).status).toEqual({ active: 0 });
  });

  test('does not write a status on an object that is gone, or another one', async () => {
    await using stage = await open();
    const seen = await stage.world.create(jobs, aJob('a'));
    stage.store.delete(jobs, 'team', 'a');
    await expect(stage.world.applyStatus(jobs, seen, { active: 1 })).rejects.toBeInstanceOf(NotFound);
    stage.store.create(jobs, aJob('a'));
    await expect(stage.world.applyStatus(jobs, seen, { active: 1 })).rejects.toBeInstanceOf(Conflict);
  });

  test('patches fields whatever else has changed, but no other object of that name', async () => {
    await using stage = await open();
    const seen = await stage.world.create(jobs, aJob('a'));
    stage.store.update(jobs, 'team', 'a', (job) => ({ ...job, status: { active: 1 } }));
    const patched = await stage.world.patch(jobs, seen, { spec: { suspend: false }, metadata: { labels: { a: 'b' } } });
    expect(patched).toMatchObject({ spec: { suspend: false }, status: { active: 1 }, metadata: { generation: 2 } });
    const unlabelled = await stage.world.patch(jobs, seen, { metadata: { labels: { a: null } } });
    expect(unlabelled.metadata.labels).toEqual({});
    stage.store.delete(jobs, 'team', 'a');
    stage.store.create(jobs, aJob('a'));
    await expect(stage.world.patch(jobs, seen, { spec: { suspend: false } })).rejects.toBeInstanceOf(Conflict);
  });

  test('deletes with all that is owned, once, and never a later object of that name', async () => {
    await using stage = await open();
    const owner = await stage.world.create(jobs, aJob('owner'));
    await stage.world.create(jobs, aJob('owned', owner));
    expect(stage.world.list(jobs, { index: byOwner, value: owner.metadata.uid })).toHaveLength(1);
    await stage.world.delete(jobs, owner);
    expect(stage.store.list(jobs)).toEqual([]);
    await eventually(() => stage.world.list(jobs).length === 0);
    await stage.world.delete(jobs, owner);
    stage.store.create(jobs, aJob('owner'));
    await stage.world.delete(jobs, owner);
    expect(stage.store.list(jobs)).toHaveLength(1);
  });

  test('shows what others do', async () => {
    await using stage = await open();
    stage.store.create(jobs, aJob('a'));
    await eventually(() => shown(stage, 'a') !== undefined);
    stage.store.delete(jobs, 'team', 'a');
    await eventually(() => shown(stage, 'a') === undefined);
  });

  test('reads kinds without a cache', async () => {
    await using stage = await open();
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm', namespace: 'team' }, data: { a: 'b' } };
    stage.store.create(configMaps, map);
    expect((await stage.world.read(configMaps, 'team', 'm'))?.data).toEqual({ a: 'b' });
    expect(await stage.world.read(configMaps, 'team', 'n')).toBeUndefined();
  });

  test('reads all objects with some labels, as they are', async () => {
    await using stage = await open();
    const labelled = (name: string, labels: StringMap, namespace = 'team') => {
      const job = aJob(name);
      return { ...job, metadata: { ...job.metadata, namespace, labels } };
    };
    stage.store.create(jobs, labelled('a', { of: 'x', role: 'r' }));
    stage.store.create(jobs, labelled('b', { of: 'y' }));
    stage.store.create(jobs, labelled('c', { of: 'x' }, 'other'));
    const found = await stage.world.readAll<Job>(jobs, 'team', { of: 'x' });
    expect(found.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(['Job a']);
    expect(await stage.world.readAll<Job>(jobs, 'team', { of: 'x', role: 's' })).toEqual([]);
  });
});

describe('without the lease', () => {
  test('nothing is written', async () => {
    const lost = new LeaseLost('another leads');
    const gate: WriteGate = {
      signal: AbortSignal.abort(lost),
      check: () => {
        throw lost;
      },
    };
    await using stage = await behindAnApiServer(gate);
    stage.store.create(jobs, aJob('a'));
    await eventually(() => shown(stage, 'a') !== undefined);
    const seen = shown(stage, 'a') as Job;
    const writes = [
      stage.world.create(jobs, aJob('b')),
      stage.world.applyStatus(jobs, seen, { active: 1 }),
      stage.world.patch(jobs, seen, { spec: { suspend: false } }),
      stage.world.delete(jobs, seen),
    ];
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes).toEqual(writes.map(() => ({ status: 'rejected', reason: lost })));
    expect(stage.store.list(jobs)).toMatchObject([{ metadata: { name: 'a', resourceVersion: '101' } }]);
  });
});
