import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InputError } from '../../src/lib/errors.ts';
import { toFloat32 } from '../../src/nas/host-tensor.ts';
import { unpickle } from '../../src/nas/pickle.ts';
import { readTorchStateDict } from '../../src/nas/torch-pickle.ts';
import { torchGlobals } from '../../src/nas/torch-tensor.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const expected: Record<string, { shape: number[]; values: number[] }> = JSON.parse(
  readFileSync(fixture('state.json'), 'utf8'),
);

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'torch-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a state dict with views, shared storages and every element type', () => {
  test.each(['state.pth', 'state-legacy.pth', 'state-protocol4.pth'])('%s', async (name) => {
    const tensors = await readTorchStateDict(fixture(name));
    expect([...tensors.keys()]).toEqual(Object.keys(expected));
    for (const [key, { shape, values }] of Object.entries(expected)) {
      const tensor = tensors.get(key);
      expect(tensor?.shape).toEqual(shape);
      expect(tensor && [...toFloat32(tensor)]).toEqual(values.map(Math.fround));
    }
  });
});

test('the file name does not decide the format', async () => {
  const path = join(folder, 'odd.safetensors');
  await copyFile(fixture('state.pth'), path);
  expect((await readTorchStateDict(path)).size).toBe(Object.keys(expected).length);
});

test('a checkpoint with a DataParallel state dict inside', async () => {
  expect([...(await readTorchStateDict(fixture('module.pth'))).keys()]).toEqual([
    '0.weight',
    '1.weight',
    '1.bias',
    '1.running_mean',
    '1.running_var',
    '1.num_batches_tracked',
  ]);
});

test('parameters count as tensors', async () => {
  const w = (await readTorchStateDict(fixture('parameters.pth'))).get('w');
  expect(w).toEqual({ dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, 1, 1, 1) });
});

describe('is refused with the reason', () => {
  test.each([
    ['code to run', 'evil.pth', /contains code that is not a state dict \(\w+\.system\), and was not run/],
    ['code to run in the old format', 'evil-legacy.pth', /contains code that is not a state dict \(\w+\.system\)/],
    ['a whole module', 'whole-module.pth', /contains code that is not a state dict \(torch\.nn\.modules/],
    ['a TorchScript program', 'script.pt', /is a TorchScript program/],
    ['a file without tensors', 'numbers.pth', /holds no state dict/],
    ['an expanded tensor of 4 GiB', 'expanded.pth', /shape \[1073741824\] reaches beyond its 1 stored values/],
    ['a compressed archive, which could grow without bound', 'compressed.pth', /its entries are compressed/],
    ['an archive without the values', 'no-values.pth', /lacks the values of a tensor \(data\/0\)/],
    ['an archive with too few values', 'few-values.pth', /data\/0 should have 16 bytes and has 8/],
    ['an archive of something else', 'no-pickle.pth', /has no data\.pkl/],
    ['values of a big-endian machine', 'big-endian.pth', /was written on a big-endian machine/],
    ['something else', 'make.py', /is neither a safetensors file nor a PyTorch state dict/],
  ])('%s', async (_name, file, message) => {
    await expect(readTorchStateDict(fixture(file))).rejects.toThrow(InputError);
    await expect(readTorchStateDict(fixture(file))).rejects.toThrow(message);
    expect(existsSync('it-ran')).toBe(false);
  });

  test('a missing file, an empty one and a folder', async () => {
    await writeFile(join(folder, 'empty.pth'), '');
    await expect(readTorchStateDict(join(folder, 'no.pth'))).rejects.toThrow(/There is no file/);
    await expect(readTorchStateDict(join(folder, 'empty.pth'))).rejects.toThrow(/is neither a safetensors file/);
    await expect(readTorchStateDict(folder)).rejects.toThrow(/is a folder/);
  });

  test('a changed value', async () => {
    const bytes = await readFile(fixture('parameters.pth'));
    bytes[bytes.indexOf(Buffer.of(0, 0, 0x80, 0x3f))] = 1;
    await writeFile(join(folder, 'value.pth'), bytes);
    await expect(readTorchStateDict(join(folder, 'value.pth'))).rejects.toThrow(/the checksum of .*data\/0 is wrong/);
  });

  test.each(['state.pth', 'state-legacy.pth'])('%s cut off anywhere', async (name) => {
    const bytes = await readFile(fixture(name));
    const path = join(folder, 'cut.pth');
    for (let length = 0; length < bytes.length; length += 61) {
      await writeFile(path, bytes.subarray(0, length));
      await expect(readTorchStateDict(path)).rejects.toThrow(InputError);
    }
  });

  test.each(['state.pth', 'state-legacy.pth', 'evil-legacy.pth'])(
    '%s with a changed byte is read or refused, never worse',
    async (name) => {
      const bytes = await readFile(fixture(name));
      const path = join(folder, `changed-${name}`);
      await fc.assert(
        fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), async (at, byte) => {
          await writeFile(path, new Uint8Array(bytes).with(at, byte));
          try {
            await readTorchStateDict(path);
          } catch (error) {
            if (!(error instanceof InputError)) throw error;
          }
        }),
        { numRuns: 300 },
      );
    },
  );
});

