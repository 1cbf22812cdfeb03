import { describe, expect, test } from '@jest/globals';
import { finished } from '../../../../src/controllers/fine-tune-task/policies/finished.ts';
import { endedPod, trained } from '../../job-builders.ts';
import { complete, deedsOf, factsAt, stating, taskJob, training, type ViewOver } from '../builders.ts';

const failedStatus = training({
  conditions: stating({ type: 'Failed', status: 'True', reason: 'NoImages', message: 'x' }),
  completionTime: '2026-08-01T12:00:00Z',
});
const anHour = { ttlAfterFinished: '1h' };
const job = taskJob('training', 1, { ended: 'Complete' });

describe('a finished task', () => {
  test('is none while it trains', () => {
    expect(finished(factsAt(10, { status: training() }))).toBeUndefined();
  });

  test.each<[string, number, ViewOver, readonly string[], number | undefined]>([
    ['stays', 10, { status: complete({ experienceStored: true }) }, [], undefined],
    [
      'goes when its time is up',
      3600,
      { spec: anHour, status: complete({ experienceStored: true }) },
      ['deleteTask'],
      undefined,
    ],
    ['waits for its time', 3000, { spec: anHour, status: complete({ experienceStored: true }) }, [], 600],
    [
      'goes when its time is up, though it failed',
      3600,
      { spec: anHour, status: failedStatus },
      ['deleteTask'],
      undefined,
    ],
    ['asks once more for its experience to be stored', 10, { status: complete() }, ['storeExperience'], undefined],
    [
      'does not go before its experience is stored',
      9999,
      { spec: anHour, status: complete() },
      ['storeExperience'],
      undefined,
    ],
    [
      'waits for the store, though its time is up',
      9999,
      { spec: anHour, status: complete(), answers: { experience: 'failed' } },
      [],
      30,
    ],
    [
      'goes with the experience that was just stored',
      9999,
      { spec: anHour, status: complete(), answers: { experience: 'kept' } },
      ['deleteTask'],
      undefined,
    ],
    [
      'goes with the experience that the store refuses',
      9999,
      { spec: anHour, status: complete({ experienceStored: false }) },
      ['deleteTask'],
      undefined,
    ],
    [
      'stops a Job that still runs',
      10,
      { status: failedStatus, jobs: [taskJob('training', 1)] },
      ['delete train-1'],
      undefined,
    ],
  ])('%s', (_name, now, view, deeds, wake) => {
    const ruling = finished(factsAt(now, view));
    expect(deedsOf(ruling ?? {})).toEqual(deeds);
    expect(ruling?.wakeSeconds).toBe(wake);
  });

  test('stores the curve that its pod left', () => {
    const ruling = finished(factsAt(10, { status: complete(), jobs: [job], pods: [endedPod(job, trained)] }));
    const [question] = ruling?.actions ?? [];
    expect(question?.do === 'storeExperience' && question.experience.curve).toEqual(trained.curve);
  });
});
