import { describe, expect, test } from '@jest/globals';
import { decide } from '../../../src/controllers/fine-tune-task/decide.ts';
import { findCondition } from '../../../src/crds/conditions.ts';
import { aTask } from '../../support/objects.ts';
import { aPod, at, endedPod, runningPod, trained } from '../job-builders.ts';
import { aReport, aView, complete, deedsOf, eventsOf, taskJob, training, type ViewOver } from './builders.ts';

const train1 = taskJob('training', 1);

describe('what a decision leaves alone', () => {
  test('a task that is being deleted', () => {
    const task = aTask({ metadata: { deletionTimestamp: '2026-08-01T12:00:30Z' } });
    expect(decide(aView({ task }), at(60))).toEqual({ actions: [], status: {} });
  });

  test('a status that says all of it already', () => {
    const running: ViewOver = { jobs: [train1], pods: [runningPod(train1)] };
    const { status } = decide(aView({ ...running, status: training() }), at(60));
    const again = decide(aView({ ...running, status }), at(90));
    expect(again.status).toEqual(status);
    expect(again.actions).toEqual([]);
  });

  test('Jobs of attempts that an old view does not know', () => {
    const newer = taskJob('training', 2);
    const view = aView({ status: complete({ experienceStored: true }), jobs: [newer], pods: [aPod(newer)] });
    expect(deedsOf(decide(view, at(60)))).toEqual([]);
  });
});

describe('what a pod waits for', () => {
  const placed: ViewOver = { jobs: [train1], pods: [aPod(train1)] };
  const promised = decide(aView({ status: training() }), at(0)).status;

  test('is not told in the first moments of its Job, when most pods come to run', () => {
    const early = decide(aView({ ...placed, status: promised }), at(1));
    expect(early.status).toEqual(promised);
    expect(early.requeueAfterSeconds).toBeLessThanOrEqual(1);
  });

  test('is told after that', () => {
    const { status } = decide(aView({ ...placed, status: promised }), at(3));
    expect(findCondition(status.conditions, 'Running')?.status).toBe('False');
    expect(status).not.toEqual(promised);
  });
});

describe('events', () => {
  test('tell each turn once', () => {
    const view: ViewOver = { status: training(), jobs: [train1], pods: [endedPod(train1, trained)] };
    const first = decide(aView({ ...view, answers: { experience: 'kept' } }), at(60));
    expect(eventsOf(first)).toEqual(['event PlanMade', 'event PlanCompleted']);
    expect(eventsOf(decide(aView({ ...view, status: first.status }), at(61)))).toEqual([]);
  });
});

describe('progress', () => {
  const running: ViewOver = { jobs: [train1], pods: [runningPod(train1)] };
  const { status: before } = decide(aView({ ...running, status: training(), report: aReport({}, 100) }), at(100));

  test('is taken from the report, with the accuracy of the last evaluation', () => {
    const status = {
      ...before,
      progress: { step: 50, steps: 500, accuracy: 0.5, lastReportTime: '2026-08-01T12:00:00Z' },
    };
    const view = aView({ ...running, status, report: aReport({ secondsLeft: 200 }, 100) });
    expect(decide(view, at(100)).status).toMatchObject({
      progress: { step: 100, steps: 500, accuracy: 0.5, secondsLeft: 200 },
      ...{ activeSeconds: 90, timeLeft: '3m20s' },
    });
  });

  test.each([
    ['is not written again within seconds', 105, 105, 100, 5],
    ['is written again after ten seconds', 111, 111, 150, undefined],
  ])('%s', (_name, receivedAt, now, step, wait) => {
    const report = aReport({ step: step === 150 ? 150 : 120, activeSeconds: 95 }, receivedAt);
    const decision = decide(aView({ ...running, status: before, report }), at(now));
    expect(decision.status.progress?.step).toBe(step);
    if (wait !== undefined) expect(decision.requeueAfterSeconds).toBe(wait);
  });

  test('of another attempt only adds to the account', () => {
    const report = aReport({ attempt: 7, activeSeconds: 99 }, 100);
    const { status } = decide(aView({ ...running, status: training(), report }), at(100));
    expect(status.progress).toBeUndefined();
    expect(status.activeSeconds).toBe(99);
  });

  test('keeps no time left once no pod runs', () => {
    const { status } = decide(aView({ status: { ...before, timeLeft: '5m' }, spec: { suspend: true } }), at(100));
    expect(status.timeLeft).toBeUndefined();
    expect(findCondition(status.conditions, 'Suspended')?.reason).toBe('SuspendRequested');
  });
});
