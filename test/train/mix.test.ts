import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRng } from '../../src/lib/rng.ts';
import { cutmix, type MixableBatch, mixes, mixup, sampleBeta } from '../../src/train/mix.ts';

const aBatch = ({ batchSize = 4, size = 6, classes = 3 } = {}): MixableBatch => {
  const length = size * size * 3;
  const images = Int32Array.from({ length: batchSize * length }, (_none, i) => (Math.floor(i / length) * 50) % 256);
  const targets = new Float32Array(batchSize * classes);
  for (let i = 0; i < batchSize; i++) targets[i * classes + (i % classes)] = 1;
  return { images, targets, batchSize, size, classes };
};

describe.each(Object.keys(mixes) as (keyof typeof mixes)[])('mix %s', (mix) => {
  test('keeps the mass of each target at 1 and the pixels bytes', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 5 }), (seed, batchSize, size) => {
        const batch = aBatch({ batchSize, size });
        mixes[mix](batch, createRng(seed));
        for (let i = 0; i < batchSize; i++) {
          const mass = batch.targets.subarray(3 * i, 3 * i + 3).reduce((a, b) => a + b, 0);
          expect(mass).toBeCloseTo(1, 5);
        }
        expect(batch.images.every((v) => v >= 0 && v <= 255)).toBe(true);
      }),
    );
  });

  test('repeats with its seed', () => {
    const [a, b] = [aBatch(), aBatch()];
    mixes[mix](a, createRng(3));
    mixes[mix](b, createRng(3));
    expect(a).toEqual(b);
  });
});

test('mixup blends partners by lambda', () => {
  const batch = aBatch();
  mixup(batch, 0.8);
  expect(batch.images[0]).toBe(Math.round(0.8 * 0 + 0.2 * 150));
  expect(batch.images.at(-1)).toBe(Math.round(0.8 * 150 + 0.2 * 0));
});

test('cutmix puts as much of the partner into the target as into the image', () => {
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (seed, lambda) => {
      const batch = aBatch({ batchSize: 2, classes: 2, size: 8 });
      cutmix(batch, lambda, createRng(seed));
      const own = batch.images.subarray(0, 192).filter((v) => v === 0).length / 192;
      expect(batch.targets[0]).toBeCloseTo(own, 5);
      expect(batch.targets[3]).toBeCloseTo(own, 5);
    }),
  );
});

test.each([
  [0.2, 0.2, 0.5, 0.1786],
  [1, 1, 0.5, 0.0833],
  [2, 5, 0.2857, 0.0255],
])('Beta(%d, %d) has its mean and variance', (a, b, mean, variance) => {
  const rng = createRng(1);
  const draws = Array.from({ length: 20_000 }, () => sampleBeta(a, b, rng));
  const average = draws.reduce((sum, x) => sum + x, 0) / draws.length;
  expect(draws.every((x) => x >= 0 && x <= 1)).toBe(true);
  expect(average).toBeCloseTo(mean, 1.7);
  expect(draws.reduce((sum, x) => sum + (x - average) ** 2, 0) / draws.length).toBeCloseTo(variance, 2);
});
