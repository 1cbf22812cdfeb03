import { describe, expect, test } from '@jest/globals';
import { createRng } from '../../../src/lib/rng.ts';
import { sigmoid } from '../../../src/planner/logit.ts';
import { encodedOptions, type Lesson, lessonsOf, replay } from '../../../src/planner/predictors/replay.ts';
import { type PredictorName, predictors } from '../../../src/planner/predictors/table.ts';
import { someDatasets, someRuns } from '../synthetic-world.ts';

/** Sixty to three hundred runs of five data sets is what a first zoo ships. */
function lessons(
  seed: number,
  runsEach: number,
): { known: readonly Lesson[]; same: readonly Lesson[]; fresh: readonly Lesson[] } {
  const rng = createRng(seed);
  const sets = someDatasets(rng, 8);
  const runs = (from: number, to: number, count: number) =>
    lessonsOf(sets.slice(from, to).flatMap((d) => someRuns(rng, d, count)));
  return { known: runs(0, 5, runsEach), same: runs(0, 5, 30), fresh: runs(5, 8, 40) };
}

const worlds = [1, 2, 3].map((seed) => lessons(seed, 30));

/** Mean absolute error over the worlds. */
const errorOver = (part: 'same' | 'fresh', predict: (world: number) => (x: Float64Array) => number): number => {
  const errors = worlds.flatMap((world, w) => {
    const guess = predict(w);
    return world[part].map(({ x, y }) => Math.abs(guess(x) - y));
  });
  return errors.reduce((a, b) => a + b, 0) / errors.length;
};

const replayed = (name: PredictorName, passes: number) => (w: number) => {
  const predictor = replay(predictors[name], encodedOptions(1), worlds[w]?.known ?? [], createRng(w), {
    passes,
    folds: 0,
  });
  return (x: Float64Array) => predictor.predictOne(x).mean;
};

const meanOnly = (w: number) => {
  const known = worlds[w]?.known ?? [];
  const mean = known.reduce((sum, { y }) => sum + y / known.length, 0);
  return () => mean;
};

const priorOnly = () => (x: Float64Array) => sigmoid(x[0] ?? 0);

describe('replay', () => {
  test.each<readonly ['same' | 'fresh', PredictorName]>([
    ['same', 'hedge'],
    ['fresh', 'hedge'],
    ['same', 'ridge'],
    ['fresh', 'ridge'],
  ])('on %s data sets %s beats the mean and the bare prior by a clear margin', (part, name) => {
    const error = errorOver(part, replayed(name, 10));
    expect(error).toBeLessThan(0.75 * errorOver(part, meanOnly));
    // the hidden hardness of a fresh data set alone is worth 0.06 of accuracy, of the 0.10 that the prior is off
    expect(error).toBeLessThan((part === 'fresh' ? 0.8 : 0.75) * errorOver(part, priorOnly));
  });

  test('several passes of hedge beat a single one', () => {
    expect(errorOver('same', replayed('hedge', 10))).toBeLessThan(0.95 * errorOver('same', replayed('hedge', 1)));
  });

  test('intervals from held-out data sets cover most runs of a new one', () => {
    const covered = worlds.flatMap(({ known, fresh }, w) => {
      const predictor = replay(predictors.hedge, encodedOptions(1), known, createRng(w));
      return fresh.map(({ x, y }) => {
        const { low, high } = predictor.predictOne(x);
        return low <= y && y <= high;
      });
    });
    expect(covered.filter(Boolean).length / covered.length).toBeGreaterThan(0.6);
  });

  test('the order of rehearsal follows the seed', () => {
    const of = (seed: number) => replay(predictors.hedge, encodedOptions(1), worlds[0]?.known ?? [], createRng(seed));
    expect(of(3).state()).toEqual(of(3).state());
    expect(of(3).state()).not.toEqual(of(4).state());
  });

  test.each<readonly [string, readonly Lesson[]]>([
    ['nothing', []],
    [
      'poisoned runs only',
      [
        { x: new Float64Array(3), y: 0.5, group: 'a' },
        { x: encodedNaN(), y: 0.5, group: 'b' },
      ],
    ],
  ])('from %s comes a predictor without experience that still predicts', (_, known) => {
    const predictor = replay(predictors.hedge, encodedOptions(1), known, createRng(1));
    expect(predictor.experiences).toBe(0);
    expect(predictor.predictOne(worlds[0]?.fresh[0]?.x ?? new Float64Array()).mean).toBeGreaterThan(0);
  });
});

function encodedNaN(): Float64Array {
  return new Float64Array(encodedOptions(1).inputs).fill(Number.NaN);
}
