import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRng } from '../../src/lib/rng.ts';
import { loadZoo, shippedZooDir } from '../../src/nas/zoo.ts';
import { defaultRunCosts, runSeconds } from '../../src/planner/run-time.ts';
import type { StepQuery } from '../../src/planner/step-cost.ts';
import { calibrate, type MeasuredStep, type Timing } from '../../src/planner/timing.ts';
import { evaluatedImages, type MemberInfo } from '../../src/planner/types.ts';
import { aMember, aRegime, aZoo, counts, type Machine, referenceMachine, trueStepSeconds } from './builders.ts';

const zoo = aZoo();

/** What a profile measures: two steps of the smallest member, one of another. */
const probes = [
  { member: 'tiny', inputSize: 64, batchSize: 32, frozenStages: 0, cachedFeatures: false },
  { member: 'tiny', inputSize: 64, batchSize: 8, frozenStages: 0, cachedFeatures: false },
  { member: 'middle', inputSize: 64, batchSize: 32, frozenStages: 0, cachedFeatures: false },
];

const memberOf = (name: string) => zoo.find((m) => m.name === name) as MemberInfo;

const measureOn = (machine: Machine, noise: (i: number) => number = () => 1): readonly MeasuredStep[] =>
  probes.map((p, i) => ({ ...p, seconds: noise(i) * trueStepSeconds(machine, memberOf(p.member), p) }));

const queries: readonly StepQuery[] = [32, 48, 64, 96, 128].flatMap((inputSize) =>
  [8, 32, 128].flatMap((batchSize) =>
    [
      [0, false],
      [1, false],
      [2, false],
      [2, true],
      [4, false],
      [4, true],
    ].map(([frozen, cached]) => ({
      inputSize,
      batchSize,
      frozenStages: Number(frozen),
      cachedFeatures: Boolean(cached),
      precision: 'fp32' as const,
    })),
  ),
);

/** Quantile of the absolute relative errors over every member and query. */
function errorQuantile(timing: Timing, machine: Machine, share: number): number {
  const errors = zoo.flatMap((member) =>
    queries.map((q) => Math.abs(timing.stepSeconds(member, q).seconds / trueStepSeconds(machine, member, q) - 1)),
  );
  return errors.sort((a, b) => a - b)[Math.floor(share * (errors.length - 1))] as number;
}

const machines: readonly (readonly [string, Machine])[] = [
  ['the reference machine', referenceMachine],
  ['a machine twice as slow', { overhead: 0.02, perMac: 8e-11 }],
  ['a machine five times as fast', { overhead: 0.002, perMac: 8e-12 }],
  ['a machine slow at launching', { overhead: 0.04, perMac: 4e-11 }],
  [
    'a machine with an accelerator: launching costs the same, arithmetic next to nothing',
    { overhead: 0.01, perMac: 4e-13 },
  ],
];

