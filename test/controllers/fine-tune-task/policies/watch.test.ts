import { describe, expect, test } from '@jest/globals';
import { watch } from '../../../../src/controllers/fine-tune-task/policies/watch.ts';
import { aPod, endedPod, runningPod, unschedulable } from '../../job-builders.ts';
import { factsAt, taskJob, training, type ViewOver } from '../builders.ts';

const job = taskJob('training', 1);
const of = (...pods: ReturnType<typeof aPod>[]): ViewOver => ({ status: training(), jobs: [job], pods });

describe('watching a Job', () => {
  test.each<[string, ViewOver, string, string]>([
    ['runs', of(runningPod(job)), 'True', 'Training'],
    ['waits for a node', of(unschedulable(job, 'no GPU')), 'False', 'Unschedulable'],
    ['starts', of(aPod(job, { node: 'node-1' })), 'False', 'Starting'],
    ['writes its checkpoint', of(runningPod(job, { deletedAt: 50 })), 'False', 'Retrying'],
    ['is replaced', of(endedPod(job, undefined, { code: 20 })), 'False', 'Retrying'],
    ['could not be made', { ...of(), jobs: [job] }, 'False', 'PodRejected'],
  ])('tells that the pod %s', (_name, view, status, reason) => {
    expect(watch(factsAt(60, view))?.running).toMatchObject({ status, reason });
  });

  test('looks again when the pod of a new Job should be there', () => {
    expect(watch(factsAt(5, of()))).toMatchObject({ running: { reason: 'Starting' }, wakeSeconds: 20 });
  });

  test('looks again when a running pod should be through', () => {
    const ruling = watch(factsAt(60, of(runningPod(job, { startedAt: 0 }))));
    // 600 s of budget and 60 s of closing, twice over
    expect(ruling?.wakeSeconds).toBe(2 * 660 - 60);
  });
});
