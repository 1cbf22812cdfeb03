import { describe, expect, test } from '@jest/globals';
import { suspension } from '../../../../src/controllers/fine-tune-task/policies/suspension.ts';
import { runningPod } from '../../job-builders.ts';
import { deedsOf, factsAt, taskJob, training, type ViewOver } from '../builders.ts';

const held = { spec: { suspend: true } } as const;
const job = taskJob('training', 1);

describe('suspension', () => {
  test('is none unless it is asked for', () => {
    expect(suspension(factsAt(10, { status: training(), jobs: [job] }))).toBeUndefined();
  });

  test.each<[string, ViewOver, readonly string[]]>([
    [
      'deletes the Job, so that its pod writes a checkpoint',
      { ...held, status: training(), jobs: [job], pods: [runningPod(job)] },
      ['delete train-1'],
    ],
    [
      'deletes a Job that Kueue holds',
      { ...held, status: training(), jobs: [taskJob('training', 1, { suspend: true })] },
      ['delete train-1'],
    ],
    ['deletes nothing twice', { ...held, status: training(), jobs: [taskJob('training', 1, { deletedAt: 5 })] }, []],
    [
      'leaves what has ended for its logs',
      { ...held, status: training(), jobs: [taskJob('profile', 1, { ended: 'Complete' })] },
      [],
    ],
    ['has nothing to do before the first Job', held, []],
  ])('%s', (_name, view, deeds) => {
    const ruling = suspension(factsAt(10, view));
    expect(deedsOf(ruling ?? {})).toEqual(deeds);
    expect(ruling?.running.status).toBe('Unknown');
  });
});
