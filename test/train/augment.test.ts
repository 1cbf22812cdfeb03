import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRng } from '../../src/lib/rng.ts';
import type { AugmentationLevel } from '../../src/planner/types.ts';
import { augmentations, createAugment, trainingSide } from '../../src/train/augment.ts';

const levels = Object.keys(augmentations) as AugmentationLevel[];
const anySource = (side: number, seed: number): Uint8Array => {
  const rng = createRng(seed);
  return Uint8Array.from({ length: side * side * 3 }, () => rng.int(256));
};
const apply = (level: AugmentationLevel, source: Uint8Array, from: number, to: number, seed: number): Int32Array => {
  const out = new Int32Array(to * to * 3).fill(-1);
  createAugment(level, from, to)(source, 0, out, 0, createRng(seed));
  return out;
};

describe.each(levels)('augmentation %s', (level) => {
  const anyCase = fc.record({
    from: fc.integer({ min: 1, max: 40 }),
    to: fc.integer({ min: 1, max: 40 }),
    seed: fc.nat(),
  });

  test('fills the target with bytes, and nothing but the target', () => {
    fc.assert(
      fc.property(anyCase, ({ from, to, seed }) => {
        const length = from * from * 3;
        const source = new Uint8Array(3 * length);
        source.set(anySource(from, seed), length);
        const size = to * to * 3;
        const target = new Int32Array(3 * size).fill(-1);
        createAugment(level, from, to)(source, length, target, size, createRng(seed));
        const isByte = (value: number): boolean => value >= 0 && value <= 255 && Number.isInteger(value);
        expect(target.subarray(size, 2 * size).every(isByte)).toBe(true);
        expect(target.subarray(0, size).every((value) => value === -1)).toBe(true);
        expect(target.subarray(2 * size).every((value) => value === -1)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('repeats with its seed, even after other images', () => {
    const source = anySource(20, 1);
    const augment = createAugment(level, 20, 16);
    const [first, other, again] = [7, 8, 7].map((seed) => {
      const out = new Int32Array(16 * 16 * 3);
      augment(source, 0, out, 0, createRng(seed));
      return out;
    });
    expect(again).toEqual(first);
    if (level === 'none') expect(other).toEqual(first);
    else expect(other).not.toEqual(first);
  });

  test('leaves black black and grey without colour', () => {
    const grey = apply(level === 'strong' ? 'medium' : level, new Uint8Array(12 * 12 * 3).fill(120), 12, 9, 5);
    for (let i = 0; i < grey.length; i += 3) expect([grey[i + 1], grey[i + 2]]).toEqual([grey[i], grey[i]]);
    const black = apply(level === 'strong' ? 'medium' : level, new Uint8Array(12 * 12 * 3), 12, 9, 5);
    expect(Math.max(...black)).toBe(0);
  });
});

describe('levels in particular', () => {
  test('none keeps the pixels where the sides agree', () => {
    const source = anySource(13, 4);
    expect(Array.from(apply('none', source, 13, 13, 1))).toEqual(Array.from(source));
  });

  test('none halves by averaging where the side is twice', () => {
    const source = anySource(8, 4);
    const out = apply('none', source, 8, 4, 1);
    const at = (x: number, y: number): number => source[3 * (y * 8 + x)] ?? 0;
    const want = (at(2, 4) + at(3, 4) + at(2, 5) + at(3, 5)) / 4;
    expect(Math.abs((out[3 * (2 * 4 + 1)] ?? 0) - want)).toBeLessThanOrEqual(0.5);
  });

  test('light moves and mirrors whole pixels only', () => {
    const source = anySource(16, 9);
    const known = new Set(source);
    for (let seed = 0; seed < 20; seed++) {
      for (const value of apply('light', source, 16, 16, seed)) expect(known.has(value)).toBe(true);
    }
  });

  test('light mirrors about every second image', () => {
    const source = new Uint8Array(16 * 16 * 3);
    for (let i = 0; i < 256; i++) source[3 * i] = i % 16 < 8 ? 0 : 255;
    let mirrored = 0;
    for (let seed = 0; seed < 200; seed++) mirrored += apply('light', source, 16, 16, seed)[3 * 8 * 16] === 255 ? 1 : 0;
    expect(mirrored).toBeGreaterThan(70);
    expect(mirrored).toBeLessThan(130);
  });

  test.each([
    ['none', 64, 500, 64],
    ['light', 64, 500, 64],
    ['medium', 64, 500, 74],
    ['medium', 64, 64, 64],
    ['strong', 64, 70, 70],
    ['strong', 96, 32, 96],
  ] as const)('%s at %d pixels of pictures of %d is stored at %d', (level, input, resolution, want) => {
    expect(trainingSide(input, level, resolution)).toBe(want);
  });
});
