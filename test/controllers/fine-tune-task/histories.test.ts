/** Every history that a task may have, each with the operator dying after any of its writes, and after all of them. */
import { describe, expect, test } from '@jest/globals';
import { tasks } from '../../../src/controllers/resources.ts';
import { jobs, pods } from '../../../src/kube/resources.ts';
import { type History, type Life, live } from './life.ts';

const suspendOnce: NonNullable<History['user']> = [
  { when: { doing: 'Training' }, set: { suspend: true } },
  { when: { suspended: 'SuspendRequested' }, set: { suspend: false } },
];

interface Ending {
  readonly phase: string | undefined;
  readonly failed?: string;
  /** Jobs in the order in which they were made. */
  readonly jobs: readonly string[];
  readonly experiences: number;
  /** Least active seconds that must be accounted for. */
  readonly activeSeconds: number;
}

const histories: readonly (readonly [string, History, Ending])[] = [
  [
    'profile, plan, training',
    {},
    { phase: 'Complete', jobs: ['profile-1', 'train-1'], experiences: 1, activeSeconds: 80 },
  ],
  [
    'through a queue',
    { spec: { queueName: 'team' } },
    { phase: 'Complete', jobs: ['profile-1', 'train-1'], experiences: 1, activeSeconds: 80 },
  ],
  [
    'suspended and resumed in mid-training',
    { fates: { training: ['stays'] }, user: suspendOnce },
    { phase: 'Complete', jobs: ['profile-1', 'train-1', 'train-1'], experiences: 1, activeSeconds: 120 },
  ],
  [
    'created suspended, resumed later',
    { spec: { suspend: true }, user: [{ when: { suspended: 'SuspendRequested' }, set: { suspend: false } }] },
    { phase: 'Complete', jobs: ['profile-1', 'train-1'], experiences: 1, activeSeconds: 80 },
  ],
  [
    'preempted twice',
    { fates: { training: ['preempted', 'preempted'] } },
    { phase: 'Complete', jobs: ['profile-1', 'train-1'], experiences: 1, activeSeconds: 160 },
  ],
  [
    'out of memory twice',
    { fates: { training: ['outOfMemory', 'outOfMemory'] } },
    { phase: 'Complete', jobs: ['profile-1', 'train-1', 'train-2', 'train-3'], experiences: 1, activeSeconds: 160 },
  ],
  [
    'a profile that fails once',
    { fates: { profile: ['fails'] } },
    { phase: 'Complete', jobs: ['profile-1', 'profile-2', 'train-1'], experiences: 1, activeSeconds: 120 },
  ],
  [
    'a training that fails once',
    { fates: { training: ['fails'] } },
    { phase: 'Complete', jobs: ['profile-1', 'train-1', 'train-2'], experiences: 1, activeSeconds: 120 },
  ],
  [
    'more failures than retries',
    { spec: { retries: 1 }, fates: { training: ['fails', 'fails', 'fails'] } },
    {
      ...{ phase: 'Failed', failed: 'StorageUnreachable', jobs: ['profile-1', 'train-1', 'train-2'] },
      ...{ experiences: 0, activeSeconds: 120 },
    },
  ],
  [
    'data without images',
    { fates: { profile: ['badData'] } },
    { phase: 'Failed', failed: 'NoImages', jobs: ['profile-1'], experiences: 0, activeSeconds: 0 },
  ],
  [
    'no node for its pod',
    { spec: { startDeadline: '1m' }, fates: { profile: ['unschedulable'] } },
    { phase: 'Failed', failed: 'StartDeadlineExceeded', jobs: ['profile-1'], experiences: 0, activeSeconds: 0 },
  ],
  [
    'a budget that suffices for nothing',
    { spec: { budget: { time: '41s' } } },
    { phase: 'Failed', failed: 'NothingFits', jobs: ['profile-1'], experiences: 0, activeSeconds: 40 },
  ],
  [
    'its end after some time',
    { spec: { ttlAfterFinished: '10m' } },
    { phase: undefined, jobs: ['profile-1', 'train-1'], experiences: 1, activeSeconds: 0 },
  ],
];

function check(life: Life, ending: Ending): void {
  const { phase, failed, jobs, experiences, activeSeconds } = ending;
  expect({ phase: life.phase, jobs: life.jobs, experiences: life.experiences.length }).toEqual({
    ...{ phase, jobs, experiences },
  });
  expect(life.failed).toBe(failed);
  expect(life.activeSeconds).toBeGreaterThanOrEqual(activeSeconds);
  expect(life.plans).toHaveLength(jobs.some((name) => name.startsWith('train')) ? 1 : 0);
  expect(life.mostTrainers).toBeLessThanOrEqual(1);
  expect(life.jobsBeforeTheirPromise).toEqual([]);
  // nobody's account of the time spent ever shrinks
  expect(life.spentSeconds).toEqual(life.spentSeconds.toSorted((a, b) => a - b));
}

describe.each(histories)('%s', (_name, history, ending) => {
  test('comes to its end', async () => {
    check(await live(history, { crashes: 'never' }), ending);
  });

  test('comes to the same end with the operator dying after any write', async () => {
    const { writes } = await live(history, { crashes: 'never' });
    for (let n = 1; n <= writes; n++) check(await live(history, { crashes: n }), ending);
  });

  test('comes to the same end with the operator dying after every write', async () => {
    check(await live(history, { crashes: 'always' }), ending);
  });

  test.each([jobs, pods, tasks])('comes to the same end with a cache of $plural that lags behind', async (resource) => {
    for (const passes of [2, 3, 5]) {
      check(await live(history, { crashes: 'never', lagging: { resource, passes } }), ending);
    }
  });

  test('comes to the same end with a store whose answers get lost', async () => {
    check(await live(history, { crashes: 'never', storeAnswersLost: 3 }), ending);
  });
});
