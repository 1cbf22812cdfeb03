import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createOrder, stepsPerEpoch } from '../../src/train/order.ts';

const rowsOf = (count: number, batchSize: number, seed: number, steps: readonly number[]): number[][] => {
  const order = createOrder(count, batchSize, seed);
  return steps.map((step) => {
    const rows = new Int32Array(batchSize);
    order(step, rows);
    return [...rows];
  });
};
const range = (start: number, end: number): number[] => Array.from({ length: end - start }, (_none, i) => start + i);

test('an epoch shows no image twice and leaves out less than a batch', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 40 }),
      fc.nat(),
      (count, batchSize, seed) => {
        fc.pre(count >= batchSize);
        const perEpoch = stepsPerEpoch(count, batchSize);
        for (const epoch of [0, 3]) {
          const rows = rowsOf(count, batchSize, seed, range(epoch * perEpoch, (epoch + 1) * perEpoch)).flat();
          expect(new Set(rows).size).toBe(rows.length);
          expect(count - rows.length).toBeLessThan(batchSize);
        }
      },
    ),
  );
});

test('with fewer images than rows all appear equally often', () => {
  const rows = rowsOf(5, 8, 1, range(0, 5)).flat();
  for (let image = 0; image < 5; image++) expect(rows.filter((row) => row === image)).toHaveLength(8);
});

test('any step can be asked for in any order', () => {
  const inOrder = rowsOf(50, 8, 2, range(0, 30));
  const backwards = rowsOf(50, 8, 2, range(0, 30).reverse()).reverse();
  expect(backwards).toEqual(inOrder);
});

test('epochs and seeds differ', () => {
  const [first, second] = [rowsOf(64, 64, 1, [0]), rowsOf(64, 64, 1, [1])];
  expect(first).not.toEqual(second);
  expect(rowsOf(64, 64, 2, [0])).not.toEqual(first);
});
