import { describe, expect, test } from '@jest/globals';
import { start } from '../../../../src/controllers/fine-tune-task/policies/start.ts';
import { endedPod, failed, runningPod } from '../../job-builders.ts';
import { attemptsOf, deedsOf, factsAt, profiling, taskJob, training, type ViewOver } from '../builders.ts';

const job = taskJob('training', 1, { ended: 'Failed' });
const s3 = { s3: { url: 's3://models/vision', secretName: 'keys' } };

describe('start', () => {
  test('has nothing to do where the Job is there', () => {
    expect(start(factsAt(10, { status: profiling(), jobs: [taskJob('profile', 1)] }))).toBeUndefined();
  });

  test.each<[string, ViewOver, readonly string[], ReturnType<typeof attemptsOf> | undefined]>([
    ['promises the first attempt with its Job', {}, ['create profile-1'], attemptsOf(1)],
    ['promises nothing while a claim is missing', { missingClaims: ['flowers'] }, [], undefined],
    ['promises nothing anew where a promise stands', { status: profiling() }, ['create profile-1'], undefined],
    ['looks for Secrets first', { spec: { output: s3 } }, ['look'], undefined],
    [
      'goes on where they exist',
      { spec: { output: s3 }, answers: { missingSecrets: [] } },
      ['create profile-1'],
      attemptsOf(1),
    ],
    ['waits where one does not', { spec: { output: s3 }, answers: { missingSecrets: ['keys'] } }, [], undefined],
    [
      'goes on with a second attempt after a failure',
      { status: training(), jobs: [job], pods: [endedPod(job, failed('Internal'), { code: 1 })] },
      ['create train-2'],
      attemptsOf(1, 2),
    ],
    [
      'asks for less memory after a lack of it',
      { status: training(), jobs: [job], pods: [endedPod(job, undefined, { code: 137, why: 'OOMKilled' })] },
      ['create train-2'],
      attemptsOf(1, 2, 1),
    ],
    [
      'counts a failure though the next Job cannot be made yet',
      { status: training(), jobs: [job], missingClaims: ['models'] },
      [],
      attemptsOf(1, 2),
    ],
  ])('%s', (_name, view, deeds, attempts) => {
    const ruling = start(factsAt(30, view));
    expect(deedsOf(ruling ?? {})).toEqual(deeds);
    expect(ruling?.changes?.attempts).toEqual(attempts);
  });

  test('gives a stuck pod up, and waits for its end', () => {
    const stuck = taskJob('training', 1);
    const view = { status: training(), jobs: [stuck], pods: [runningPod(stuck, { startedAt: 0 })] };
    const ruling = start(factsAt(1400, view));
    expect(deedsOf(ruling ?? {})).toEqual(['delete train-1']);
    expect(ruling?.changes?.attempts).toEqual(attemptsOf(1, 2));
    expect(ruling?.running.reason).toBe('Retrying');
  });

  test('tells why there is another attempt', () => {
    const view = { status: training(), jobs: [job], pods: [endedPod(job, failed('Internal'), { code: 1 })] };
    expect(start(factsAt(30, view))?.running).toMatchObject({
      ...{ reason: 'Retrying', message: 'Attempt 2 after a failure: It is Internal.' },
    });
  });

  test('hands on what was spent by a pod that was killed without a word', () => {
    const killed = endedPod(job, undefined, { code: 1, startedAt: 10, endedAt: 60 });
    const ruling = start(factsAt(70, { status: training({ activeSeconds: 8 }), jobs: [job], pods: [killed] }));
    const [deed] = ruling?.actions ?? [];
    const variable = deed?.do === 'createJob' ? deed.job.spec.template.spec.containers[0]?.env?.[0] : undefined;
    expect(JSON.parse(variable?.value ?? '')).toMatchObject({ spentSeconds: 50, attempt: 2 });
  });
});
