import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../src/lib/errors.ts';
import { createRng } from '../../src/lib/rng.ts';
import { inputNames } from '../../src/planner/encode.ts';
import { knownDatasets } from '../../src/planner/familiarity.ts';
import { sigmoid } from '../../src/planner/logit.ts';
import { makePlan, type PlanRequest } from '../../src/planner/plan.ts';
import type { Predictor } from '../../src/planner/predictors/contract.ts';
import { encodedOptions } from '../../src/planner/predictors/replay.ts';
import { defaultPredictor } from '../../src/planner/predictors/table.ts';
import { defaultRegimes } from '../../src/planner/regime.ts';
import { defaultRunCosts } from '../../src/planner/run-time.ts';
import { calibrate } from '../../src/planner/timing.ts';
import type { MemberInfo, Plan, Preference } from '../../src/planner/types.ts';
import { processorSeconds } from '../support/processor-time.ts';
import { aDataset, anExperience, aZoo, counts } from './builders.ts';

const zoo = aZoo();

const aRequest = (over: Partial<PlanRequest> = {}): PlanRequest => ({
  features: aDataset(),
  counts: counts(),
  members: zoo,
  timing: calibrate(zoo, []),
  predictor: defaultPredictor.create(encodedOptions(1)),
  budgetSeconds: 60,
  spentSeconds: 3,
  rng: createRng(7),
  candidates: 1000,
  ...over,
});

