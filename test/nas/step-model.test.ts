import { expect, test } from '@jest/globals';
import { createRng } from '../../src/lib/rng.ts';
import { formatEncoding } from '../../src/nas/encoding.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import { proxySpace } from '../../src/nas/search.ts';
import { sampleArchitecture } from '../../src/nas/space.ts';
import { fewestPairs, fitStepModel, predictedStep, stepFeatureNames, stepFeatures } from '../../src/nas/step-model.ts';
import { trainingMemory } from '../../src/nas/training-memory.ts';

// seconds for a unit of each feature, in the order of their names
const truth = [4e-9, 2e-9, 8e-9, 2e-8, 0, 3e-9, 2e-4, 1e-9, 5e-3];

function pairs(count: number, noise: number) {
  const rng = createRng(4);
  return Array.from({ length: count }, () => {
    const network = networkOf(formatEncoding(sampleArchitecture(rng, proxySpace)), { classes: 10 });
    const features = stepFeatures(network, 64);
    const seconds = features.reduce((sum, x, i) => sum + x * (truth[i] ?? 0), 0);
    return { features, seconds: seconds * Math.exp(noise * rng.normal()) };
  });
}

test.each([
  ['exact ones', 0, 0.03],
  ['ones that vary by a tenth', 0.1, 0.15],
])('steps are predicted from measured ones: %s', (_, noise, bound) => {
  const model = fitStepModel(pairs(80, noise));
  expect(stepFeatureNames).toHaveLength(truth.length);
  expect(model?.error.median).toBeLessThan(bound);
  expect(model?.weights.every((weight) => weight >= 0)).toBe(true);
  const [unseen] = pairs(81, 0).slice(-1);
  expect(model && unseen && predictedStep(model, unseen.features) / unseen.seconds).toBeCloseTo(1, 0);
});

test('of few steps nothing is said', () => {
  expect(fitStepModel(pairs(fewestPairs - 1, 0))).toBeUndefined();
  expect(fitStepModel([])).toBeUndefined();
});

test('the memory of a step grows with the batch, the size and the network', () => {
  const memory = (encoding: string, size: number, batch: number): number =>
    trainingMemory(networkOf(encoding, { classes: 10 }), size, batch);
  const base = memory('031-_32_1-1@2', 64, 64);
  expect(memory('031-_32_1-1@2', 64, 128) / base).toBeGreaterThan(1.9);
  expect(memory('031-_32_1-1@2', 32, 64) / base).toBeLessThan(0.3);
  expect(memory('031-_64_1-1@2', 64, 64) / base).toBeGreaterThan(1.9);
});
