import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRng } from '../../../src/lib/rng.ts';
import { logit, sigmoid } from '../../../src/planner/logit.ts';
import type { Predictor } from '../../../src/planner/predictors/contract.ts';
import { type PredictorName, predictors } from '../../../src/planner/predictors/table.ts';

const inputs = 6;

/** A smooth law with a product and a bend, so that no predictor has it built in. */
const law = (x: Float64Array): number => {
  const [a, b, c, d] = x as unknown as readonly [number, number, number, number];
  return sigmoid(0.6 * a - 0.4 * b + 0.3 * a * c - 0.2 * d * d + 0.3);
};

const someInputs = (seed: number, count: number): readonly Float64Array[] => {
  const rng = createRng(seed);
  return Array.from({ length: count }, () => Float64Array.from({ length: inputs }, () => rng.normal()));
};

const afterLessons = (name: PredictorName, count: number, seed = 1): Predictor => {
  const predictor = predictors[name].create({ inputs, seed });
  for (const x of someInputs(3, count)) predictor.learnOne(x, law(x));
  return predictor;
};

describe.each(Object.keys(predictors) as PredictorName[])('predictor %s', (name) => {
  const kind = predictors[name];

  test('learns a smooth law online better than the mean does', () => {
    const predictor = kind.create({ inputs, seed: 1 });
    let [ours, means, sum] = [0, 0, 0];
    someInputs(3, 1500).forEach((x, i) => {
      const y = law(x);
      if (i >= 300) {
        ours += Math.abs(predictor.predictOne(x).mean - y);
        means += Math.abs(sum / i - y);
      }
      sum += y;
      predictor.learnOne(x, y);
    });
    expect(ours).toBeLessThan(0.85 * means);
    expect(predictor.experiences).toBe(1500);
  });

  test('before any experience it repeats the first guess', () => {
    const guessing = kind.create({ inputs, seed: 1, offset: 2 });
    const x = Float64Array.of(9, -9, logit(0.3), 1, 2, 3);
    expect(guessing.predictOne(x).mean).toBeCloseTo(0.3, 6);
    expect(kind.create({ inputs, seed: 1 }).predictOne(x).mean).toBeCloseTo(0.5, 6);
  });

  test('about as many outcomes as promised lie in the intervals', () => {
    const predictor = kind.create({ inputs, seed: 1 });
    const rng = createRng(8);
    const noisy = (x: Float64Array) => sigmoid(logit(law(x)) + 0.4 * rng.normal());
    for (const x of someInputs(3, 400)) predictor.learnOne(x, noisy(x));
    const covered = someInputs(4, 500).filter((x) => {
      const [{ low, high }, y] = [predictor.predictOne(x), noisy(x)];
      return low <= y && y <= high;
    });
    expect(covered.length / 500).toBeGreaterThan(0.7);
    expect(covered.length / 500).toBeLessThan(0.95);
  });

  test('its intervals are wider far from what it has seen', () => {
    const predictor = afterLessons(name, 200);
    const width = (x: Float64Array) => {
      const { low, high } = predictor.predictOne(x);
      return logit(high) - logit(low);
    };
    expect(width(new Float64Array(inputs).fill(0))).toBeLessThan(width(Float64Array.of(0, 0, 0, 0, 3, -3)));
  });

  test('doubts a difference the more, the less runs have shown of it, and none between two alike', () => {
    const [early, late] = [afterLessons(name, 20), afterLessons(name, 400)];
    const [usual, near, far] = [0, 0.5, 5].map((by) => Float64Array.of(by, by, 0, 0, 0, 0)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    expect(early.doubtBeside(usual)(usual)).toBe(0);
    expect(early.doubtBeside(usual)(near)).toBeGreaterThan(0);
    expect(early.doubtBeside(usual)(far)).toBeGreaterThan(early.doubtBeside(usual)(near));
    expect(early.doubtBeside(usual)(far)).toBeCloseTo(early.doubtBeside(far)(usual), 9);
    expect(late.doubtBeside(usual)(far)).toBeLessThan(early.doubtBeside(usual)(far));
    // what differs between data sets no number of runs on others can tell
    const veryLate = afterLessons(name, 2000);
    expect(veryLate.doubtBeside(usual)(far)).toBeGreaterThan(0.6 * late.doubtBeside(usual)(far));
  });

  test('its state round-trips exactly through JSON, and the copy learns on alike', () => {
    const original = afterLessons(name, 60);
    const copy = kind.restore(JSON.parse(JSON.stringify(original.state())));
    if (!copy) throw new Error('not restored');
    for (const x of someInputs(5, 20)) {
      expect(copy.predictOne(x)).toEqual(original.predictOne(x));
      for (const predictor of [copy, original]) {
        predictor.learnOne(x, law(x));
        predictor.rehearse(x, law(x));
      }
    }
    expect(JSON.stringify(copy.state())).toBe(JSON.stringify(original.state()));
    expect(copy.experiences).toBe(80);
  });

  test('the same seed and runs give the same predictor', () => {
    expect(afterLessons(name, 40, 7).state()).toEqual(afterLessons(name, 40, 7).state());
  });

  test.each<readonly [string, (state: Record<string, unknown>) => unknown]>([
    ['of another version', (s) => ({ ...s, version: 99 })],
    ['of another predictor', (s) => ({ ...s, name: 'oracle' })],
    ['without a model', (s) => ({ ...s, model: undefined })],
    ['with a model of another size', (s) => ({ ...s, options: { inputs: 3, seed: 1 } })],
    ['with a number that JSON lost', (s) => ({ ...s, errors: [null] })],
    ['with a cut scale', (s) => ({ ...s, scale: { count: 3, means: [0], squares: [0] } })],
    ['that is no object', () => 'state'],
    ['that is nothing', () => undefined],
  ])('a state %s is not taken', (_, spoil) => {
    const state = JSON.parse(JSON.stringify(afterLessons(name, 5).state())) as Record<string, unknown>;
    expect(kind.restore(spoil(state))).toBeUndefined();
  });

  test('stays finite and inside (0, 1) whatever it is asked and fed', () => {
    const absurd = fc.array(fc.oneof(fc.double(), fc.constantFrom(Number.NaN, 1e300, -1e300, 0)), {
      minLength: inputs,
      maxLength: inputs,
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(absurd, fc.double()), { maxLength: 30 }), absurd, (lessons, question) => {
        const predictor = kind.create({ inputs, seed: 1, offset: 0 });
        for (const [x, y] of lessons) predictor.learnOne(Float64Array.from(x), y);
        for (const [x, y] of lessons) predictor.rehearse(Float64Array.from(x), y);
        const { mean, low, high } = predictor.predictOne(Float64Array.from(question));
        for (const share of [mean, low, high]) {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(1);
        }
        expect(low).toBeLessThanOrEqual(mean);
        expect(mean).toBeLessThanOrEqual(high);
        expect(kind.restore(JSON.parse(JSON.stringify(predictor.state())))).toBeDefined();
      }),
      {
        numRuns: 60,
        // a first guess of 1e294 once overflowed the weights of ridge
        examples: [
          [
            [
              [[4.717621358310906e294, -1e300, 0, 0, 1e300, 1e300], 0],
              [[-Number.MAX_VALUE, -104, -1e300, 0, 104, 0], 0],
            ],
            [0, Number.NaN, 0, Number.NaN, 0, 0],
          ],
        ],
      },
    );
  });

  test.each<readonly [string, Float64Array, number]>([
    ['an accuracy above 1', new Float64Array(inputs), 1.01],
    ['a negative accuracy', new Float64Array(inputs), -0.1],
    ['an accuracy that is no number', new Float64Array(inputs), Number.NaN],
    ['an input that is no number', new Float64Array(inputs).fill(Number.NaN), 0.5],
    ['an endless input', new Float64Array(inputs).fill(Number.POSITIVE_INFINITY), 0.5],
    ['too few inputs', new Float64Array(inputs - 1), 0.5],
  ])('%s is refused and changes nothing', (_, x, y) => {
    const predictor = afterLessons(name, 20);
    const before = JSON.stringify(predictor.state());
    expect(predictor.learnOne(x, y)).toBe(false);
    predictor.rehearse(x, y);
    expect(JSON.stringify(predictor.state())).toBe(before);
  });

  test('a hundred absurd but formally sound runs do not ruin it for ordinary ones', () => {
    const predictor = afterLessons(name, 400);
    for (let i = 0; i < 5; i++) predictor.learnOne(new Float64Array(inputs).fill(1e12), i % 2);
    const error = someInputs(6, 200).reduce((sum, x) => sum + Math.abs(predictor.predictOne(x).mean - law(x)) / 200, 0);
    expect(error).toBeLessThan(0.2);
  });
});
