import { describe, expect, test } from '@jest/globals';
import { decide } from '../../../src/controllers/fine-tune-task/decide.ts';
import { aPlan, aZoo } from '../../support/objects.ts';
import {
  at,
  disrupted,
  endedPod,
  failed,
  profiled,
  runningPod,
  trained,
  unschedulable,
  waitingWith,
} from '../job-builders.ts';
import {
  attemptsOf,
  aView,
  deedsOf,
  profiling,
  stating,
  taskJob,
  told,
  training,
  type ViewOver,
  waitingSince,
} from './builders.ts';

const planAnswer = { kind: 'plan', plan: { ...aPlan(), budgetSeconds: 600 }, seconds: 0.4 } as const;
const [profile1, train1] = [taskJob('profile', 1), taskJob('training', 1)];
const queue = { queueName: 'team' };
const failedTrain = taskJob('training', 1, { ended: 'Failed' });
const trainFailedWith = (reason: Parameters<typeof failed>[0], code: number): ViewOver => ({
  status: training(),
  jobs: [failedTrain],
  pods: [endedPod(failedTrain, failed(reason), { code })],
});

interface Told {
  readonly phase: string;
  readonly doing: string;
  readonly failed?: string;
  readonly deeds: readonly string[];
}
type Row = readonly [string, ViewOver, Told];

const starting: readonly Row[] = [
  ['asks for a profile', {}, { phase: 'Pending', doing: 'Starting', deeds: ['create profile-1'] }],
  [
    'makes the promised Job where a crash left it out',
    { status: profiling() },
    { phase: 'Pending', doing: 'Starting', deeds: ['create profile-1'] },
  ],
  [
    'names a claim that is missing',
    { missingClaims: ['flowers'] },
    { phase: 'Pending', doing: 'ClaimNotFound', deeds: [] },
  ],
  [
    'waits for a zoo that does not exist',
    { spec: { zooRef: { name: 'birds' } }, members: [] },
    { phase: 'Pending', doing: 'NotStarted', deeds: [] },
  ],
  [
    'fails with a zoo that failed',
    {
      spec: { zooRef: { name: 'birds' } },
      zoo: aZoo({
        status: { conditions: stating({ type: 'Failed', status: 'True', reason: 'Internal', message: 'x' }) },
      }),
    },
    { phase: 'Failed', doing: 'Finished', failed: 'ZooFailed', deeds: [] },
  ],
  [
    'fails where none of the members asked for is in the zoo',
    { spec: { members: ['huge'] } },
    { phase: 'Failed', doing: 'Finished', failed: 'MemberNotFound', deeds: [] },
  ],
  [
    'does nothing while it is suspended',
    { spec: { suspend: true } },
    { phase: 'Suspended', doing: 'Suspended', deeds: [] },
  ],
  [
    'tells that the API server refused its Job',
    { status: profiling(), refusal: { message: 'denied by a policy', due: false } },
    { phase: 'Pending', doing: 'PodRejected', deeds: [] },
  ],
  [
    'tries a refused Job again after a while',
    { status: profiling(), refusal: { message: 'denied by a policy', due: true } },
    { phase: 'Pending', doing: 'PodRejected', deeds: ['create profile-1'] },
  ],
];

const watching: readonly Row[] = [
  [
    "tells the scheduler's words",
    {
      status: profiling(),
      jobs: [profile1],
      pods: [unschedulable(profile1, '0/1 nodes: Insufficient nvidia.com/gpu')],
    },
    { phase: 'Pending', doing: 'Unschedulable', deeds: [] },
  ],
  [
    'tells that the image cannot be pulled',
    { status: training(), jobs: [train1], pods: [waitingWith(train1, 'ImagePullBackOff')] },
    { phase: 'Starting', doing: 'ImagePullFailed', deeds: [] },
  ],
  [
    'tells that Kueue holds the Job',
    { spec: queue, status: training(), jobs: [taskJob('training', 1, { suspend: true })] },
    { phase: 'Starting', doing: 'Queued', deeds: [] },
  ],
  [
    'profiles',
    { status: profiling(), jobs: [profile1], pods: [runningPod(profile1)] },
    { phase: 'Profiling', doing: 'Profiling', deeds: [] },
  ],
  [
    'trains',
    { status: training(), jobs: [train1], pods: [runningPod(train1)] },
    { phase: 'Running', doing: 'Training', deeds: [] },
  ],
  [
    'leaves a preempted pod to its Job',
    { status: training(), jobs: [train1], pods: [endedPod(train1, undefined, { code: 20, conditions: [disrupted] })] },
    { phase: 'Starting', doing: 'Retrying', deeds: [] },
  ],
  [
    'trains on in the pod that replaces a preempted one',
    {
      status: training(),
      jobs: [train1],
      pods: [
        endedPod(train1, undefined, { code: 20, conditions: [disrupted] }),
        runningPod(train1, { name: 'second', madeAt: 30, startedAt: 35 }),
      ],
    },
    { phase: 'Running', doing: 'Training', deeds: [] },
  ],
];

