import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../src/lib/errors.ts';
import { createRng } from '../../src/lib/rng.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import { memberFacts } from '../../src/nas/member-facts.ts';
import { runBytes } from '../../src/planner/memory.ts';
import { makePlan, type PlanRequest } from '../../src/planner/plan.ts';
import { encodedOptions } from '../../src/planner/predictors/replay.ts';
import { defaultPredictor } from '../../src/planner/predictors/table.ts';
import { calibrate } from '../../src/planner/timing.ts';
import { aDataset, aMember, aRegime, counts } from './builders.ts';

const lite0 = aMember({
  ...memberFacts(networkOf('efficientnet-lite0', { classes: 10 }), 224),
  ...{ name: 'efficientnet-lite0', encoding: 'efficientnet-lite0', nativeSize: 224 },
});
const light = { augmentation: 'light', mix: 'none' } as const;
const megabytes = (regime: Parameters<typeof aRegime>[0]): number =>
  (runBytes(lite0, aRegime({ ...light, ...regime }), 1800) ?? 0) / 1e6;

describe('memory of a run', () => {
  // measured: `nasoa tune` of pets (9 classes, 2,250 images) on a CPU, largest resident set
  test.each<[string, Parameters<typeof aRegime>[0], number]>([
    ['96 px in batches of 32', { inputSize: 96, batchSize: 32 }, 1465],
    ['128 px in batches of 64', { inputSize: 128, batchSize: 64 }, 2311],
    [
      '128 px in batches of 128 over cached activations',
      { inputSize: 128, batchSize: 128, frozenStages: 6, augmentation: 'none' },
      1253,
    ],
  ])('is reckoned a little above what was measured: %s', (_what, regime, measured) => {
    expect(megabytes(regime)).toBeGreaterThan(measured);
    expect(megabytes(regime)).toBeLessThan(1.4 * measured);
  });

  test('grows with size, batch and a share of the start, and falls with frozen stages', () => {
    const base = megabytes({ inputSize: 96, batchSize: 32 });
    expect(megabytes({ inputSize: 128, batchSize: 32 })).toBeGreaterThan(base);
    expect(megabytes({ inputSize: 96, batchSize: 64 })).toBeGreaterThan(base);
    expect(megabytes({ inputSize: 96, batchSize: 32, frozenStages: 3 })).toBeLessThan(base);
    // the start that a run goes back to, and what an evaluation makes of it
    const back = megabytes({ inputSize: 96, batchSize: 32, startShare: 0.25 });
    expect(back - base).toBeCloseTo(2 * 4 * lite0.parametersM, 3);
  });

  test('is unknown of a member that does not say', () => {
    expect(runBytes(aMember(), aRegime(), 100)).toBeUndefined();
  });
});

const aRequest = (over: Partial<PlanRequest> = {}): PlanRequest => ({
  ...{ features: aDataset(), counts: counts(), members: [lite0], timing: calibrate([lite0], []) },
  ...{ predictor: defaultPredictor.create(encodedOptions(1)), budgetSeconds: 3600, spentSeconds: 3 },
  ...{ rng: createRng(7), candidates: 500 },
  ...over,
});

describe('a plan within a memory', () => {
  test.each([1.2e9, 2e9, 4e9])('takes no more than %d bytes, runners-up included', (memoryBytes) => {
    const plan = makePlan(aRequest({ memoryBytes }));
    for (const { regime } of [plan, ...plan.runnersUp]) {
      expect(runBytes(lite0, regime, 2300)).toBeLessThanOrEqual(memoryBytes);
    }
  });

  test('is refused with the reason where nothing is small enough', () => {
    expect(() => makePlan(aRequest({ memoryBytes: 3e8 }))).toThrow(InputError);
    expect(() => makePlan(aRequest({ memoryBytes: 3e8 }))).toThrow('within 286 MiB of memory');
  });
});
