import { describe, expect, test } from '@jest/globals';
import {
  type ConditionTable,
  findCondition,
  isTrue,
  setCondition,
  type TaskCondition,
} from '../../src/crds/conditions.ts';
import { taskConditions } from '../../src/crds/task-conditions.ts';
import { trainerFailures } from '../../src/crds/trainer-job.ts';
import { zooConditions } from '../../src/crds/zoo-conditions.ts';
import { anInstant, conditionsOf } from '../support/objects.ts';

const later = '2026-08-01T12:05:00Z';
const queued: TaskCondition = { type: 'Running', status: 'False', reason: 'Queued', message: 'waits for quota' };
const training: TaskCondition = { type: 'Running', status: 'True', reason: 'Training', message: 'step 1' };
const planned: TaskCondition = { type: 'Planned', status: 'True', reason: 'PlanMade', message: 'small' };

describe('a condition', () => {
  const before = conditionsOf([queued]);

  test.each<[string, TaskCondition, string]>([
    ['keeps its time while the status stays', { ...queued, reason: 'Unschedulable', message: '0 of 3' }, anInstant],
    ['keeps its time when only the generation moves on', { ...queued, observedGeneration: 2 }, anInstant],
    ['gets a new time with a new status', training, later],
  ])('%s', (_what, next, time) => {
    expect(setCondition(before, next, later)).toEqual([{ ...next, lastTransitionTime: time }]);
  });

  test('that did not change leaves the very list, so that nothing is written', () => {
    expect(setCondition(before, queued, later)).toBe(before);
  });

  test('keeps its place among the others', () => {
    const both = conditionsOf([queued, planned]);
    expect(setCondition(both, training, later).map(({ type }) => type)).toEqual(['Running', 'Planned']);
  });

  test('comes after those that were there', () => {
    expect(setCondition(before, planned, later).map(({ type }) => type)).toEqual(['Running', 'Planned']);
  });

  test('does not change the list it is set in', () => {
    setCondition(before, training, later);
    expect(before).toEqual(conditionsOf([queued]));
  });

  test('forgets a generation that is no longer told', () => {
    const [told] = setCondition(conditionsOf([{ ...queued, observedGeneration: 1 }]), queued, later);
    expect(told).not.toHaveProperty('observedGeneration');
  });

  test('cuts a message that the API server would refuse, and stays the same when set again', () => {
    const long = { ...queued, message: '🙂'.repeat(2000) };
    const [cut] = setCondition([], long, anInstant);
    expect([...(cut?.message ?? '')]).toHaveLength(1024);
    expect(cut?.message.endsWith('…')).toBe(true);
    const once = setCondition([], long, anInstant);
    expect(setCondition(once, long, later)).toBe(once);
  });
});

test.each<[string, readonly TaskCondition[], boolean]>([
  ['True', [training], true],
  ['False', [queued], false],
  ['not told', [planned], false],
])('a condition that is %s', (_what, stated, holds) => {
  expect(isTrue(conditionsOf(stated), 'Running')).toBe(holds);
});

test('conditions of an object without status are not there', () => {
  expect(findCondition(undefined, 'Complete')).toBeUndefined();
});

describe.each<[string, ConditionTable]>([
  ['task', taskConditions],
  ['zoo', zooConditions],
])('the reasons of a %s', (_kind, table) => {
  const reasons = Object.values(table).flatMap((entry) => Object.entries(entry.reasons));

  test('are single words', () => {
    expect(reasons.filter(([reason]) => !/^[A-Z][A-Za-z0-9]*$/.test(reason))).toEqual([]);
  });

  test('each say in sentences what they mean', () => {
    expect(reasons.filter(([, meaning]) => !/^[A-Z].*\.$/.test(meaning) && !/^[a-z].*\.$/.test(meaning))).toEqual([]);
  });

  test('of Failed include every failure that a trainer reports', () => {
    expect(Object.keys(table['Failed']?.reasons ?? {})).toEqual(expect.arrayContaining(Object.keys(trainerFailures)));
  });
});

test('a reason of another condition is refused by the compiler', () => {
  // @ts-expect-error Training is a reason of Running
  const mixedUp: TaskCondition = { type: 'Planned', status: 'True', reason: 'Training', message: '' };
  expect(Object.keys(taskConditions.Planned.reasons)).not.toContain(mixedUp.reason);
});
