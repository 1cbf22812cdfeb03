import { describe, expect, test } from '@jest/globals';
import { Conflict, Forbidden } from '../../src/kube/errors.ts';
import { jobs } from '../../src/kube/resources.ts';
import { ManualClock } from '../../src/lib/clock.ts';
import { jobNamed } from '../support/followed-jobs.ts';
import { SimulatedCrash, SimulatedWorld } from '../support/simulated-world.ts';

const aJob = (name: string) => ({ ...jobNamed(name), spec: { template: { spec: { containers: [] } } } });
const aWorld = (): SimulatedWorld => new SimulatedWorld(new ManualClock());
const names = (world: SimulatedWorld): string[] => world.list(jobs).map(({ metadata }) => metadata.name);

describe('a simulated world', () => {
  test('dies after the write that was asked for, and lets nothing through until it is started again', async () => {
    const world = aWorld();
    world.crashAfterWrite(2);
    await world.create(jobs, aJob('a'));
    await expect(world.create(jobs, aJob('b'))).rejects.toBeInstanceOf(SimulatedCrash);
    await expect(world.create(jobs, aJob('c'))).rejects.toBeInstanceOf(SimulatedCrash);
    expect(names(world)).toEqual(['a', 'b']);
    world.restart();
    await world.create(jobs, aJob('c'));
    expect(names(world)).toEqual(['a', 'b', 'c']);
    expect(world.writes.map(({ verb, name }) => `${verb} ${name}`)).toEqual(['create a', 'create b', 'create c']);
  });

  test('refuses a write as the API server would, without carrying it out', async () => {
    const world = aWorld();
    world.refuseNextWrite(new Forbidden('exceeded quota', ''));
    await expect(world.create(jobs, aJob('a'))).rejects.toBeInstanceOf(Forbidden);
    expect(names(world)).toEqual([]);
    await world.create(jobs, aJob('a'));
    expect(names(world)).toEqual(['a']);
  });

  test('can show an old view, from which no status can be written', async () => {
    const world = aWorld();
    const seen = await world.create(jobs, aJob('a'));
    world.holdReads(jobs);
    await world.applyStatus(jobs, seen, { active: 1 });
    await world.create(jobs, aJob('b'));
    expect(names(world)).toEqual(['a']);
    const old = world.get(jobs, 'team', 'a');
    expect(old?.status).toBeUndefined();
    await expect(world.applyStatus(jobs, old ?? seen, { active: 2 })).rejects.toBeInstanceOf(Conflict);
    world.releaseReads();
    expect(names(world)).toEqual(['a', 'b']);
    expect(world.get(jobs, 'team', 'a')?.status).toEqual({ active: 1 });
  });

  test('keeps an object with a finalizer until that is gone', async () => {
    const world = aWorld();
    const job = aJob('a');
    const finalizers = ['nasoa.dev/cleanup'];
    const seen = await world.create(jobs, { ...job, metadata: { ...job.metadata, finalizers } });
    await world.delete(jobs, seen);
    expect(world.get(jobs, 'team', 'a')?.metadata.deletionTimestamp).toBe('1970-01-01T00:00:00Z');
    await world.patch(jobs, seen, { metadata: { finalizers: null } });
    expect(names(world)).toEqual([]);
  });

  test('makes no new version for a write that changes nothing', async () => {
    const world = aWorld();
    const seen = await world.create(jobs, aJob('a'));
    const first = await world.applyStatus(jobs, seen, { active: 1 });
    const second = await world.applyStatus(jobs, first, { active: 1 });
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });
});
