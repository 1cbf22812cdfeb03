import { describe, expect, test } from '@jest/globals';
import { start } from '../../../../src/controllers/fine-tune-task/policies/start.ts';
import { endedPod, failed, runningPod } from '../../job-builders.ts';
import { attemptsOf, deedsOf, factsAt, profiling, stating, taskJob, training, type ViewOver } from '../builders.ts';

const job = taskJob('training', 1, { ended: 'Failed' });
const s3 = { s3: { url: 's3://models/vision', secretName: 'keys' } };

const failedOnce = (status: ViewOver['status'] & object): ViewOver => ({
  ...{ status, jobs: [job], pods: [endedPod(job, failed('Internal'), { code: 1 })] },
});
/** The task waits since then for the time of its next attempt. */
const waitingToRetry = (since: number, attempts = attemptsOf(1, 1)) =>
  training({
    attempts,
    conditions: stating({ type: 'Running', status: 'Unknown', reason: 'Retrying', message: 'x' }, since),
  });

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
    ['leaves a failure some time to pass', failedOnce(training()), [], undefined],
    ['and more after further ones', failedOnce(waitingToRetry(15, attemptsOf(2, 1))), [], undefined],
    ['and then goes on with a second attempt', failedOnce(waitingToRetry(15)), ['create train-2'], attemptsOf(1, 2)],
    [
      'asks for less memory after a lack of it',
      { status: training(), jobs: [job], pods: [endedPod(job, undefined, { code: 137, why: 'OOMKilled' })] },
      ['create train-2'],
      attemptsOf(1, 2, 1),
    ],
    [
      'counts a failure though the next Job cannot be made yet',
      { status: waitingToRetry(15), jobs: [job], missingClaims: ['models'] },
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

  test.each<[string, ViewOver['status'] & object, string, number | undefined]>([
    [
      'when and why there will be another attempt',
      training(),
      'Attempt 2 follows 10s after a failure: It is Internal.',
      10,
    ],
    ['the same until then', waitingToRetry(28), 'Attempt 2 follows 10s after a failure: It is Internal.', 8],
    ['why there is another attempt', waitingToRetry(15), 'Attempt 2 after a failure: It is Internal.', undefined],
  ])('tells %s', (_name, status, message, wakeSeconds) => {
    const ruling = start(factsAt(30, failedOnce(status)));
    expect(ruling?.running).toMatchObject({ reason: 'Retrying', message });
    expect(ruling?.wakeSeconds).toBe(wakeSeconds);
  });

  test('waits for six minutes at most', () => {
    const eighth = taskJob('training', 8, { ended: 'Failed' });
    const pods = [endedPod(eighth, failed('Internal'), { code: 1 })];
    const status = waitingToRetry(30, attemptsOf(1, 8));
    expect(start(factsAt(30, { status, spec: { retries: 10 }, jobs: [eighth], pods }))?.wakeSeconds).toBe(360);
  });

  test('hands on what was spent by a pod that was killed without a word', () => {
    const killed = endedPod(job, undefined, { code: 1, startedAt: 10, endedAt: 60 });
    const status = { ...waitingToRetry(60), activeSeconds: 8 };
    const ruling = start(factsAt(70, { status, jobs: [job], pods: [killed] }));
    const [deed] = ruling?.actions ?? [];
    const variable = deed?.do === 'createJob' ? deed.job.spec.template.spec.containers[0]?.env?.[0] : undefined;
    expect(JSON.parse(variable?.value ?? '')).toMatchObject({ spentSeconds: 50, attempt: 2 });
  });
});
