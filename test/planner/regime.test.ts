import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRng, type Rng } from '../../src/lib/rng.ts';
import { candidates } from '../../src/planner/candidates.ts';
import {
  defaultRegime,
  defaultRegimes,
  dimensions,
  estimateRun,
  maximumEpochs,
  nearRegime,
  type RegimeSpace,
  sampleRegime,
} from '../../src/planner/regime.ts';
import { defaultRunCosts } from '../../src/planner/run-time.ts';
import { calibrate } from '../../src/planner/timing.ts';
import { type MemberInfo, type Regime, usesCachedFeatures } from '../../src/planner/types.ts';
import { aDataset, aMember, aZoo, counts } from './builders.ts';

const zoo = aZoo();

const aSpace = (over: Partial<RegimeSpace> = {}): RegimeSpace => ({
  member: zoo[1] as MemberInfo,
  features: aDataset(),
  counts: counts(),
  timing: calibrate(zoo, []),
  costs: defaultRunCosts,
  seconds: 60,
  cacheBytes: 1e9,
  ...over,
});

const nearDefault = (space: RegimeSpace, overrides: Partial<Regime>, rng: Rng): Regime | undefined => {
  const start = defaultRegime(space, overrides);
  return start && nearRegime(space, start, overrides, rng);
};

const spaces = fc
  .record({
    member: fc.constantFrom(...zoo),
    seconds: fc.double({ min: 1, max: 2000, noNaN: true }),
    images: fc.integer({ min: 4, max: 100_000 }),
    resolution: fc.integer({ min: 8, max: 2000 }),
    classes: fc.integer({ min: 2, max: 200 }),
  })
  .map(({ member, seconds, images, resolution, classes }) =>
    aSpace({
      member,
      seconds,
      features: aDataset({ images, resolution, classes }),
      counts: counts({ trainImages: images }),
    }),
  );

