import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../src/lib/errors.ts';
import { costOf, shapesOf, smallestSize, stageShares } from '../../src/nas/cost.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import { sharedPath } from '../support/shared.ts';

const table = sharedPath('tables', 'architectures.csv');
const rows =
  table === undefined
    ? []
    : readFileSync(table, 'utf8')
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(','));

(table === undefined ? describe.skip : describe)('published networks at 224 px (needs the shared tables)', () => {
  test.each(rows.map((row) => [row[1] ?? '', Number(row[2]), Number(row[3])] as const))(
    '%s has %f M parameters and %f G MACs',
    (encoding, parametersM, macsG) => {
      const cost = costOf(networkOf(encoding, { classes: 1000 }), 224);
      expect(Math.abs(cost.parameters / 1e6 - parametersM)).toBeLessThanOrEqual(0.02);
      expect(Math.abs(cost.macs / 1e9 - macsG)).toBeLessThanOrEqual(0.03);
    },
  );
  test('all rows were read', () => expect(rows).toHaveLength(33));
});

const small = networkOf('0-_16_2-11-2', { classes: 10 });

test('layers add up, counted by hand for a stem and one depthwise block', () => {
  const cost = costOf(networkOf('4-_8_1', { classes: 2 }), 8);
  const stem = { parameters: 4 * 27 + 4 * 36 + 8 * 36 + 2 * 16, macs: 16 * 4 * 27 + 16 * 4 * 36 + 4 * 8 * 36 };
  const block = { parameters: 8 * 9 + 16, macs: 4 * 8 * 9 };
  expect(cost.parameters).toBe(stem.parameters + block.parameters + 2 * 8 + 2);
  expect(cost.macs).toBe(stem.macs + block.macs + 2 * 8);
  expect(cost.activations).toBe(16 * 4 + 16 * 4 + 4 * 8 + 4 * 8);
  expect(cost.layers).toHaveLength(networkOf('4-_8_1', { classes: 2 }).layers.length);
});

test('shapes follow strides and concats', () => {
  const network = networkOf('00121-c12c01_16_1-2-1', { classes: 10 });
  const shapes = shapesOf(network, 64);
  expect(shapes[network.stages[0]?.end ?? -1]).toEqual({ size: 16, channels: 16 });
  expect(shapes[network.features]).toEqual({ size: 1, channels: 32 });
  expect(shapes.at(-1)).toEqual({ size: 1, channels: 10 });
  expect(shapes.filter((_, id) => network.layers[id]?.op === 'concat').map((s) => s.channels)).toEqual([
    20, 36, 24, 56, 40, 72,
  ]);
});

test('odd sizes round up at each stride', () => {
  expect(shapesOf(small, 33).map((shape) => shape.size)).toContain(9);
});

describe('too small an input', () => {
  test('the smallest size leaves each stride two pixels', () => {
    expect(smallestSize(small)).toBe(9);
    expect(costOf(small, 9).macs).toBeGreaterThan(0);
  });
  test.each([8, 1])('%d px are refused with the size that would do', (size) => {
    expect(() => costOf(small, size)).toThrow(InputError);
    expect(() => costOf(small, size)).toThrow(/too small for the network .* needs 9 px/);
  });
  test.each([0, -1, 2.5, Number.NaN])('%d is no size', (size) => {
    expect(() => shapesOf(small, size)).toThrow(/not a whole number of pixels/);
  });
});

test('stage shares rise from 0 to nearly 1', () => {
  const shares = stageShares(networkOf('031-_32_1-1-221-11121', { classes: 100 }), 64);
  expect(shares).toHaveLength(6);
  expect(shares[0]).toBe(0);
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(shares.at(-1)).toBeGreaterThan(0.99);
  expect(shares.at(-1)).toBeLessThan(1);
});

test('a smaller stem stride costs more', () => {
  const [four = 0, two = 0, one = 0] = ['', '@2', '@1'].map(
    (suffix) => costOf(networkOf(`031-_32_1-1-221-11121${suffix}`, { classes: 10 }), 64).macs,
  );
  expect(two / four).toBeGreaterThan(3);
  expect(one / two).toBeGreaterThan(3);
});
