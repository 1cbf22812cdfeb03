import { describe, expect, test } from '@jest/globals';
import { createRng } from '../../../src/lib/rng.ts';
import { fitGaussianProcess } from '../../../src/nas/nsga2/gaussian-process.ts';
import { architectureFeatures, chooserOf, fewestKnown } from '../../../src/nas/nsga2/surrogate.ts';

const rng = createRng(1);
const inputs = Array.from({ length: 60 }, () => [rng.next() * 10, rng.next(), rng.normal()]);
const smooth = ([x = 0, y = 0]: readonly number[]): number => Math.sin(x / 3) + y;

describe('a Gaussian process', () => {
  const predict = fitGaussianProcess(inputs, [inputs.map(smooth), inputs.map(([x = 0]) => 100 + 5 * x)]);
  test('predicts what it has not seen, each output in its own units', () => {
    const [first, second] = predict([5, 0.5, 0]).means;
    expect(first).toBeCloseTo(smooth([5, 0.5]), 1);
    expect(Math.abs((second ?? 0) - 125)).toBeLessThan(1);
  });
  test('is less sure far away from what it has seen', () => {
    expect(predict([60, 9, 9]).deviations[0]).toBeGreaterThan(3 * (predict(inputs[0] ?? []).deviations[0] ?? 0));
  });
  test('is as unsure of what it has seen as measuring it again would be', () => {
    const deviation = 0.5;
    const noisy = inputs.map((input) => smooth(input) + deviation * rng.normal());
    const { deviations } = fitGaussianProcess(inputs, [noisy])(inputs[0] ?? []);
    expect(deviations[0]).toBeGreaterThan(deviation / 2);
    expect(deviations[0]).toBeLessThan(2 * deviation);
  });
  test('bears inputs that are all the same, and outputs that are', () => {
    const { means } = fitGaussianProcess(
      [
        [1, 2],
        [1, 2],
        [1, 2],
      ],
      [[3, 3, 3]],
    )([1, 2]);
    expect(means[0]).toBeCloseTo(3, 6);
  });
});

test('of a litter mostly the child is chosen that widens the known front', () => {
  const known = Array.from({ length: 40 }, (_, i) => ({
    features: [i % 8, i / 8],
    losses: [i % 8, 10 - (i % 8) + i / 8],
  }));
  const choose = chooserOf(known);
  const chosen = Array.from({ length: 50 }, () =>
    choose?.(rng, [
      [4, 4],
      [4, -2],
      [4, 2],
    ]),
  );
  expect(chosen.filter((child) => child === 1).length).toBeGreaterThan(40);
});

test.each([
  ['too few are known', Array.from({ length: fewestKnown - 1 }, () => ({ features: [1], losses: [1, 1] }))],
  ['there are three objectives', Array.from({ length: 40 }, () => ({ features: [1], losses: [1, 1, 1] }))],
])('nothing is chosen by a model where %s', (_, known) => {
  expect(chooserOf(known)).toBeUndefined();
});

test('features are alike in number for all architectures, and tell different ones apart', () => {
  const [a = [], b = []] = ['031-a02_32_1-1-2@2', '6-_16_-1-4-11@2'].map((text) => architectureFeatures(text, 64));
  expect(a).toHaveLength(b.length);
  expect(a.filter((x, i) => x === b[i]).length).toBeLessThan(a.length / 2);
  expect([...a, ...b].every(Number.isFinite)).toBe(true);
});