describe('a sampled regime', () => {
  test('always obeys the rules of its space', () => {
    fc.assert(
      fc.property(spaces, fc.integer(), (space, seed) => {
        const regime = sampleRegime(space, {}, createRng(seed));
        if (!regime) return;
        const { member, features } = space;
        expect(regime.frozenStages).toBeLessThanOrEqual(member.stages);
        expect(regime.batchSize).toBeLessThanOrEqual(space.counts.trainImages);
        expect(regime.inputSize).toBeLessThanOrEqual(Math.max(32, 4 * features.resolution));
        expect(regime.inputSize).toBeLessThanOrEqual(2 * member.nativeSize);
        expect(regime.steps).toBeGreaterThanOrEqual(10);
        const epochs = (regime.steps * regime.batchSize) / space.counts.trainImages;
        expect(epochs).toBeLessThanOrEqual(maximumEpochs + regime.batchSize / space.counts.trainImages);
        if (regime.mix !== 'none') expect(epochs).toBeGreaterThanOrEqual(6);
        const estimate = estimateRun(space, regime);
        expect(estimate.seconds).toBeLessThanOrEqual(space.seconds * (1 + 1e-9));
        // nothing overfits that soon: such a run takes all the time
        if (epochs < 4) expect(estimate.secondsOf(regime.steps + 1)).toBeGreaterThan(space.seconds);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['any one', sampleRegime],
    ['a neighbour of the default', nearDefault],
  ])('%s has choices of its dimensions that go together', (_, sample) => {
    fc.assert(
      fc.property(spaces, fc.integer(), (space, seed) => {
        const regime = sample(space, {}, createRng(seed));
        if (!regime) return;
        const names = (Object.keys(dimensions) as (keyof Regime)[]).filter((name) => name !== 'steps');
        const choices = (name: keyof Regime): readonly unknown[] => dimensions[name](space, regime);
        const wrong = names.filter((name) => !choices(name).includes(regime[name]));
        expect(wrong).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('near the default differs from it in few choices', () => {
    const space = aSpace({ seconds: 600 });
    const start = defaultRegime(space) as Regime;
    const differences = Array.from({ length: 200 }, (_, seed) => {
      const regime = nearRegime(space, start, {}, createRng(seed)) as Regime;
      const names = (Object.keys(start) as (keyof Regime)[]).filter((name) => name !== 'steps');
      return names.filter((name) => regime[name] !== start[name]).length;
    });
    // an optimizer brings its own rates and decay with it
    expect(Math.max(...differences)).toBeLessThanOrEqual(5);
    expect(differences.filter((count) => count > 0).length).toBeGreaterThan(150);
  });

  test('covers every choice of every dimension', () => {
    const space = aSpace({ seconds: 600 });
    const rng = createRng(1);
    const drawn = Array.from({ length: 3000 }, () => sampleRegime(space, {}, rng)).filter((r) => r !== undefined);
    const seen = (key: keyof typeof dimensions) => [...new Set(drawn.map((r) => r[key]))].sort();
    expect(seen('inputSize')).toEqual([112, 128, 32, 48, 64, 80, 96]);
    expect(seen('frozenStages')).toEqual([0, 1, 2, 3, 4]);
    expect(seen('optimizer')).toEqual(['adamw', 'sgd']);
    expect(seen('normStatistics')).toEqual(['batch', 'stored']);
    expect(seen('headStart')).toEqual(['fitted', 'random']);
    expect(seen('mix')).toEqual(['cutmix', 'mixup', 'none']);
    expect(seen('ema')).toEqual([0, 0.99]);
    expect(seen('startShare')).toEqual([0, 0.25, 0.5, 0.75]);
    expect(seen('precision')).toEqual(['fp32']);
    expect(seen('augmentation')).toEqual(['light', 'medium', 'none', 'strong']);
  });

  test('goes back towards the start only where that is a sound network itself', () => {
    const [space, rng] = [aSpace({ seconds: 600 }), createRng(4)];
    const drawn = Array.from({ length: 500 }, () => sampleRegime(space, {}, rng)).filter((r) => r !== undefined);
    const back = drawn.filter(({ startShare }) => startShare > 0);
    expect(back.length).toBeGreaterThan(20);
    for (const { headStart, normStatistics, frozenStages } of back) {
      expect([headStart, normStatistics, frozenStages < space.member.stages]).toEqual(['fitted', 'stored', true]);
    }
  });

  test.each<[string, Partial<Regime>, number]>([
    ['comes out a quarter of the way back', {}, 0.25],
    ['does not where its head began with nothing', { headStart: 'random' }, 0],
    ['does not where statistics change', { normStatistics: 'batch' }, 0],
    ['does as far as the user says', { startShare: 0.6 }, 0.6],
  ])('a default regime %s', (_, overrides, startShare) => {
    expect(defaultRegime(aSpace({ seconds: 600 }), overrides)).toMatchObject({ startShare });
  });

  test('keeps what the user fixed', () => {
    const fixed = { inputSize: 64, optimizer: 'sgd', learningRate: 0.033, frozenStages: 2 } as const;
    const rng = createRng(2);
    for (let i = 0; i < 50; i++) expect(sampleRegime(aSpace(), fixed, rng)).toMatchObject(fixed);
  });

  test('is not cached beyond the memory given', () => {
    const member = { ...(zoo[1] as MemberInfo), boundaryValues: [12_288, 65_536, 32_768, 8_192, 512] };
    const space = aSpace({ member, cacheBytes: 1e8 });
    const cached = (frozenStages: number) =>
      sampleRegime(space, { frozenStages, augmentation: 'none', mix: 'none', inputSize: 64 }, createRng(3));
    expect(cached(1)).toBeUndefined();
    expect(cached(4)).toBeDefined();
  });

  test.each([
    ['there is no time', aSpace({ seconds: 1 }), {}],
    ['more stages are to be frozen than there are', aSpace(), { frozenStages: 9 }],
    ['the batch is larger than the data set', aSpace({ counts: counts({ trainImages: 20 }) }), { batchSize: 64 }],
    ['the steps fixed take too long', aSpace(), { steps: 1_000_000 }],
    ['a precision was not measured', aSpace(), { precision: 'bf16' as const }],
  ])('is given up where %s', (_, space, overrides) => {
    expect(sampleRegime(space, overrides, createRng(1))).toBeUndefined();
    expect(defaultRegime(space, overrides)).toBeUndefined();
  });
});

describe('the default regime', () => {
  test('uses the native size and nearly all the time', () => {
    const space = aSpace({ seconds: 30 });
    for (const regime of defaultRegimes(space)) {
      expect(regime).toMatchObject({ inputSize: 64, batchSize: 32, precision: 'fp32' });
      expect(estimateRun(space, regime).seconds).toBeGreaterThan(28);
    }
  });
  test.each([
    ['little time keeps the first half of the stages, and computes their activations once', 200, true],
    ['much time trains everything, on images that change', 600, false],
  ])('for %s', (_, seconds, isCached) => {
    const [first, second] = defaultRegimes(aSpace({ member: aMember({ nativeSize: 224, macsM: 400 }), seconds }));
    expect([first, second].map((regime) => regime && usesCachedFeatures(regime))).toEqual([isCached, !isCached]);
  });
  test('does not cache where that takes too much memory, or was ruled out', () => {
    const member = { ...(zoo[1] as MemberInfo), boundaryValues: [12_288, 65_536, 32_768, 8_192, 512] };
    const whole = [expect.objectContaining({ frozenStages: 0 })];
    expect(defaultRegimes(aSpace({ member, cacheBytes: 1e6 }))).toEqual(whole);
    expect(defaultRegimes(aSpace(), { frozenStages: 0 })).toEqual(whole);
    expect(defaultRegimes(aSpace(), { augmentation: 'light' })).toEqual(whole);
  });
  test('takes the whole of a tiny data set as a batch', () => {
    const tiny = aSpace({ counts: counts({ trainImages: 6 }), features: aDataset({ images: 6 }) });
    expect(defaultRegime(tiny)).toMatchObject({ batchSize: 6 });
  });
  test.each([
    ['its native size where there is time', 600, 224],
    ['a smaller one where less than some epochs fit', 200, 160],
    ['no less than it can read where not even those fit', 30, 96],
  ])('a member of large images that is trained as a whole gets %s', (_, seconds, inputSize) => {
    const member = aMember({ nativeSize: 224, macsM: 400 });
    expect(defaultRegime(aSpace({ member, seconds }), { frozenStages: 0 })?.inputSize).toBe(inputSize);
  });
  test('a member of large images does not get small ones enlarged beyond four times', () => {
    const member = aMember({ nativeSize: 224, macsM: 400 });
    const space = aSpace({ member, seconds: 600, features: aDataset({ resolution: 32 }) });
    expect(defaultRegime(space)?.inputSize).toBe(128);
  });
  test('few images do not make up for few steps', () => {
    const member = aMember({ nativeSize: 224, macsM: 400 });
    const features = aDataset({ images: 200 });
    const space = aSpace({ member, seconds: 60, features, counts: counts({ trainImages: 200 }) });
    const regime = defaultRegime(space) as Regime;
    expect(regime.inputSize).toBeLessThan(224);
    expect(regime.steps).toBeGreaterThanOrEqual(65);
    expect(defaultRegime(space, { inputSize: regime.inputSize + 32 })?.steps ?? 0).toBeLessThan(65);
  });
  test('a member of an unusual native size gets the nearest size', () => {
    expect(defaultRegime(aSpace({ member: aMember({ nativeSize: 70 }), seconds: 600 }))?.inputSize).toBe(64);
  });
});

describe('candidates', () => {
  const shared = aSpace({ seconds: 120 });
  test('come from every member and start with the default regimes', () => {
    const drawn = candidates(zoo, shared, {}, createRng(1), 400);
    expect(new Set(drawn.map((c) => c.member.name))).toEqual(new Set(zoo.map((m) => m.name)));
    expect(drawn[0]?.regime).toEqual(defaultRegime({ ...shared, member: zoo[0] as MemberInfo }));
    expect(drawn.length).toBeGreaterThan(300);
  });
  test('many fill the time left', () => {
    const drawn = candidates(zoo, aSpace({ seconds: 60 }), {}, createRng(1), 1000);
    expect(drawn.filter((c) => c.seconds > 57).length).toBeGreaterThan(drawn.length / 5);
  });
  test('the same seed draws the same', () => {
    expect(candidates(zoo, shared, {}, createRng(9), 50)).toEqual(candidates(zoo, shared, {}, createRng(9), 50));
  });
  test('a zoo without members has none', () => expect(candidates([], shared, {}, createRng(1), 10)).toEqual([]));
});
