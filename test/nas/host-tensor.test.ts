import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { float32Tensor, fromHalf, toFloat32, toHalf } from '../../src/nas/host-tensor.ts';

const half = (value: number): number => toHalf(float32Tensor([1], Float32Array.of(value))).data[0] as number;

describe('half precision', () => {
  test.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519.99, 0x7bff],
    [65520, 0x7c00],
    [1e30, 0x7c00],
    [-Infinity, 0xfc00],
    [Number.NaN, 0x7e00],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -25 * 1.001, 0x0001],
    [2 ** -24 * 1.5, 0x0002],
    [2 ** -14 - 2 ** -26, 0x0400],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [2 - 2 ** -12, 0x4000],
    [1e-40, 0x0000],
  ])('of %f is %i', (value, bits) => {
    expect(half(value)).toBe(bits);
  });

  test('every half comes back as itself', () => {
    const data = Uint16Array.from({ length: 65536 }, (_, bits) => bits).filter((bits) => !Number.isNaN(fromHalf(bits)));
    const values = toFloat32({ dtype: 'F16', shape: [data.length], data });
    expect(toHalf(float32Tensor([data.length], values)).data).toEqual(data);
  });

  test('of any number no other half is nearer', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -65519, max: 65519 }), (value) => {
        const bits = half(value);
        const error = Math.abs(fromHalf(bits) - value);
        for (const other of [bits - 1, bits + 1]) {
          const there = fromHalf(other & 0xffff);
          if (Number.isFinite(there)) expect(error).toBeLessThanOrEqual(Math.abs(there - value));
        }
      }),
    );
  });
});

describe('numbers of other types as float32', () => {
  test.each([
    ['BF16', Uint16Array.of(0x3f80, 0xc049), [1, -3.140625]],
    ['F64', Float64Array.of(0.5, -1e-3), [0.5, Math.fround(-1e-3)]],
    ['I64', BigInt64Array.of(-3n, 2n ** 40n), [-3, 2 ** 40]],
    ['I8', Int8Array.of(-128, 5), [-128, 5]],
    ['BOOL', Uint8Array.of(1, 0), [1, 0]],
  ] as const)('%s', (dtype, data, values) => {
    expect([...toFloat32({ dtype, shape: [2], data })]).toEqual(values);
  });
});

test('a shape of another size than its values is a bug', () => {
  expect(() => float32Tensor([2, 2], new Float32Array(3))).toThrow('3 values for the shape [2,2]');
});
