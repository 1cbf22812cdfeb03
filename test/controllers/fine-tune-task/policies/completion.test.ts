import { describe, expect, test } from '@jest/globals';
import { completion } from '../../../../src/controllers/fine-tune-task/policies/completion.ts';
import { aMember, aRegime } from '../../../planner/builders.ts';
import { endedPod, profiled, runningPod, timeAt, trained } from '../../job-builders.ts';
import { aReport, deedsOf, factsAt, profiling, taskJob, theTask, training, type ViewOver } from '../builders.ts';

const job = taskJob('training', 1);
const done: ViewOver = { status: training(), jobs: [job], pods: [endedPod(job, trained)] };

describe('completion', () => {
  test.each<[string, ViewOver]>([
    [
      'a profile',
      { status: profiling(), jobs: [taskJob('profile', 1)], pods: [endedPod(taskJob('profile', 1), profiled)] },
    ],
    ['a training that runs', { status: training(), jobs: [job], pods: [runningPod(job)] }],
    ['a training that was not begun', { status: training() }],
  ])('does not come of %s', (_name, view) => {
    expect(completion(factsAt(60, view))).toBeUndefined();
  });

  test('asks for the experience to be stored first', () => {
    const ruling = completion(factsAt(600, done));
    const [question] = ruling?.actions ?? [];
    if (question?.do !== 'storeExperience') throw new Error('nothing is asked');
    expect(question.experience).toMatchObject({
      ...{
        id: theTask.metadata.uid,
        dataset: 'vision flowers',
        accuracy: 0.83,
        activeSeconds: 590,
        budgetSeconds: 600,
      },
      ...{ finishedAt: timeAt(600), member: { name: 'small' }, curve: trained.curve },
    });
  });

  test('counts the steps that were run, not those that were planned', () => {
    const message = { ...trained, result: { ...trained.result, steps: 640 } };
    const ruling = completion(factsAt(600, { ...done, report: aReport({ step: 600, message }) }));
    const [question] = ruling?.actions ?? [];
    expect(question?.do === 'storeExperience' && question.experience.regime.steps).toBe(640);
  });

  test('learns the choice that was carried out, where the run was switched to another', () => {
    const regime = aRegime({ learningRate: 0.02, steps: 300 });
    const choice = { member: 'large', regime, predicted: { accuracy: 0.8, low: 0.7, high: 0.9, seconds: 50 } };
    const replanned = { action: 'Switched', seconds: 120, accuracy: 0.2, low: 0.5, high: 0.7, choice } as const;
    const message = { ...trained, result: { ...trained.result, steps: 280, replanned } };
    const members = ['small', 'large'].map((name) => aMember({ name }));
    const [question] =
      completion(factsAt(600, { ...done, members, report: aReport({ step: 280, message }) }))?.actions ?? [];
    if (question?.do !== 'storeExperience') throw new Error('nothing is asked');
    expect(question.experience).toMatchObject({ member: { name: 'large' }, regime: { ...regime, steps: 280 } });
  });

  test.each<[string, 'kept' | 'refused' | 'failed', boolean | undefined, number | undefined]>([
    ['is stored', 'kept', true, undefined],
    ['is refused for good', 'refused', false, undefined],
    ['has to wait for the store', 'failed', undefined, 30],
  ])('states the result when the experience %s', (_name, experience, stored, wake) => {
    const ruling = completion(factsAt(600, { ...done, answers: { experience } }));
    expect(ruling?.end).toMatchObject({ kind: 'complete', reason: 'PlanCompleted' });
    expect(ruling?.changes?.result?.accuracy).toBe(0.83);
    expect(ruling?.changes?.experienceStored).toBe(stored);
    expect(ruling?.wakeSeconds).toBe(wake);
  });

  test('says so when time ran out before the last step', () => {
    const pods = [endedPod(job, { ...trained, stopped: 'budget' })];
    expect(completion(factsAt(600, { ...done, pods, answers: { experience: 'kept' } }))?.end?.reason).toBe(
      'BudgetSpent',
    );
  });

  test('takes the pushed result when pod and Job were deleted', () => {
    const view: ViewOver = {
      status: training(),
      report: aReport({ message: trained }),
      answers: { experience: 'kept' },
    };
    expect(completion(factsAt(600, view))?.end?.kind).toBe('complete');
  });

  test('waits for the pod to end although its result was pushed', () => {
    const report = aReport({ message: trained });
    expect(completion(factsAt(600, { ...done, pods: [runningPod(job)], report }))).toBeUndefined();
  });

  test('stores nothing for a member that is not in the zoo any more', () => {
    const ruling = completion(factsAt(600, { ...done, members: [] }));
    expect(deedsOf(ruling ?? {})).toEqual([]);
    expect(ruling?.changes?.experienceStored).toBe(false);
  });
});
