import { describe, expect, test } from '@jest/globals';
import { activeSecondsAfter, jobState, spentSecondsBefore } from '../../src/controllers/job-state.ts';
import type { TrainerMessage } from '../../src/crds/trainer-job.ts';
import type { Job, Pod } from '../../src/crds/workloads.ts';
import { aJob, aPod, disrupted, endedPod, failed, profiled, runningPod, timeAt, trained } from './job-builders.ts';

const open = aJob('work');
const over = aJob('work', { ended: 'Failed', message: 'Job has reached the backoff limit' });
const now = Date.parse(timeAt(60)) / 1000;

const stateOf = (job: Job | undefined, pods: readonly Pod[], pushed?: TrainerMessage) =>
  jobState(job, pods, pushed, now);

describe('a Job', () => {
  test.each<[string, Job | undefined, readonly Pod[], TrainerMessage | undefined, string]>([
    ['is absent', undefined, [], undefined, 'absent'],
    ['waits for its pod', open, [], undefined, 'waiting'],
    ['runs', open, [runningPod(open)], undefined, 'running'],
    [
      'runs though a former pod was disrupted',
      open,
      [endedPod(open, undefined, { code: 20 }), runningPod(open)],
      undefined,
      'running',
    ],
    ['ends with its pod', open, [runningPod(open, { deletedAt: 50 })], undefined, 'ending'],
    ['ends when it is deleted', aJob('work', { deletedAt: 50 }), [runningPod(open)], undefined, 'ending'],
    ['has answered before its own status says so', open, [endedPod(open, profiled)], undefined, 'answered'],
    ['has answered by its last report', over, [], trained, 'answered'],
    ['has not answered while its pod still runs', open, [runningPod(open)], trained, 'running'],
    [
      'has not failed before its own status says so',
      open,
      [endedPod(open, failed('Internal'), { code: 1 })],
      undefined,
      'waiting',
    ],
    ['has failed', over, [endedPod(over, failed('Internal'), { code: 1 })], undefined, 'failed'],
    [
      'is no failure when interrupted',
      open,
      [endedPod(open, { kind: 'interrupted', activeSeconds: 9, step: 1 }, { code: 20 })],
      undefined,
      'waiting',
    ],
  ])('%s', (_name, job, pods, pushed, kind) => {
    expect(stateOf(job, pods, pushed).kind).toBe(kind);
  });

  test.each<[string, readonly Pod[], TrainerMessage | undefined, string, boolean]>([
    ['by its own words', [endedPod(over, failed('NoImages'), { code: 10 })], undefined, 'NoImages', true],
    ['by its own words in the last report', [], failed('StorageUnreachable'), 'StorageUnreachable', false],
    [
      'for want of memory, killed by the kernel',
      [endedPod(over, undefined, { code: 137, why: 'OOMKilled' })],
      undefined,
      'OutOfMemory',
      false,
    ],
    [
      'for want of memory, as the trainer tells',
      [endedPod(over, failed('OutOfMemory'), { code: 1 })],
      undefined,
      'OutOfMemory',
      false,
    ],
    [
      'for want of space',
      [endedPod(over, undefined, { code: 137, reason: 'Evicted', message: 'emptyDir exceeds its limit' })],
      undefined,
      'NoSpace',
      false,
    ],
    [
      'with an image of another version',
      [endedPod(over, undefined, { code: 0, log: 'something else' })],
      undefined,
      'ImageIncompatible',
      true,
    ],
    ['without a word', [endedPod(over, undefined, { code: 1 })], undefined, 'Internal', false],
    ['with all its pods lost', [], undefined, 'Internal', false],
  ])('failed %s', (_name, pods, pushed, reason, final) => {
    const state = stateOf(over, pods, pushed);
    expect(state.kind === 'failed' && { reason: state.failure.reason, final: state.failure.final }).toEqual({
      reason,
      final,
    });
  });

  test('tells the last line of a log where that is all there is', () => {
    const log = 'loading\nError: no CUDA device.\n';
    const state = stateOf(over, [endedPod(over, undefined, { code: 1, log })]);
    expect(state.kind === 'failed' && state.failure.message).toBe(
      'The pod work-x ended with the code 1: Error: no CUDA device.',
    );
  });
});

describe('seconds spent before a Job', () => {
  const later = aJob('work', { spentSeconds: 40 });
  test.each<[string, Job | undefined, readonly Pod[], number]>([
    ['are told by the Job', later, [], 40],
    ['are told by a pod that outlived it', undefined, [aPod(later)], 40],
    ['are none where nobody tells', undefined, [], 0],
  ])('%s', (_name, job, pods, expected) => expect(spentSecondsBefore(job, pods)).toBe(expected));
});

describe('active seconds', () => {
  const interrupted = (activeSeconds: number): TrainerMessage => ({ kind: 'interrupted', activeSeconds, step: 1 });
  const killed = endedPod(open, undefined, { code: 137, startedAt: 100, endedAt: 130 });

  test.each<[string, number, readonly Pod[], number]>([
    ['are those before it where no pod ended', 8, [runningPod(open)], 8],
    ['are what its pod told', 8, [endedPod(open, trained)], 590],
    ['of a profile come on top of those before', 8, [endedPod(open, profiled)], 14],
    ['of a killed pod are all its time', 8, [killed], 38],
    ['add up over pods', 8, [endedPod(open, interrupted(50), { code: 20, conditions: [disrupted] }), killed], 80],
    ['are counted once where a later pod tells all', 8, [killed, endedPod(open, interrupted(70), { code: 20 })], 70],
    ['are none of a pod that never ran', 8, [aPod(open, { phase: 'Failed' })], 8],
  ])('%s', (_name, spent, pods, expected) => {
    expect(activeSecondsAfter(spent, pods)).toBe(expected);
  });
});
