import { describe, expect, test } from '@jest/globals';
import { lookAtAllTasks, taskIndexes, wakeTasks } from '../../../src/controllers/fine-tune-task/wakes.ts';
import { tasks, zoos } from '../../../src/controllers/resources.ts';
import { slimClaim, slimJob, slimPod } from '../../../src/controllers/slim.ts';
import type { FineTuneTask } from '../../../src/crds/fine-tune-task.ts';
import type { PersistentVolumeClaim } from '../../../src/crds/kubernetes.ts';
import type { ModelZoo } from '../../../src/crds/model-zoo.ts';
import type { Job, Pod } from '../../../src/crds/workloads.ts';
import { Cache } from '../../../src/kube/cache.ts';
import { claims, jobs, pods } from '../../../src/kube/resources.ts';
import { aTask, aZoo } from '../../support/objects.ts';
import { runningPod } from '../job-builders.ts';
import { taskJob } from './builders.ts';

const claim = (name: string, version: string): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace: 'vision', resourceVersion: version },
});

function scene() {
  const caches = {
    tasks: new Cache<FineTuneTask>({ resource: tasks, indexes: taskIndexes }),
    jobs: new Cache<Job>({ resource: jobs, trim: slimJob }),
    pods: new Cache<Pod>({ resource: pods, trim: slimPod }),
    claims: new Cache<PersistentVolumeClaim>({ resource: claims, trim: slimClaim }),
    zoos: new Cache<ModelZoo>({ resource: zoos }),
  };
  caches.tasks.put(aTask({ spec: { zooRef: { name: 'small-images' } } }));
  caches.tasks.put(aTask({ metadata: { name: 'birds' }, spec: { data: { claim: { claimName: 'birds' } } } }));
  const woken: string[] = [];
  const stop = wakeTasks(caches, (key) => woken.push(key));
  return { caches, woken, stop };
}

type Caches = ReturnType<typeof scene>['caches'];

describe('a task is looked at', () => {
  const job = taskJob('training', 1);

  test.each<[string, (caches: Caches) => void, readonly string[]]>([
    ['when it changes', (c) => c.tasks.put(aTask({ metadata: { resourceVersion: '5' } })), ['vision/flowers']],
    ['when its Job changes', (c) => c.jobs.put(job), ['vision/flowers']],
    ['when its pod changes', (c) => c.pods.put(runningPod(job)), ['vision/flowers']],
    ['when a claim that it names comes', (c) => c.claims.put(claim('birds', '5')), ['vision/birds']],
    [
      'with all others that name the claim',
      (c) => c.claims.put(claim('models', '5')),
      ['vision/flowers', 'vision/birds'],
    ],
    ['not when another claim comes', (c) => c.claims.put(claim('else', '5')), []],
    ['when its zoo comes', (c) => c.zoos.put(aZoo()), ['vision/flowers']],
  ])('%s', (_name, change, expected) => {
    const { caches, woken } = scene();
    change(caches);
    expect(woken).toEqual(expected);
  });

  test('not at each step of the search of its zoo', () => {
    const { caches, woken } = scene();
    const searching = (version: string, done: number) =>
      aZoo({
        metadata: { resourceVersion: version },
        status: { phase: 'Searching', evaluations: { done, running: 1, failed: 0, total: 10 } },
      });
    caches.zoos.put(searching('5', 1));
    caches.zoos.put(searching('6', 2));
    expect(woken).toEqual(['vision/flowers']);
  });

  test('no more once it is stopped', () => {
    const { caches, woken, stop } = scene();
    stop();
    caches.jobs.put(job);
    expect(woken).toEqual([]);
  });
});

test.each<[string, FineTuneTask]>([
  ['a new task', aTask({ metadata: { name: 'new', generation: 1 } })],
  ['a task that was changed', aTask({ metadata: { name: 'new', generation: 2 }, status: { observedGeneration: 1 } })],
])('a new leader looks at %s before those that were answered to', (_name, waiting) => {
  const all = new Cache<FineTuneTask>({ resource: tasks, indexes: taskIndexes });
  const answered = { generation: 1, resourceVersion: '1' };
  for (const name of ['a', 'b']) all.put(aTask({ metadata: { ...answered, name }, status: { observedGeneration: 1 } }));
  all.put(waiting);
  const looks: string[] = [];
  lookAtAllTasks(all, { add: (key) => looks.push(`add ${key}`), review: (key) => looks.push(`review ${key}`) });
  expect(looks).toEqual(['add vision/new', 'review vision/a', 'review vision/b', 'review vision/new']);
});
