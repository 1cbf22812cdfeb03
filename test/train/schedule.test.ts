import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { averageDecayAt, learningRateAt, schedules } from '../../src/train/schedule.ts';

const regime = (schedule: keyof typeof schedules, warmupShare = 0.2) => ({ learningRate: 2, schedule, warmupShare });

describe('the learning rate', () => {
  test.each([
    ['rises in a line from the beginning', regime('cosine'), 0.05, 0.5],
    ['is at its peak when the warm-up ends', regime('cosine'), 0.2, 2],
    ['is at its peak at once without a warm-up', regime('cosine', 0), 0, 2],
    ['has fallen by half in the middle of a cosine', regime('cosine'), 0.6, 1],
    ['ends at 0 with a cosine', regime('cosine'), 1, 0],
    ['is at its peak before the first step down', regime('step'), 0.59, 2],
    ['falls to a tenth at a half', regime('step', 0), 0.5, 0.2],
    ['falls to a hundredth at three quarters', regime('step', 0), 0.75, 0.02],
    ['stays where it is constant', regime('constant'), 1, 2],
    ['takes a progress beyond the end as the end', regime('step'), 1.5, 0.02],
    ['takes a progress before the beginning as the beginning', regime('constant'), -1, 0],
    ['warms up to the very end where all is warm-up', regime('cosine', 1), 0.999, 1.998],
  ])('%s', (_name, r, progress, rate) => {
    expect(learningRateAt(r, progress)).toBeCloseTo(rate, 10);
  });

  test('never leaves 0 to its peak, and after the warm-up never rises', () => {
    const names = fc.constantFrom(...(Object.keys(schedules) as (keyof typeof schedules)[]));
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(names, share, share, share, (name, warmup, a, b) => {
        const [early, late] = [Math.min(a, b), Math.max(a, b)];
        const [first, second] = [
          learningRateAt(regime(name, warmup), early),
          learningRateAt(regime(name, warmup), late),
        ];
        expect(Math.min(first, second)).toBeGreaterThanOrEqual(0);
        expect(Math.max(first, second)).toBeLessThanOrEqual(2 + 1e-12);
        if (early >= warmup) expect(second).toBeLessThanOrEqual(first + 1e-12);
      }),
    );
  });
});

test.each([
  ['forgets the start at first', 0.99, 1, 2 / 11],
  ['reaches its decay later', 0.99, 5000, 0.99],
  ['is nothing where it is switched off', 0, 100, 0],
])('the moving average %s', (_name, decay, step, expected) => {
  expect(averageDecayAt(decay, step)).toBeCloseTo(expected, 10);
});
