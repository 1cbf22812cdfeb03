import { describe, expect, test } from '@jest/globals';
import { createRng } from '../../src/lib/rng.ts';
import { costOf } from '../../src/nas/cost.ts';
import { formatEncoding, parseEncoding } from '../../src/nas/encoding.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import { defaultSpace, type Space, sampleArchitecture } from '../../src/nas/space.ts';

const samples = (count: number, space?: Space) => {
  const rng = createRng(7);
  return Array.from({ length: count }, () => sampleArchitecture(rng, space));
};

test('2,000 samples parse back, decode and have a cost within the bounds', () => {
  for (const a of samples(2000)) {
    const text = formatEncoding(a);
    expect(parseEncoding(text)).toEqual(a);
    const network = networkOf(text, { classes: 10 });
    expect(costOf(network, 64).macs).toBeGreaterThan(0);
    expect(a.macro.length).toBeGreaterThanOrEqual(defaultSpace.blocks[0]);
    expect(a.macro.length).toBeLessThanOrEqual(defaultSpace.blocks[1]);
    expect(a.stemWidth * a.macro.reduce((so, block) => so * block.multiplier, 1)).toBeLessThanOrEqual(2048);
  }
});

test('samples cover the space: all operations, codes, multipliers, stems, numbers of operations and skips', () => {
  const all = samples(500);
  const seen = (values: readonly unknown[]): number => new Set(values).size;
  expect(seen(all.flatMap((a) => a.ops.map((op) => op.kind)))).toBe(7);
  expect(seen(all.flatMap((a) => a.ops.slice(0, -1).map((op) => op.code)))).toBe(4);
  expect(seen(all.flatMap((a) => a.macro.map((block) => block.multiplier)))).toBe(3);
  expect(seen(all.map((a) => a.stemWidth))).toBe(defaultSpace.stemWidths.length);
  expect(seen(all.map((a) => a.ops.length))).toBe(3);
  expect(seen(all.map((a) => a.skips.length))).toBe(3);
  expect(seen(all.map(formatEncoding))).toBeGreaterThan(490);
});

test('the same seed gives the same sample', () => {
  const [a, b] = [1, 1].map((seed) => formatEncoding(sampleArchitecture(createRng(seed))));
  expect(a).toBe(b);
});

describe('a narrowed space', () => {
  test('is kept to', () => {
    const space: Space = { ...defaultSpace, opKinds: ['conv3'], maxOps: 1, stemStrides: [2], blocks: [3, 3] };
    for (const a of samples(20, space)) {
      expect(formatEncoding(a)).toMatch(/^0-_\d+_[124-]+@2$/);
      expect(a.macro).toHaveLength(3);
    }
  });
  test('without any valid architecture is refused after a bounded number of draws', () => {
    const space: Space = { ...defaultSpace, opKinds: ['conv3_base32'], maxOps: 1, stemWidths: [16] };
    expect(() => sampleArchitecture(createRng(1), space)).toThrow(/no valid architecture in 1000 draws/);
  });
});
