import { describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { scaleSquare } from '../../src/train/scale-square.ts';

const ramp = (width: number, height: number, value: (x: number, y: number) => number): Uint8Array =>
  Uint8Array.from({ length: width * height * 3 }, (_none, i) => {
    const pixel = Math.floor(i / 3);
    return value(pixel % width, Math.floor(pixel / width));
  });

describe('scaleSquare', () => {
  test.each([
    [60, 80],
    [60, 45],
    [60, 31],
    [50, 100],
  ])('a slope of %d pixels stays a slope over %d', (length, side) => {
    const out = scaleSquare(
      ramp(length, length, (x) => x * 3),
      length,
      length,
      side,
    );
    for (let x = 3; x < side - 3; x++) {
      const want = 3 * (((x + 0.5) * length) / side - 0.5);
      expect(Math.abs((out[3 * (5 * side + x)] ?? 0) - want)).toBeLessThanOrEqual(1);
    }
  });

  test('fine stripes become grey instead of aliasing', () => {
    const out = scaleSquare(
      ramp(96, 64, (x) => (x % 2) * 200),
      96,
      64,
      16,
    );
    for (const value of out) expect(Math.abs(value - 100)).toBeLessThanOrEqual(3);
  });

  test('shrinks as libvips does', async () => {
    const pixels = ramp(90, 70, (x, y) => (x * 7 + y * y * 3) % 200);
    const want = await sharp(pixels, { raw: { width: 90, height: 70, channels: 3 } })
      .resize(35, 35, { fit: 'cover', kernel: 'cubic' })
      .raw()
      .toBuffer();
    const out = scaleSquare(pixels, 90, 70, 35);
    const mean = out.reduce((sum, value, i) => sum + Math.abs(value - (want[i] ?? 0)), 0) / out.length;
    expect(mean).toBeLessThan(1.5);
  });

  test.each([
    [1, 1, 8],
    [3, 100, 5],
    [2, 2, 1],
  ])('a picture of %d x %d at side %d', (width, height, side) => {
    const out = scaleSquare(new Uint8Array(width * height * 3).fill(77), width, height, side);
    expect([...new Set(out)]).toEqual([77]);
    expect(out).toHaveLength(side * side * 3);
  });
});
