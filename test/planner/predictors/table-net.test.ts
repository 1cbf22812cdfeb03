import { describe, expect, test } from '@jest/globals';
import { createRng } from '../../../src/lib/rng.ts';
import type { Examples } from '../../../src/planner/predictors/boosted-trees.ts';
import {
  defaultTableNet,
  fitTableNet,
  predictTableNet,
  type TableNet,
} from '../../../src/planner/predictors/table-net.ts';

const at = (row: Float64Array, input: number): number => row[input] as number;

/** Rows of normal numbers on scales far apart, and what `target` makes of them. */
function examples(count: number, target: (row: Float64Array) => number, seed = 7): Examples {
  const rng = createRng(seed);
  const rows = Array.from({ length: count }, () => Float64Array.from({ length: 5 }, () => rng.normal()));
  const targets = rows.map(target);
  for (const row of rows) row[1] = 1000 + 50 * at(row, 1);
  return { rows, targets };
}

const meanSquare = ({ rows, targets }: Examples, answer: (row: Float64Array) => number): number =>
  rows.reduce((sum, row, i) => sum + (answer(row) - (targets[i] as number)) ** 2, 0) / rows.length;

const patient = { ...defaultTableNet, epochs: 60, dropout: [0, 0] as const };

describe('a network for tables', () => {
  const worlds: Readonly<Record<string, (row: Float64Array) => number>> = {
    'a straight line': (row) => 0.5 * at(row, 0) - at(row, 1),
    'a curve': (row) => Math.sin(2 * at(row, 0)),
    'a product': (row) => at(row, 0) * at(row, 1),
  };
  test.each(Object.entries(worlds))('learns %s among inputs that say nothing', (_, target) => {
    const net = fitTableNet(examples(1200, target), patient, createRng(1));
    const fresh = examples(400, target, 99);
    const mean = fresh.targets as readonly number[];
    const middle = mean.reduce((a, b) => a + b, 0) / mean.length;
    expect(meanSquare(fresh, (row) => predictTableNet(net, row))).toBeLessThan(0.08 * meanSquare(fresh, () => middle));
  });

  test('goes on beyond the examples as they do, where trees stay', () => {
    const net = fitTableNet(
      examples(1200, (row) => at(row, 0)),
      patient,
      createRng(1),
    );
    const [inside, beyond] = [2, 3.5].map((x) => predictTableNet(net, Float64Array.of(x, 1000, 0, 0, 0)));
    expect((beyond as number) - (inside as number)).toBeGreaterThan(0.75);
  });

  test('says little but the mean of one row, and of rows that are all alike', () => {
    for (const count of [1, 40]) {
      const { rows } = examples(count, () => 0);
      const net = fitTableNet({ rows, targets: rows.map(() => 0.4) }, defaultTableNet, createRng(1));
      expect(predictTableNet(net, Float64Array.of(1, 1e9, -1e9, 0, 0))).toBeGreaterThan(0);
      expect(predictTableNet(net, rows[0] as Float64Array)).toBeCloseTo(0.4, 0);
    }
  });

  test('an input that never differed is not read', () => {
    const known = examples(300, (row) => at(row, 0));
    for (const row of known.rows) row[2] = 1;
    const net = fitTableNet(known, defaultTableNet, createRng(1));
    const [one, two] = [1, 1e6].map((x) => predictTableNet(net, Float64Array.of(0.5, 1000, x, 0, 0)));
    expect(one).toBe(two);
  });

  test('is the same from the same seed and another from another', () => {
    const known = examples(300, (row) => at(row, 0));
    const [a, b, c] = [4, 4, 5].map((seed) => fitTableNet(known, defaultTableNet, createRng(seed)));
    const row = known.rows[0] as Float64Array;
    expect(predictTableNet(a as TableNet, row)).toBe(predictTableNet(b as TableNet, row));
    expect(predictTableNet(a as TableNet, row)).not.toBe(predictTableNet(c as TableNet, row));
  });

  test('refuses to learn from nothing', () => {
    expect(() => fitTableNet({ rows: [], targets: [] }, defaultTableNet, createRng(1))).toThrow('no rows');
  });
});