describe('calibrate', () => {
  test.each(machines)('predicts every step on %s from three measured ones', (_, machine) => {
    const timing = calibrate(zoo, measureOn(machine));
    expect(errorQuantile(timing, machine, 0.5)).toBeLessThan(0.1);
    expect(errorQuantile(timing, machine, 0.9)).toBeLessThan(0.3);
  });

  test.each(machines)('bears measurements that are off by a tenth on %s', (_, machine) => {
    const rng = createRng(4);
    const timing = calibrate(
      zoo,
      measureOn(machine, () => Math.exp(0.1 * rng.normal())),
    );
    expect(errorQuantile(timing, machine, 0.5)).toBeLessThan(0.25);
  });

  test('without a measurement the reference machine is assumed, with a wide deviation', () => {
    const timing = calibrate(zoo, []);
    expect(errorQuantile(timing, referenceMachine, 0.5)).toBeLessThan(0.1);
    const near = { inputSize: 64, batchSize: 32, frozenStages: 0, cachedFeatures: false, precision: 'fp32' } as const;
    const measured = calibrate(zoo, measureOn(referenceMachine));
    const wide = timing.stepSeconds(memberOf('tiny'), near).deviation;
    expect(wide).toBeGreaterThan(0.4);
    expect(measured.stepSeconds(memberOf('tiny'), near).deviation).toBeLessThan(wide / 4);
  });

  test('a measured step is predicted nearly as it was measured, whatever the model thinks', () => {
    const odd = probes.map((p) => ({ ...p, seconds: 0.5 }));
    const seconds = calibrate(zoo, odd.slice(0, 1)).stepSeconds(memberOf('tiny'), {
      ...odd[0],
      precision: 'fp32',
    } as StepQuery);
    expect(seconds.seconds).toBeGreaterThan(0.4);
    expect(seconds.seconds).toBeLessThan(0.6);
  });

  test('a member without reference steps is timed by its multiply-adds and the machine', () => {
    const strange = { ...memberOf('middle'), name: 'strange', steps: [] };
    const timing = calibrate([...zoo, strange], measureOn(referenceMachine));
    const ratio =
      timing.stepSeconds(strange, queries[0] as StepQuery).seconds /
      timing.stepSeconds(memberOf('middle'), queries[0] as StepQuery).seconds;
    expect(ratio).toBeGreaterThan(0.2);
    expect(ratio).toBeLessThan(5);
  });

  test.each(['efficientnet-lite0', 'efficientnet-lite2'])(
    'what %s ships it is planned with, each number of frozen stages by itself',
    async (wanted) => {
      const { members } = await loadZoo(shippedZooDir());
      const member = members.find(({ name }) => name === wanted) as MemberInfo;
      const timing = calibrate(members, []);
      for (const { seconds, ...step } of member.steps.filter(({ inputSize }) => inputSize === member.nativeSize)) {
        const planned = timing.stepSeconds(member, { precision: 'fp32', ...step }).seconds;
        expect(Math.abs(Math.log(planned / seconds))).toBeLessThan(0.15);
      }
    },
  );

  test.each([
    ['zero', 0],
    ['negative', -1],
    ['infinite', Number.POSITIVE_INFINITY],
    ['no number', Number.NaN],
  ])('a measurement that is %s changes nothing', (_, seconds) => {
    const [good, bad] = [measureOn(referenceMachine), { ...probes[0], seconds } as MeasuredStep];
    const q = queries[7] as StepQuery;
    const member = memberOf('large');
    expect(calibrate(zoo, [...good, bad]).stepSeconds(member, q)).toEqual(calibrate(zoo, good).stepSeconds(member, q));
  });

  test('bf16 is offered where it was measured, with its own speed', () => {
    const half = measureOn(referenceMachine).map((m) => ({ ...m, precision: 'bf16' as const, seconds: m.seconds / 2 }));
    expect(calibrate(zoo, measureOn(referenceMachine)).precisions).toEqual(['fp32']);
    const timing = calibrate(zoo, [...measureOn(referenceMachine), ...half.slice(0, 1)]);
    expect(timing.precisions).toEqual(['fp32', 'bf16']);
    const q = queries[20] as StepQuery;
    const ratio =
      timing.stepSeconds(zoo[3] as MemberInfo, { ...q, precision: 'bf16' }).seconds /
      timing.stepSeconds(zoo[3] as MemberInfo, q).seconds;
    expect(ratio).toBeCloseTo(0.5, 1);
  });

  test('more pixels, more images and fewer frozen stages never make a step faster (pixels and images: beyond 2 %)', () => {
    const machine = fc.record({
      overhead: fc.double({ min: 1e-3, max: 0.1, noNaN: true }),
      perMac: fc.double({ min: 1e-12, max: 1e-9, noNaN: true }),
    });
    fc.assert(
      fc.property(machine, fc.constantFrom(...zoo), fc.constantFrom(...queries), (m, member, q) => {
        const timing = calibrate(zoo, measureOn(m));
        const seconds = (over: Partial<StepQuery>) => timing.stepSeconds(member, { ...q, ...over }).seconds;
        // where launching is nearly all, what is borrowed from neighbouring measurements may differ by a little
        expect(seconds({ inputSize: q.inputSize * 1.5 })).toBeGreaterThan(0.98 * seconds({}));
        expect(seconds({ batchSize: q.batchSize * 2 })).toBeGreaterThan(0.98 * seconds({}));
        if (q.frozenStages > 0) {
          expect(seconds({ frozenStages: q.frozenStages - 1 })).toBeGreaterThan(seconds({}));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('runSeconds', () => {
  const member = memberOf('small');
  const timing = calibrate(zoo, measureOn(referenceMachine));
  const estimate = (over: Parameters<typeof aRegime>[0] = {}, many = counts()) =>
    runSeconds(member, aRegime(over), many, timing, defaultRunCosts);

  test('rises with steps, with images and with each evaluation', () => {
    expect(estimate({ steps: 600 }).seconds).toBeGreaterThan(estimate({ steps: 500 }).seconds);
    expect(estimate({}, counts({ validationImages: 3000 })).seconds).toBeGreaterThan(estimate().seconds);
    const often = { ...defaultRunCosts, evaluations: 10 };
    expect(runSeconds(member, aRegime(), counts(), timing, often).seconds).toBeGreaterThan(estimate().seconds);
  });

  test('stepsWithin is the inverse: one step more would not fit', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 3, max: 3000, noNaN: true }),
        fc.constantFrom(8, 32, 128),
        fc.integer({ min: 0, max: 4 }),
        fc.constantFrom('none' as const, 'strong' as const),
        fc.integer({ min: 100, max: 100_000 }),
        (seconds, batchSize, frozenStages, augmentation, trainImages) => {
          const run = estimate({ batchSize, frozenStages, augmentation }, counts({ trainImages }));
          const steps = run.stepsWithin(seconds);
          if (steps > 0) expect(run.secondsOf(steps)).toBeLessThanOrEqual(seconds * (1 + 1e-9));
          expect(run.secondsOf(steps + 1)).toBeGreaterThan(Math.min(seconds, run.secondsOf(1)) * (1 - 1e-9));
        },
      ),
    );
  });

  test.each([
    ['few, but enough for a curve, in a short run', 20, 450, 100],
    ['more in a longer one', 1000, 4000, 960],
    ['all that there are at most', 1000, 450, 450],
    ['a thousand at most', 100_000, 4000, 1000],
  ])('an evaluation within a run takes %s', (_, steps, images, evaluated) => {
    expect(evaluatedImages({ steps, batchSize: 32 }, images)).toBeCloseTo(evaluated);
  });

  test('evaluations take a small part of a run that is not very short', () => {
    const [none, many] = [{ ...defaultRunCosts, evaluations: 0 }, counts({ validationImages: 4000 })];
    const seconds = (costs: typeof none) => runSeconds(member, aRegime({ steps: 500 }), many, timing, costs).seconds;
    expect(seconds(defaultRunCosts) / seconds(none)).toBeLessThan(1.06);
  });

  test('a fitted head costs a pass over some images, once', () => {
    const [random, fitted] = (['random', 'fitted'] as const).map((headStart) => estimate({ headStart }));
    expect(fitted?.secondsOf(0)).toBeGreaterThan((random?.secondsOf(0) ?? 0) + 1);
    const each = (run: typeof random) => (run?.secondsOf(9000) ?? 0) - (run?.secondsOf(8000) ?? 0);
    expect(each(fitted)).toBeCloseTo(each(random));
  });

  test('cached activations make long runs of a frozen network cheap and are paid for once', () => {
    const cached = estimate({ frozenStages: 4, augmentation: 'none', steps: 5000 });
    const augmented = estimate({ frozenStages: 4, augmentation: 'light', steps: 5000 });
    expect(cached.seconds).toBeLessThan(augmented.seconds / 3);
    const first = estimate({ frozenStages: 4, augmentation: 'none', steps: 1 });
    expect(first.secondsOf(62) - first.secondsOf(0)).toBeGreaterThan(
      3 * (first.secondsOf(5062) - first.secondsOf(5000)),
    );
  });

  test('no time gives no steps', () => expect(estimate().stepsWithin(0.1)).toBe(0));
  test('a member with no stages can be timed', () => {
    const bare = aMember({ stages: 0, stageShare: [0] });
    expect(runSeconds(bare, aRegime(), counts(), timing, defaultRunCosts).seconds).toBeGreaterThan(0);
  });
});
