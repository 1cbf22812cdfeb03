import { describe, expect, test } from '@jest/globals';
import { withinStartDeadline } from '../../../../src/controllers/fine-tune-task/policies/start-deadline.ts';
import type { Ruling } from '../../../../src/controllers/fine-tune-task/ruling.ts';
import { aPlan } from '../../../support/objects.ts';
import { attemptsOf, deedsOf, factsAt, stating, taskJob, type ViewOver, waitingSince } from '../builders.ts';

const waits: Ruling = { running: { status: 'False', reason: 'Unschedulable', message: '0/3 nodes: no GPU' } };
const twoMinutes: ViewOver = { spec: { startDeadline: '2m' } };
const since = (seconds: number): ViewOver => ({ ...twoMinutes, status: { conditions: waitingSince(seconds) } });
const running = stating({ type: 'Running', status: 'True', reason: 'Training', message: 'x' });
const notAsked = stating({ type: 'Running', status: 'Unknown', reason: 'Suspended', message: 'x' });

describe('the start deadline', () => {
  test.each<[string, ViewOver, Ruling]>([
    ['is none where none is set', { status: { conditions: waitingSince(0) } }, waits],
    ['does not count while a pod runs', since(0), { running: { status: 'True', reason: 'Training', message: 'x' } }],
    [
      'does not count while nothing is asked for',
      since(0),
      { running: { status: 'Unknown', reason: 'Suspended', message: 'x' } },
    ],
  ])('%s', (_name, view, ruling) => {
    expect(withinStartDeadline(factsAt(500, view), ruling)).toBe(ruling);
  });

  test.each<[string, ViewOver, number, number]>([
    ['since the wait began', since(100), 150, 70],
    ['since now where a pod ran before', { ...twoMinutes, status: { conditions: running } }, 500, 120],
    ['since now after a suspension', { ...twoMinutes, status: { conditions: notAsked } }, 500, 120],
    ['since now where the task is seen first, however old it is', twoMinutes, 500, 120],
  ])('counts %s', (_name, view, now, left) => {
    expect(withinStartDeadline(factsAt(now, view), waits)).toEqual({ ...waits, wakeSeconds: left });
  });

  test('fails the task with what it waited for, and stops its Job', () => {
    const ruling = withinStartDeadline(factsAt(220, { ...since(100), jobs: [taskJob('profile', 0)] }), waits);
    expect(ruling.end).toEqual({
      ...{ kind: 'failed', reason: 'StartDeadlineExceeded' },
      message: 'No pod ran within 2m. Unschedulable: 0/3 nodes: no GPU',
    });
    expect(deedsOf(ruling)).toEqual(['delete profile-0']);
  });

  test('fails it for the very thing that was missing', () => {
    const missing: Ruling = {
      running: { status: 'False', reason: 'ClaimNotFound', message: 'The claim x does not exist.' },
      overdueReason: 'ClaimNotFound',
    };
    expect(withinStartDeadline(factsAt(220, since(100)), missing).end?.reason).toBe('ClaimNotFound');
  });

  test('promises no attempt that has no Job, and keeps the plan', () => {
    const planned: Ruling = { ...waits, changes: { plan: aPlan(), attempts: attemptsOf(1, 1) } };
    expect(withinStartDeadline(factsAt(220, since(100)), planned).changes).toEqual({ plan: aPlan() });
  });
});
