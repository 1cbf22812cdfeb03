import { describe, expect, test } from '@jest/globals';
import { createRng } from '../../../src/lib/rng.ts';
import {
  defaultBoosting,
  type Examples,
  fitBoostedTrees,
  predictBoosted,
} from '../../../src/planner/predictors/boosted-trees.ts';

/** Rows of uniform numbers, and what `target` makes of them. */
function examples(count: number, inputs: number, target: (row: Float64Array) => number, noise = 0): Examples {
  const rng = createRng(7);
  const rows = Array.from({ length: count }, () => Float64Array.from({ length: inputs }, () => rng.next()));
  return { rows, targets: rows.map((row) => target(row) + noise * rng.normal()) };
}

const meanSquare = ({ rows, targets }: Examples, answer: (row: Float64Array) => number): number =>
  rows.reduce((sum, row, i) => sum + (answer(row) - (targets[i] as number)) ** 2, 0) / rows.length;

const at = (row: Float64Array, input: number): number => row[input] as number;

describe('boosted trees', () => {
  const worlds: Readonly<Record<string, (row: Float64Array) => number>> = {
    'a step': (row) => (at(row, 0) > 0.3 ? 2 : -1),
    'an interaction': (row) => (at(row, 0) > 0.5 === at(row, 1) > 0.5 ? 1 : 0),
    'a smooth curve': (row) => Math.sin(6 * at(row, 2)),
  };
  test.each(Object.entries(worlds))('learn %s among inputs that say nothing', (_, target) => {
    const learnt = examples(1500, 6, target);
    const trees = fitBoostedTrees(learnt, { ...defaultBoosting, inputShare: 1 }, createRng(1));
    const rng = createRng(99);
    const unseen = Array.from({ length: 400 }, () => Float64Array.from({ length: 6 }, () => rng.next()));
    const fresh = { rows: unseen, targets: unseen.map(target) };
    const base = meanSquare(fresh, () => trees.base);
    expect(meanSquare(fresh, (row) => predictBoosted(trees, row))).toBeLessThan(0.1 * base);
  });

  test('never fall with an input that they may only rise with, however noisy the targets', () => {
    const learnt = examples(800, 3, (row) => at(row, 0) + Math.sin(9 * at(row, 0)) + at(row, 1), 0.5);
    const trees = fitBoostedTrees(learnt, { ...defaultBoosting, increasing: [0] }, createRng(2));
    const rng = createRng(3);
    for (let i = 0; i < 50; i++) {
      const row = Float64Array.from({ length: 3 }, () => rng.next());
      const along = Array.from({ length: 40 }, (_, step) => {
        row[0] = step / 39;
        return predictBoosted(trees, row);
      });
      for (let step = 1; step < along.length; step++) {
        expect(along[step]).toBeGreaterThanOrEqual((along[step - 1] as number) - 1e-9);
      }
    }
  });

  test('stay within the targets where all are equal, and for one row', () => {
    for (const count of [1, 30]) {
      const rows = examples(count, 2, () => 0.4);
      const trees = fitBoostedTrees(rows, defaultBoosting, createRng(1));
      expect(predictBoosted(trees, Float64Array.of(5, -5))).toBeCloseTo(0.4, 9);
    }
  });

  test('answer the same after a way through JSON, and grow the same from the same seed', () => {
    const learnt = examples(300, 4, (row) => at(row, 0) * at(row, 1));
    const trees = fitBoostedTrees(learnt, { ...defaultBoosting, trees: 40 }, createRng(4));
    const again = fitBoostedTrees(learnt, { ...defaultBoosting, trees: 40 }, createRng(4));
    const read = JSON.parse(JSON.stringify(trees));
    for (const row of learnt.rows) {
      expect(predictBoosted(read, row)).toBe(predictBoosted(trees, row));
      expect(predictBoosted(again, row)).toBe(predictBoosted(trees, row));
    }
  });

  test('refuse to learn from nothing', () => {
    expect(() => fitBoostedTrees({ rows: [], targets: [] }, defaultBoosting, createRng(1))).toThrow('no rows');
  });
});
