import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encode, inputNames, priorIndex } from '../../src/planner/encode.ts';
import { priorLogit, type RunDescription } from '../../src/planner/prior.ts';
import { aDataset, aMember, aRegime } from './builders.ts';

const aRun = (over: Partial<RunDescription> = {}): RunDescription => ({
  features: aDataset(),
  member: aMember(),
  regime: aRegime(),
  ...over,
});

describe('encode', () => {
  test('has a name for each number, and the prior where predictors look for it', () => {
    expect(encode(aRun())).toHaveLength(inputNames.length);
    expect(inputNames[priorIndex]).toBe('prior');
    expect(encode(aRun())[priorIndex]).toBeCloseTo(priorLogit(aRun()), 9);
  });

  test('every input says something: it differs between some runs', () => {
    const runs = [
      aRun(),
      aRun({
        features: aDataset({
          images: 500,
          classes: 50,
          imagesPerClassMean: 10,
          imagesPerClassDeviation: 8,
          resolution: 32,
          colourShare: 0,
          pixelMean: 0.1,
          pixelDeviation: 0.1,
          separability: 1,
          nearestMeanAccuracy: 0.1,
        }),
        member: aMember({ parametersM: 9, macsM: 900, nativeSize: 128, accuracy: 0.7 }),
        regime: aRegime({
          inputSize: 32,
          batchSize: 8,
          steps: 50,
          frozenStages: 4,
          learningRate: 0.1,
          schedule: 'constant',
          augmentation: 'strong',
          mix: 'mixup',
          weightDecay: 0,
          warmupShare: 0.03,
          normStatistics: 'stored',
          headStart: 'fitted',
          layerDecay: 0.7,
          labelSmoothing: 0,
          dropout: 0.2,
          ema: 0.99,
          startShare: 0.5,
          precision: 'bf16',
        }),
      }),
      aRun({
        regime: aRegime({ optimizer: 'sgd', learningRate: 0.1, mix: 'cutmix', schedule: 'step', augmentation: 'none' }),
      }),
      aRun({
        regime: aRegime({ normStatistics: 'stored' }),
      }),
    ].map(encode);
    const constant = inputNames.filter((_, i) => new Set(runs.map((x) => x[i])).size === 1);
    expect(constant).toEqual([]);
  });

  test('is finite and bounded for absurd runs', () => {
    const absurd = fc.oneof(fc.double(), fc.constantFrom(0, -1, 1e300, Number.NaN, Number.NEGATIVE_INFINITY));
    fc.assert(
      fc.property(fc.array(absurd, { minLength: 12, maxLength: 12 }), (v) => {
        const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0, j = 0, k = 0, l = 0] = v;
        const run = aRun({
          features: aDataset({ images: a, classes: b, imagesPerClassMean: c, nearestMeanAccuracy: d, resolution: e }),
          member: aMember({ accuracy: f, macsM: g, nativeSize: h, stages: i }),
          regime: aRegime({ steps: j, learningRate: k, inputSize: l }),
        });
        for (const value of encode(run)) expect(Math.abs(value)).toBeLessThanOrEqual(50);
      }),
    );
  });
});

describe('the prior', () => {
  const prior = (over: Partial<RunDescription>) => priorLogit(aRun(over));
  const rising = (values: readonly number[]) => expect(values).toEqual(values.toSorted((a, b) => a - b));

  test('rises with steps, whatever the regime, with diminishing return', () => {
    const augmentation = fc.constantFrom('none' as const, 'light' as const, 'medium' as const, 'strong' as const);
    fc.assert(
      fc.property(
        augmentation,
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 1, max: 5000 }),
        (level, frozenStages, steps) => {
          const at = (s: number) => prior({ regime: aRegime({ augmentation: level, frozenStages, steps: s }) });
          expect(at(steps + 50)).toBeGreaterThanOrEqual(at(steps));
          expect(at(steps + 5100) - at(steps + 5000)).toBeLessThanOrEqual(at(steps + 100) - at(steps) + 0.01);
        },
      ),
    );
  });
  test('rises with the separability of the data set', () =>
    rising([0, 0.2, 0.4, 0.8].map((nearestMeanAccuracy) => prior({ features: aDataset({ nearestMeanAccuracy }) }))));
  test('rises with the accuracy of the member', () =>
    rising([0.2, 0.4, 0.6, 0.8].map((accuracy) => prior({ member: aMember({ accuracy }) }))));
  test('falls away from a sound learning rate on both sides', () => {
    rising([1e-5, 1e-4, 1e-3].map((learningRate) => prior({ regime: aRegime({ learningRate }) })));
    rising([1, 0.1, 0.01, 1e-3].map((learningRate) => prior({ regime: aRegime({ learningRate }) })));
  });
  test('falls far from the native input size', () => {
    rising([16, 32, 64].map((inputSize) => prior({ regime: aRegime({ inputSize }) })));
    rising([512, 256, 128].map((inputSize) => prior({ regime: aRegime({ inputSize }) })));
  });
  test('without any training there is chance', () => {
    expect(prior({ regime: aRegime({ steps: 0 }) })).toBeCloseTo(Math.log(0.1 / 0.9), 6);
  });
});
