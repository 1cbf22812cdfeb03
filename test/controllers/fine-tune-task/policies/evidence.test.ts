import { describe, expect, test } from '@jest/globals';
import { evidence } from '../../../../src/controllers/fine-tune-task/policies/evidence.ts';
import { endedPod, failed, runningPod, trained } from '../../job-builders.ts';
import { factsAt, taskJob, training, type ViewOver } from '../builders.ts';

const open = taskJob('training', 1);
const over = taskJob('training', 1, { ended: 'Failed' });
const seen = (job: typeof open, ...pods: ViewOver['pods'] & object): ViewOver => ({
  ...{ status: training(), jobs: [job], pods, podsAreCurrent: false },
});

describe('the pods are read before a verdict on a Job', () => {
  test.each<[string, ViewOver, boolean]>([
    ['that is over without a pod to tell how', seen(over), true],
    ['that is over while its pod seems to run', seen(over, runningPod(over)), true],
    ['that has failed', seen(over, endedPod(over, failed('Internal'), { code: 1 })), true],
    ['that has failed, but not twice', { ...seen(over), podsAreCurrent: true }, false],
    ['that has answered: no', seen(over, endedPod(over, trained)), false],
    ['that runs: no', seen(open, runningPod(open)), false],
  ])('%s', (_name, view, asks) => {
    expect(evidence(factsAt(60, view))?.actions).toEqual(asks ? [{ do: 'readPods' }] : undefined);
  });
});
