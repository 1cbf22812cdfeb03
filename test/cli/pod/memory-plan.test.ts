import { describe, expect, test } from '@jest/globals';
import { inStepsOf, memoryBounds, smallerRegime } from '../../../src/cli/pod/memory-plan.ts';
import { freshProgress } from '../../../src/train/checkpoint.ts';
import { smallRegime } from '../../support/small-run.ts';

describe('a smaller memory plan', () => {
  test('leaves a regime as planned where nothing was short', () => {
    const regime = smallRegime({ batchSize: 32 });
    expect(smallerRegime(regime, 0)).toEqual(regime);
    expect(memoryBounds(0)).toBeUndefined();
  });

  test.each([
    [1, 16, 200],
    [2, 8, 400],
    [5, 1, 3200],
    [9, 1, 3200],
  ])('halved %s times has a batch of %s and sees as many images', (halvings, batchSize, steps) => {
    const regime = smallerRegime(smallRegime({ batchSize: 32, steps: 100 }), halvings);
    expect(regime).toMatchObject({ batchSize, steps });
  });

  test.each([
    ['sgd', 0.1, 0.025],
    ['adamw', 0.1, 0.05],
  ] as const)('scales the learning rate of %s with the batch', (optimizer, learningRate, expected) => {
    const regime = smallRegime({ optimizer, learningRate, batchSize: 32 });
    expect(smallerRegime(regime, 2).learningRate).toBeCloseTo(expected);
  });

  test('halves what is kept in memory', () => {
    const [once, twice] = [memoryBounds(1), memoryBounds(2)];
    expect(once?.cacheBytes).toBe(0.75e9);
    expect(twice?.cacheBytes).toBe(0.375e9);
    expect(Math.abs((once?.imageBytes ?? 0) - 2 * (twice?.imageBytes ?? 0))).toBeLessThanOrEqual(1);
  });
});

test('progress is counted in the steps of the batch that goes on', () => {
  const curve = [{ seconds: 3, step: 10, accuracy: 0.5 }];
  const progress = { ...freshProgress(100), step: 30, activeSeconds: 7, curve };
  expect(inStepsOf(progress, 32, 8)).toEqual({
    ...progress,
    ...{ step: 120, steps: 400 },
    curve: [{ seconds: 3, step: 40, accuracy: 0.5 }],
  });
  expect(inStepsOf(progress, 32, 32)).toBe(progress);
});