function errorOf(request: PlanRequest): InputError {
  try {
    makePlan(request);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('a plan was made');
}

describe('makePlan', () => {
  test('chooses a candidate that fits into what is left of the budget', () => {
    const plan = makePlan(aRequest({ spentSeconds: 20 }));
    expect(plan.predicted.seconds).toBeLessThanOrEqual(40);
    expect(plan.fitting).toBeGreaterThan(100);
    expect(plan.candidates).toBe(1000);
    expect(plan.predictor).toEqual({ name: 'ridge', version: 3, experiences: 0 });
  });

  test('predicts an accuracy inside its interval', () => {
    const { predicted } = makePlan(aRequest());
    expect(predicted.low).toBeGreaterThan(0);
    expect(predicted.low).toBeLessThan(predicted.accuracy);
    expect(predicted.accuracy).toBeLessThan(predicted.high);
    expect(predicted.high).toBeLessThan(1);
  });

  test('without any experience larger budgets give larger members or longer runs, and higher predictions', () => {
    const plans = [15, 60, 1800].map((budgetSeconds) => makePlan(aRequest({ budgetSeconds })));
    const accuracies = plans.map((p) => p.predicted.accuracy);
    expect(accuracies).toEqual(accuracies.toSorted((a, b) => a - b));
    expect(plans[2]?.member).toBe('large');
    expect(plans[0]?.member).not.toBe('large');
  });

  test('runners-up are clearly different plans, best first', () => {
    const plan = makePlan(aRequest());
    expect(plan.runnersUp.length).toBeGreaterThan(1);
    expect(plan.runnersUp.length).toBeLessThanOrEqual(5);
    const seen = [plan, ...plan.runnersUp].map((c) => JSON.stringify([c.member, c.regime]));
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('the cloud is bounded and holds the plan itself', () => {
    const plan = makePlan(aRequest());
    expect(plan.cloud.length).toBeLessThanOrEqual(400);
    expect(plan.cloud).toContainEqual({
      member: plan.member,
      seconds: plan.predicted.seconds,
      accuracy: plan.predicted.accuracy,
    });
  });

  test('says what smaller and larger budgets would buy: never less for more', () => {
    const { tradeOff, predicted, member } = makePlan(aRequest());
    expect(tradeOff.map(({ budgetSeconds }) => budgetSeconds)).toEqual([15, 30, 60, 120, 240]);
    expect(tradeOff[2]).toEqual({ budgetSeconds: 60, member, accuracy: predicted.accuracy });
    const accuracies = tradeOff.map(({ accuracy }) => accuracy);
    // what ranks is a cautious accuracy, so that the mean may give way by a little
    for (const [i, accuracy] of accuracies.entries()) {
      expect(accuracy).toBeGreaterThan((accuracies[i - 1] ?? 0) - 0.02);
    }
  });

  test('leaves out of the trade-off what is too short for any run', () => {
    const { tradeOff } = makePlan(aRequest({ spentSeconds: 30 }));
    expect(tradeOff.map(({ budgetSeconds }) => budgetSeconds)).toEqual([60, 120, 240]);
  });

  test('tells what the best other choices would lose, the worst first', () => {
    const { reasons, member, regime } = makePlan(aRequest());
    expect(reasons.length).toBeGreaterThan(0);
    expect(reasons.length).toBeLessThanOrEqual(5);
    const losses = reasons.map(({ loss }) => loss);
    expect(losses).toEqual(losses.toSorted((a, b) => b - a));
    for (const { dimension, choice, alternative, loss } of reasons) {
      expect(choice).toBe(dimension === 'member' ? member : String(regime[dimension]));
      expect(alternative).not.toBe(choice);
      expect(loss).toBeGreaterThan(0);
    }
  });

  test('prefers what is asked for: the mean, the lower end, or something between', () => {
    const { predictor } = aRequest();
    // what is doubted beside a default regime is taken off in between, and says nothing of the ends
    const sure = { ...predictor, doubtBeside: () => () => 0 };
    const of = (prefer: Preference) => makePlan(aRequest({ prefer, predictor: sure })).predicted;
    const [mean, balanced, lower] = [of('mean'), of('balanced'), of('lower-bound')];
    expect(mean.accuracy).toBeGreaterThanOrEqual(balanced.accuracy);
    expect(lower.low).toBeGreaterThanOrEqual(balanced.low);
    expect(balanced.low).toBeGreaterThanOrEqual(mean.low);
    expect(makePlan(aRequest())).toEqual(makePlan(aRequest({ prefer: 'balanced' })));
  });

  const isAlike = (x: Float64Array, other: Float64Array) => x.every((value, i) => value === other[i]);
  const isDefault = ({ member, regime }: Plan): boolean => {
    const of = zoo.find(({ name }) => name === member) as MemberInfo;
    const { features, counts: images, timing } = aRequest();
    const space = { member: of, features, counts: images, timing, costs: defaultRunCosts, cacheBytes: 1.5e9 };
    const kept = { ...space, seconds: 57 * 0.98 };
    return defaultRegimes(kept).some((one) => JSON.stringify(one) === JSON.stringify(regime));
  };

  test('takes what the predictor thinks better of than of any default regime, unless no run has borne it out', () => {
    const whims = (doubt: number): Predictor => ({
      ...defaultPredictor.create(encodedOptions(1)),
      predictOne: (x) => {
        const mean = 0.6 + 0.1 * Math.abs(Math.sin(1e3 * x.reduce((sum, value) => sum + value, 0)));
        return { mean, low: mean - 0.1, high: mean + 0.1 };
      },
      doubtBeside: (other) => (x) => (isAlike(x, other) ? 0 : doubt),
    });
    expect(isDefault(makePlan(aRequest({ predictor: whims(0) })))).toBe(false);
    expect(isDefault(makePlan(aRequest({ predictor: whims(2) })))).toBe(true);
    expect(isDefault(makePlan(aRequest({ predictor: whims(2), prefer: 'mean' })))).toBe(false);
  });

  test('a lead that is all doubt does not count as a narrower interval', () => {
    const logOdds = (x: Float64Array) => (x[inputNames.indexOf('adamw')] === 1 ? 1.5 : 2.5);
    const predictor: Predictor = {
      ...defaultPredictor.create(encodedOptions(1)),
      predictOne: (x) => {
        const [mean, low, high] = [0, -0.4, 0.4].map((by) => sigmoid(logOdds(x) + by)) as [number, number, number];
        return { mean, low, high };
      },
      // of one and a half of them a little more is left than the lead
      doubtBeside: (other) => (x) => (isAlike(x, other) ? 0 : 0.01 + Math.max(0, logOdds(x) - logOdds(other)) / 1.5),
    };
    expect(isDefault(makePlan(aRequest({ predictor })))).toBe(true);
  });

  describe('towards an accuracy', () => {
    test('takes the shortest run that is expected to reach it', () => {
      const most = makePlan(aRequest({ budgetSeconds: 1800 }));
      const plan = makePlan(aRequest({ budgetSeconds: 1800, targetAccuracy: most.predicted.low - 0.1 }));
      expect(plan.target).toEqual({ accuracy: most.predicted.low - 0.1, isExpected: true });
      expect(plan.predicted.seconds).toBeLessThan(0.5 * most.predicted.seconds);
      expect(plan.predicted.accuracy).toBeGreaterThan(most.predicted.low - 0.1);
    });

    test('takes the most accurate run where none is expected to reach it, and says so', () => {
      const { target, member, regime } = makePlan(aRequest({ targetAccuracy: 0.999 }));
      expect(target).toEqual({ accuracy: 0.999, isExpected: false });
      expect(member).toBe(makePlan(aRequest()).member);
      expect(regime.steps).toBeGreaterThan(0);
    });
  });

  describe('for a data set unlike all others', () => {
    const known = knownDatasets([anExperience({ features: aDataset({ classes: 10 }) })]);
    const strange = aRequest({ known, features: aDataset({ classes: 1000 }) });

    test('has low confidence, says why, and takes a default regime', () => {
      const plan = makePlan(strange);
      expect(plan).toMatchObject({ confidence: 'Low', doubt: expect.stringContaining('more classes') });
      expect(plan.regime).toMatchObject({
        optimizer: 'adamw',
        schedule: 'cosine',
        headStart: 'fitted',
        learningRate: 3e-4,
      });
      expect(plan.nearest).toHaveLength(1);
    });

    test('stays safe where the shortest run to an accuracy is asked for', () => {
      const plan = makePlan({ ...strange, rng: createRng(1), targetAccuracy: 0.1 });
      for (const { regime } of [plan, ...plan.runnersUp]) {
        expect(regime).toMatchObject({
          optimizer: 'adamw',
          schedule: 'cosine',
          headStart: 'fitted',
          learningRate: 3e-4,
        });
      }
    });

    test('keeps what the user fixed', () => {
      const plan = makePlan({
        ...strange,
        rng: createRng(1),
        regimeOverrides: { optimizer: 'sgd', learningRate: 0.05 },
      });
      expect(plan.regime).toMatchObject({ optimizer: 'sgd', learningRate: 0.05 });
    });
  });

  test('the same seed makes the same plan', () => expect(makePlan(aRequest())).toEqual(makePlan(aRequest())));

  test('keeps the choices of the user', () => {
    const plan = makePlan(aRequest({ regimeOverrides: { inputSize: 48, augmentation: 'strong' } }));
    expect(plan.regime).toMatchObject({ inputSize: 48, augmentation: 'strong' });
    for (const other of plan.runnersUp) expect(other.regime.inputSize).toBe(48);
  });

  test('the least budget that an error names is enough', () => {
    const error = errorOf(aRequest({ budgetSeconds: 4 }));
    expect(error.message).toMatch(/Nothing can be trained within 4\.0s/);
    const needed = /at least (\d+\.?\d*)s/.exec(error.remedy)?.[1];
    expect(Number(needed)).toBeGreaterThan(4);
    expect(makePlan(aRequest({ budgetSeconds: Number(needed), candidates: 4000 })).fitting).toBeGreaterThan(0);
  });

  test.each([
    ['a zoo without members', { members: [] }, /no members/],
    ['more stages frozen than any member has', { regimeOverrides: { frozenStages: 12 } }, /12 stages/],
    ['a batch beyond the data set', { regimeOverrides: { batchSize: 4000 } }, /2000 training images/],
    ['a precision that was not measured', { regimeOverrides: { precision: 'bf16' as const } }, /bf16/],
    ['a budget that is used up', { spentSeconds: 61 }, /Nothing can be trained/],
    ['steps that take too long', { regimeOverrides: { steps: 1e7 } }, /Nothing can be trained/],
  ])('%s is an error with a remedy', (_, over, message) => {
    const error = errorOf(aRequest(over));
    expect(error.message).toMatch(message);
    expect(error.remedy).not.toBe('');
  });

  test('4,000 candidates take a fraction of a second', () => {
    makePlan(aRequest());
    // about 0.25 s by itself; jest's sandbox makes it five times as long
    expect(processorSeconds(() => makePlan(aRequest({ candidates: 4000 })))).toBeLessThan(2.5);
  });
});
