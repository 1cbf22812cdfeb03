import { expect, test } from '@jest/globals';
import { PlansUnderWay } from '../../../src/controllers/fine-tune-task/plans-under-way.ts';
import type { PlanAnswer, PlanInput } from '../../../src/controllers/fine-tune-task/ports.ts';
import { someFeatures } from '../../support/objects.ts';

const input = (seed: number): PlanInput => ({
  ...{ features: someFeatures, trainImages: 100, validationImages: 20, members: [], steps: [], regimeOverrides: {} },
  ...{ decodeSecondsPerImage: 0, startSeconds: 0, budgetSeconds: 60, spentSeconds: 0, seed, namespace: 'team' },
});
const answer: PlanAnswer = { kind: 'nothingFits', message: 'Nothing fits.' };

/** A planner whose plans are made when the test says so. */
function scene() {
  const asked: { readonly seed: number; readonly settle: (outcome: PlanAnswer | Error) => void }[] = [];
  const woken: string[] = [];
  const plan = (given: PlanInput): Promise<PlanAnswer> =>
    new Promise((resolve, reject) => {
      const settle = (outcome: PlanAnswer | Error): void =>
        outcome instanceof Error ? reject(outcome) : resolve(outcome);
      asked.push({ seed: given.seed, settle });
    });
  const plans = new PlansUnderWay({ plan }, (key) => woken.push(key));
  const settle = async (i: number, outcome: PlanAnswer | Error): Promise<void> => {
    asked[i]?.settle(outcome);
    await new Promise(setImmediate);
  };
  return { plans, asked, woken, settle };
}

test('a task is woken when its plan is there, and gets it once', async () => {
  const { plans, asked, woken, settle } = scene();
  expect(plans.take('a', input(1))).toBeUndefined();
  expect(plans.take('a', input(1))).toBeUndefined();
  expect(asked).toHaveLength(1);
  await settle(0, answer);
  expect(woken).toEqual(['a']);
  expect(plans.take('a', input(1))).toEqual(answer);
  expect(plans.take('a', input(1))).toBeUndefined();
  expect(asked).toHaveLength(2);
});

test('a plan for what was asked before is not taken for another', async () => {
  const { plans, asked, woken, settle } = scene();
  plans.take('a', input(1));
  expect(plans.take('a', input(2))).toBeUndefined();
  await settle(0, answer);
  expect(woken).toEqual([]);
  await settle(1, answer);
  expect(plans.take('a', input(2))).toEqual(answer);
  expect(asked.map(({ seed }) => seed)).toEqual([1, 2]);
});

test('a failure is told to the task, and the next pass asks again', async () => {
  const { plans, asked, woken, settle } = scene();
  plans.take('a', input(1));
  await settle(0, new Error('no memory'));
  expect(woken).toEqual(['a']);
  expect(() => plans.take('a', input(1))).toThrow('no memory');
  plans.take('a', input(1));
  expect(asked).toHaveLength(2);
});

test('nothing is kept of a task that is gone', async () => {
  const { plans, woken, settle } = scene();
  plans.take('a', input(1));
  plans.forget('a');
  await settle(0, answer);
  expect(woken).toEqual([]);
});
