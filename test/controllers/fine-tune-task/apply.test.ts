import { describe, expect, test } from '@jest/globals';
import { taskReconciler } from '../../../src/controllers/fine-tune-task/controller.ts';
import { tasks } from '../../../src/controllers/resources.ts';
import { reconcile } from '../../../src/controllers/runtime.ts';
import { findCondition } from '../../../src/crds/conditions.ts';
import type { FineTuneTask } from '../../../src/crds/fine-tune-task.ts';
import type { PersistentVolumeClaim } from '../../../src/crds/kubernetes.ts';
import type { Job } from '../../../src/crds/workloads.ts';
import { errorOf } from '../../../src/kube/errors.ts';
import { claims, jobs } from '../../../src/kube/resources.ts';
import { ManualClock } from '../../../src/lib/clock.ts';
import { anInstant, aTask } from '../../support/objects.ts';
import { SimulatedWorld } from '../../support/simulated-world.ts';
import { portsOf } from './ports.ts';

function scene(spec: Readonly<Record<string, unknown>> = {}) {
  const clock = new ManualClock(Date.parse(anInstant) / 1000);
  const world = new SimulatedWorld(clock);
  for (const name of ['flowers', 'models']) {
    world.put<PersistentVolumeClaim>(claims, {
      ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace: 'vision' } },
    });
  }
  const { metadata: _, ...task } = aTask({ spec });
  world.put<FineTuneTask>(tasks, { ...task, metadata: { name: 'flowers', namespace: 'vision' } });
  const operator = taskReconciler(portsOf({ world, clock, reports: new Map(), storeAnswersLost: 0 }));
  return {
    ...{ world, clock },
    pass: () => reconcile(operator, 'vision/flowers', clock),
    task: () => world.get<FineTuneTask>(tasks, 'vision', 'flowers'),
    doing: () =>
      findCondition(world.get<FineTuneTask>(tasks, 'vision', 'flowers')?.status?.conditions, 'Running')?.reason,
    jobs: () => world.list<Job>(jobs).map(({ metadata }) => metadata.name.split('-').slice(-2).join('-')),
  };
}

const forbidden = errorOf('POST jobs', 403, { kind: 'Status', reason: 'Forbidden', message: 'a policy forbids it' });
const conflict = errorOf('PATCH tasks', 409, { kind: 'Status', reason: 'Conflict' });

describe('a pass over a task in a world', () => {
  test('writes the status before it makes the Job', async () => {
    const { world, pass } = scene();
    await pass();
    expect(world.writes.map(({ verb, plural }) => `${verb} ${plural}`)).toEqual([
      'applyStatus finetunetasks',
      'create jobs',
    ]);
  });

  test('makes no Job on a view that is old', async () => {
    const { world, pass, jobs: made } = scene();
    world.refuseNextWrite(conflict);
    expect((await pass()).kind).toBe('retry');
    expect(made()).toEqual([]);
  });

  test('states what is missing within one pass, and starts as soon as it is there', async () => {
    const { world, pass, doing, jobs: made } = scene();
    world.remove(claims, 'vision', 'flowers');
    await pass();
    expect({ doing: doing(), made: made() }).toEqual({ doing: 'ClaimNotFound', made: [] });
    world.put<PersistentVolumeClaim>(claims, {
      ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'flowers', namespace: 'vision' } },
    });
    await pass();
    expect({ doing: doing(), made: made() }).toEqual({ doing: 'Starting', made: ['profile-1'] });
  });

  test('looks for a Secret at the API server, and looks again after a while', async () => {
    const output = { s3: { url: 's3://models/vision', secretName: 'keys' } };
    const { pass, doing, jobs: made } = scene({ output });
    expect(await pass()).toEqual({ kind: 'requeue', seconds: 15 });
    expect({ doing: doing(), made: made() }).toEqual({ doing: 'SecretNotFound', made: [] });
  });

  test("tells the API server's words when it refuses the Job, and tries again later", async () => {
    const { world, clock, pass, task, doing, jobs: made } = scene();
    await pass();
    world.remove(jobs, 'vision', world.list<Job>(jobs)[0]?.metadata.name ?? '');
    // the status says all of it already, so the next write is that of the Job
    world.refuseNextWrite(forbidden);
    expect(await pass()).toEqual({ kind: 'requeue', seconds: 0 });
    await pass();
    expect(doing()).toBe('PodRejected');
    expect(findCondition(task()?.status?.conditions, 'Running')?.message).toContain('a policy forbids it');
    clock.advance(60);
    await pass();
    expect(made()).toEqual(['profile-1']);
  });

  test('writes nothing where nothing is new', async () => {
    const { world, pass } = scene();
    await pass();
    const before = world.writes.length;
    await pass();
    expect(world.writes).toHaveLength(before);
  });

  test('is done with a task that is gone', async () => {
    const { world, pass } = scene();
    world.remove(tasks, 'vision', 'flowers');
    expect(await pass()).toEqual({ kind: 'done' });
  });

  test('stalls on a task that this version cannot read', async () => {
    const { world, pass } = scene();
    world.change<FineTuneTask>(tasks, 'vision', 'flowers', (task) => ({
      ...task,
      spec: { ...task.spec, retries: -1 },
    }));
    expect((await pass()).kind).toBe('stalled');
  });
});
