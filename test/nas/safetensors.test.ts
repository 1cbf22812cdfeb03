import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InputError } from '../../src/lib/errors.ts';
import {
  type Dtype,
  dtypes,
  elementsOf,
  float32Tensor,
  type HostTensor,
  toFloat32,
} from '../../src/nas/host-tensor.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  readSafetensors,
  readSafetensorsFile,
} from '../../src/nas/safetensors.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safetensors-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A file with this header (text, or a value for JSON) and this many bytes of data. */
function aFile(header: unknown, dataBytes = 0): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const f32 = (begin: number, end: number, shape: readonly number[] = [(end - begin) / 4]) => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});

const sound = new Map<string, HostTensor>([
  ['byte', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) }],
  ['weights', float32Tensor([2, 2], Float32Array.of(1, -2, 0.5, 1e-9))],
  ['count', { dtype: 'I64', shape: [], data: BigInt64Array.of(-7n) }],
  ['none', { dtype: 'F64', shape: [0, 4], data: new Float64Array(0) }],
]);

test('tensors and metadata survive writing and reading', async () => {
  const path = join(folder, 'sound.safetensors');
  await writeFile(path, encodeSafetensors(sound, { format: 'pt' }));
  const { tensors, metadata } = await readSafetensorsFile(path);
  expect(metadata).toEqual({ format: 'pt' });
  expect(Object.fromEntries(tensors)).toEqual(Object.fromEntries(sound));
  expect(await readSafetensors(path)).toEqual(tensors);
});

test('float32 tensors, and only those, become half precision when asked', () => {
  const { tensors } = decodeSafetensors(encodeSafetensors(sound, {}, { dtype: 'F16' }), 'it');
  expect([...tensors.values()].map((tensor) => tensor.dtype).sort()).toEqual(['F16', 'F64', 'I64', 'U8']);
  const weights = tensors.get('weights');
  expect(weights && [...toFloat32(weights)]).toEqual([1, -2, 0.5, 0]);
});

test('data starts aligned, and wide elements come first', () => {
  const bytes = encodeSafetensors(sound);
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  expect(length % 8).toBe(0);
  expect(bytes.length).toBe(8 + length + 3 + 16 + 8);
});

describe('a foreign file is refused with the reason', () => {
  test.each([
    ['an empty file', new Uint8Array(0), /has only 0 bytes/],
    ['a few bytes', new Uint8Array(7), /has only 7 bytes/],
    ['random bytes', new Uint8Array(64).fill(0xa5), /its first bytes are no header length/],
    ['a header longer than the file', aFile({ a: f32(0, 4) }, 4).subarray(0, 30), /is cut off: its header should have/],
    ['text', aFile('hello'), /its header is no JSON/],
    ['broken UTF-8', aFile('"\u00ff"').with(10, 0xff), /its header is no JSON/],
    ['a list as header', aFile([]), /its header is no JSON object/],
    ['a name twice', aFile('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0061":1}', 1), /names "a" twice/],
    ['metadata of numbers', aFile({ __metadata__: { epoch: 3 } }), /metadata is no table of strings/],
    ['a tensor without a description', aFile({ a: 3 }), /the tensor "a" has no description/],
    ['a type of its own', aFile({ a: { ...f32(0, 4), dtype: 'F8_E4M3' } }, 4), /"a" has the element type "F8_E4M3"/],
    ['no type', aFile({ a: { shape: [1], data_offsets: [0, 4] } }, 4), /"a" has the element type none/],
    ['a negative size', aFile({ a: f32(0, 4, [-1]) }, 4), /"a" has no shape of whole numbers/],
    ['a shape of words', aFile({ a: { ...f32(0, 4), shape: '1' } }, 4), /"a" has no shape of whole numbers/],
    ['an absurd shape', aFile({ a: f32(0, 4, [2 ** 40, 2 ** 40]) }, 4), /"a" has the impossible shape/],
    ['three offsets', aFile({ a: { ...f32(0, 4), data_offsets: [0, 2, 4] } }, 4), /"a" has no pair of data offsets/],
    ['an end before its start', aFile({ a: f32(8, 4, [1]) }, 8), /"a" ends at byte 4, before its start at 8/],
    [
      'a size that does not fit',
      aFile({ a: f32(0, 8, [3]) }, 8),
      /"a" of shape \[3\] and type F32 needs 12 bytes and has 8/,
    ],
    ['overlapping tensors', aFile({ a: f32(0, 8), b: f32(4, 12) }, 12), /"b" overlaps another one at byte 4/],
    ['a hole', aFile({ a: f32(0, 4), b: f32(8, 12) }, 12), /bytes 4 to 8 before the tensor "b" belong to no tensor/],
    ['a cut-off end', aFile({ a: f32(0, 400) }, 396), /is cut off: the tensor "a" ends at byte 400 .* 396 bytes/],
    ['bytes too many', aFile({ a: f32(0, 4) }, 6), /2 bytes at its end belong to no tensor/],
  ])('%s', async (name, bytes, message) => {
    const path = join(folder, `${name}.safetensors`);
    await writeFile(path, bytes);
    await expect(readSafetensors(path)).rejects.toThrow(InputError);
    await expect(readSafetensors(path)).rejects.toThrow(message);
    await expect(readSafetensors(path)).rejects.toThrow(path);
    expect(() => decodeSafetensors(bytes, 'The body')).toThrow(message);
  });

  test('a missing file and a folder', async () => {
    await expect(readSafetensors(join(folder, 'nowhere'))).rejects.toThrow(/There is no file .*nowhere/);
    await expect(readSafetensors(folder)).rejects.toThrow(/is no file/);
  });
});

describe('properties', () => {
  const aTensor = fc
    .tuple(fc.constantFrom(...(Object.keys(dtypes) as Dtype[])), fc.array(fc.nat(4), { maxLength: 3 }), fc.nat(255))
    .map(([dtype, shape, fill]): HostTensor => {
      const { array: TypedArray, bytes } = dtypes[dtype];
      const raw = new Uint8Array(elementsOf(shape) * bytes).map((_, i) => (i * 7 + fill) % 128);
      return { dtype, shape, data: new TypedArray(raw.buffer) };
    });
  const aName = fc.string({ unit: 'grapheme' }).filter((name) => name !== '__metadata__');
  const aSet = fc.array(fc.tuple(aName, aTensor), { maxLength: 6 }).map((pairs) => new Map(pairs));

  test('any tensors under any names survive', () => {
    fc.assert(
      fc.property(aSet, fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }), (tensors, metadata) => {
        const read = decodeSafetensors(encodeSafetensors(tensors, metadata), 'it');
        expect([...read.tensors].sort()).toEqual([...tensors].sort());
        expect(read.metadata).toEqual(metadata);
      }),
    );
  });

  test('a file that is cut off or has a byte changed is read or refused, never worse', () => {
    fc.assert(
      fc.property(aSet, fc.nat(), fc.nat(255), fc.boolean(), (tensors, place, byte, cut) => {
        const bytes = encodeSafetensors(tensors, { note: 'x' });
        const at = place % bytes.length;
        try {
          decodeSafetensors(cut ? bytes.subarray(0, at) : bytes.with(at, byte), 'it');
          expect(cut).toBe(false);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