const turning: readonly Row[] = [
  [
    'asks for the plan as soon as the profile is taken',
    { status: profiling(), jobs: [profile1], pods: [endedPod(profile1, profiled)] },
    { phase: 'Planning', doing: 'NotStarted', deeds: ['plan'] },
  ],
  [
    'states the plan together with the training it promises',
    { status: profiling(), jobs: [profile1], pods: [endedPod(profile1, profiled)], answers: { plan: planAnswer } },
    { phase: 'Starting', doing: 'Starting', deeds: ['create train-1'] },
  ],
  [
    'fails where no candidate fits',
    {
      status: profiling(),
      jobs: [profile1],
      pods: [endedPod(profile1, profiled)],
      answers: { plan: { kind: 'nothingFits', message: 'Allow at least 3m.' } },
    },
    { phase: 'Failed', doing: 'Finished', failed: 'NothingFits', deeds: [] },
  ],
  [
    'asks for the experience to be stored before it is complete',
    { status: training(), jobs: [train1], pods: [endedPod(train1, trained)] },
    { phase: 'Starting', doing: 'Starting', deeds: ['storeExperience'] },
  ],
  [
    'is complete with its result',
    { status: training(), jobs: [train1], pods: [endedPod(train1, trained)], answers: { experience: 'kept' } },
    { phase: 'Complete', doing: 'Finished', deeds: [] },
  ],
  [
    'is complete although it was suspended meanwhile',
    {
      spec: { suspend: true },
      status: training(),
      jobs: [train1],
      pods: [endedPod(train1, trained)],
      answers: { experience: 'kept' },
    },
    { phase: 'Complete', doing: 'Finished', deeds: [] },
  ],
  [
    'stops its Job while it is suspended',
    { spec: { suspend: true }, status: training(), jobs: [train1], pods: [runningPod(train1)] },
    { phase: 'Suspended', doing: 'Suspended', deeds: ['delete train-1'] },
  ],
  [
    "makes the same attempt's Job again on resume",
    { status: training({ attempts: attemptsOf(1, 2) }) },
    { phase: 'Starting', doing: 'Starting', deeds: ['create train-2'] },
  ],
  [
    'does not resume before the former pod has ended',
    { status: training(), pods: [runningPod(train1, { deletedAt: 50 })] },
    { phase: 'Starting', doing: 'Retrying', deeds: [] },
  ],
];

const failing: readonly Row[] = [
  [
    'fails at once for want of images',
    trainFailedWith('NoImages', 10),
    { phase: 'Failed', doing: 'Finished', failed: 'NoImages', deeds: [] },
  ],
  [
    'tries again after a failure that may pass',
    trainFailedWith('StorageUnreachable', 1),
    { phase: 'Starting', doing: 'Retrying', deeds: [] },
  ],
  [
    'fails with the last failure once its retries are used up',
    { ...trainFailedWith('Internal', 1), spec: { retries: 0 } },
    { phase: 'Failed', doing: 'Finished', failed: 'RetriesExhausted', deeds: [] },
  ],
  [
    'stays failed, and stops what still runs',
    {
      status: {
        ...training(),
        conditions: stating({ type: 'Failed', status: 'True', reason: 'NoImages', message: 'x' }),
      },
      jobs: [train1],
    },
    { phase: 'Starting', doing: '', deeds: ['delete train-1'] },
  ],
  [
    'fails when no pod ran within the start deadline',
    {
      spec: { startDeadline: '1m' },
      status: training({ conditions: waitingSince(0) }),
      jobs: [train1],
      pods: [unschedulable(train1, 'no GPU')],
    },
    { phase: 'Failed', doing: 'Finished', failed: 'StartDeadlineExceeded', deeds: ['delete train-1'] },
  ],
];

describe('a task', () => {
  test.each([...starting, ...watching, ...turning])('%s', (_name, view, expected) => {
    const decision = decide(aView(view), at(60));
    expect(deedsOf(decision)).toEqual(expected.deeds);
    // a question is provisional: the status comes with the decision made after its answer
    const asks = ['plan', 'storeExperience', 'look'].some((question) => expected.deeds.includes(question));
    if (!asks) expect(told(decision)).toEqual(withoutDeeds(expected));
  });

  test.each(failing.filter(([, , { doing }]) => doing !== ''))('%s', (_name, view, expected) => {
    const decision = decide(aView(view), at(60));
    expect({ ...told(decision), deeds: deedsOf(decision) }).toEqual(expected);
  });

  test.each(failing.filter(([, , { doing }]) => doing === ''))('%s', (_name, view, { deeds }) => {
    const decision = decide(aView(view), at(60));
    expect(deedsOf(decision)).toEqual(deeds);
    expect(decision.status).toEqual({ ...view.status, observedGeneration: 1 });
  });

  const withoutDeeds = ({ deeds: _, ...rest }: Told) => rest;
});
