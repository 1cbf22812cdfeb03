import { describe, expect, test } from '@jest/globals';
import { fatal } from '../../../../src/controllers/fine-tune-task/policies/fatal.ts';
import { endedPod, failed, profiled, runningPod } from '../../job-builders.ts';
import { aReport, attemptsOf, deedsOf, factsAt, profiling, taskJob, training, type ViewOver } from '../builders.ts';

const job = taskJob('training', 1, { ended: 'Failed' });
const profileJob = taskJob('profile', 1, { ended: 'Failed' });

const trainingEnded = (pod: ReturnType<typeof endedPod>, over: ViewOver = {}): ViewOver => ({
  status: training(),
  jobs: [job],
  pods: [pod],
  ...over,
});

describe('a failure of the Job is one of the task', () => {
  test.each<[string, ViewOver, string | undefined]>([
    ['at once where the data are bad', trainingEnded(endedPod(job, failed('NoImages'), { code: 10 })), 'NoImages'],
    [
      'at once where the answer cannot be read',
      trainingEnded(endedPod(job, undefined, { code: 10, log: 'some log' })),
      'ImageIncompatible',
    ],
    [
      'at once where a profile answers a training',
      { status: training(), jobs: [job], pods: [endedPod(job, profiled)] },
      'ImageIncompatible',
    ],
    ['not while a retry is left', trainingEnded(endedPod(job, undefined, { code: 1 })), undefined],
    [
      'once the retries are used up',
      { ...trainingEnded(endedPod(job, undefined, { code: 1 })), spec: { retries: 0 } },
      'RetriesExhausted',
    ],
    [
      'counting the failures of the profile too',
      {
        spec: { retries: 2 },
        status: training({ attempts: attemptsOf(3, 1) }),
        jobs: [job],
        pods: [endedPod(job, failed('StorageUnreachable'), { code: 1 })],
      },
      'StorageUnreachable',
    ],
    ['not for want of memory', trainingEnded(endedPod(job, undefined, { code: 137, why: 'OOMKilled' })), undefined],
    [
      'for want of memory with the smallest memory plan',
      trainingEnded(endedPod(job, failed('OutOfMemory'), { code: 1 }), {
        spec: { retries: 10 },
        status: training({ attempts: attemptsOf(1, 1, 3) }),
      }),
      'OutOfMemory',
    ],
    [
      'when the budget is spent without a step',
      trainingEnded(endedPod(job, undefined, { code: 1 }), { status: training({ activeSeconds: 600 }) }),
      'BudgetSpent',
    ],
    [
      'not when the budget is spent with steps to keep',
      trainingEnded(endedPod(job, undefined, { code: 1 }), {
        status: training({ activeSeconds: 600 }),
        report: aReport(),
      }),
      undefined,
    ],
    [
      'when a profile ate the budget',
      {
        status: profiling({ activeSeconds: 700 }),
        jobs: [profileJob],
        pods: [endedPod(profileJob, undefined, { code: 1 })],
      },
      'BudgetSpent',
    ],
  ])('%s', (_name, view, reason) => {
    expect(fatal(factsAt(100, view))?.end?.reason).toBe(reason);
  });

  test('when the last allowed pod runs on long after its time', () => {
    const stuck = taskJob('training', 1);
    const view: ViewOver = {
      ...{ spec: { retries: 0 }, status: training(), jobs: [stuck], pods: [runningPod(stuck, { startedAt: 0 })] },
    };
    expect(fatal(factsAt(1300, view))?.end).toBeUndefined();
    const ruling = fatal(factsAt(1400, view));
    expect(ruling?.end?.reason).toBe('RetriesExhausted');
    expect(deedsOf(ruling ?? {})).toEqual(['delete train-1']);
  });

  test("with the pod's own words", () => {
    const view = trainingEnded(endedPod(job, failed('NoImages'), { code: 10 }));
    expect(fatal(factsAt(100, view))?.end?.message).toBe('It is NoImages.');
  });
});