describe('the pickle interpreter', () => {
  const run = (...parts: readonly (string | number)[]): unknown => {
    const bytes = Buffer.concat(
      parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.of(part))),
    );
    return unpickle(bytes, 0, { globals: torchGlobals, persistent: (id) => id, what: 'It' }).value;
  };

  test.each([
    ['a list', [0x80, 2, '](K', 1, 'K', 2, 'e.'], [1, 2]],
    ['a negative long', [0x8a, 2, 0x00, 0xff, '.'], -256],
    ['an empty long', [0x8a, 0, '.'], 0],
    ['a long beyond doubles', [0x8a, 9, ...Array<number>(8).fill(0), 1, '.'], 2n ** 64n],
    ['a memoised value', ['X', 1, 0, 0, 0, 'aq', 3, '0h', 3, '.'], 'a'],
    ['a double', ['G', 0x3f, 0xe0, 0, 0, 0, 0, 0, 0, '.'], 0.5],
  ])('reads %s', (_name, parts, value) => {
    expect(run(...parts)).toEqual(value);
  });

  test.each([
    ['a global of another module', ['cbuiltins\neval\n.'], /code that is not a state dict \(builtins\.eval\)/],
    ['a global by stack', ['X', 2, 0, 0, 0, 'osX', 6, 0, 0, 0, 'system', 0x93, '.'], /\(os\.system\)/],
    ['an object to be built', ['(ios\nsystem\n.'], /byte 1 \(0x69\) is no instruction/],
    ['a call of a type', ['ctorch\nFloatStorage\n)R.'], /calls something that is no function/],
    ['a call of a number', ['K', 1, ')R.'], /calls something that is no function/],
    ['attributes of a list', [']}b.'], /sets attributes of an object/],
    ['an empty stack', ['.'], /instructions are out of order/],
    ['a mark that is not there', ['K', 1, 't.'], /instructions are out of order/],
    ['an unknown memo', ['h', 9, '.'], /refers to something that is not in it/],
    ['a string longer than the file', ['X', 255, 255, 255, 127, 'a.'], /it is cut off/],
    ['a giant integer', [0x8b, 255, 255, 255, 127, '.'], /an integer of 2147483647 bytes/],
    ['a dictionary from a number', ['ccollections\nOrderedDict\nK', 1, 0x85, 'R.'], /dictionary of an unknown form/],
    ['a tensor of nothing', ['ctorch._utils\n_rebuild_tensor_v2\n)R.'], /describes a tensor in an unknown way/],
    ['no end', ['K', 1], /it is cut off/],
  ])('refuses %s', (_name, parts, message) => {
    expect(() => run(...parts)).toThrow(InputError);
    expect(() => run(...parts)).toThrow(message);
  });

  test('random bytes are data or refused, never worse', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          unpickle(bytes, 0, { globals: torchGlobals, persistent: (id) => id, what: 'It' });
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
        }
      }),
      { numRuns: 3000 },
    );
  });
});
