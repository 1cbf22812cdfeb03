import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nearestRegime, type WantedRegime } from '../../bench/tune/ways.ts';
import { dimensions, fewestStepsOf, type RegimeSpace } from '../../src/planner/regime.ts';
import { defaultRunCosts } from '../../src/planner/run-time.ts';
import { calibrate } from '../../src/planner/timing.ts';
import type { Regime } from '../../src/planner/types.ts';
import { aDataset, aRegime, aZoo, counts } from '../planner/builders.ts';

const zoo = aZoo();
const spaces: fc.Arbitrary<RegimeSpace> = fc
  .record({ member: fc.constantFrom(...zoo), seconds: fc.double({ min: 2, max: 600, noNaN: true }) })
  .map((some) => ({
    ...{ features: aDataset(), counts: counts(), timing: calibrate(zoo, []), costs: defaultRunCosts, cacheBytes: 1e9 },
    ...some,
  }));
const wishes: fc.Arbitrary<WantedRegime> = fc
  .record({
    inputSize: fc.double({ min: 8, max: 512, noNaN: true }),
    frozenStages: fc.integer({ min: 0, max: 9 }),
    batchSize: fc.double({ min: 1, max: 512, noNaN: true }),
    learningRate: fc.double({ min: 1e-5, max: 1, noNaN: true }),
    mix: fc.constantFrom('none' as const, 'mixup' as const, 'cutmix' as const),
    normStatistics: fc.constantFrom('stored' as const, 'batch' as const),
    ema: fc.constantFrom(0, 0.99),
  })
  .map((some) => aRegime(some));

test('the regime nearest to a wanted one is of the space, but that a trial without time has its fewest steps', () => {
  fc.assert(
    fc.property(spaces, wishes, (space, wanted) => {
      const regime = nearestRegime(space, wanted);
      for (const dimension of Object.keys(dimensions) as (keyof Regime)[]) {
        if (dimension !== 'steps') expect(dimensions[dimension](space, regime)).toContain(regime[dimension]);
      }
      expect(regime.steps).toBeGreaterThanOrEqual(fewestStepsOf(space, regime));
    }),
  );
});

test('what is a choice already stays as it is wanted', () => {
  const [member] = zoo as [(typeof zoo)[number]];
  const timing = calibrate(zoo, []);
  const space = {
    ...{ member, features: aDataset(), counts: counts(), timing, costs: defaultRunCosts, seconds: 60, cacheBytes: 1e9 },
  };
  const wanted = aRegime({
    inputSize: 64,
    optimizer: 'sgd',
    learningRate: 0.01,
    weightDecay: 5e-4,
    augmentation: 'light',
  });
  expect(nearestRegime(space, wanted)).toMatchObject({
    ...{ inputSize: 64, optimizer: 'sgd', learningRate: 0.01, weightDecay: 5e-4, augmentation: 'light' },
  });
});
