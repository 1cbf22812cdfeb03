import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { InputError } from '../../src/lib/errors.ts';
import { float32Tensor } from '../../src/nas/host-tensor.ts';
import { encodeSafetensors } from '../../src/nas/safetensors.ts';
import {
  type Checkpoint,
  freshProgress,
  readCheckpoint,
  removeCheckpoint,
  writeCheckpoint,
} from '../../src/train/checkpoint.ts';
import { aFolder } from '../support/image-files.ts';

let folder: Awaited<ReturnType<typeof aFolder>>;
beforeEach(async () => {
  folder = await aFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

const at = (): string => join(folder.path, 'checkpoint');
const file = (): string => join(at(), 'state.safetensors');

const aCheckpoint = (step = 7): Checkpoint => ({
  progress: {
    ...freshProgress(20),
    ...{ step, activeSeconds: 3.25, waitedSeconds: 0.5, trainingSeconds: 2, evaluationSeconds: 0.25, resumed: 2 },
    curve: [{ seconds: 1.5, step: 3, accuracy: 0.5, trainingLoss: 0.75 }],
  },
  decision: 'run "7" — ✓',
  state: new Map([
    ['fc.weight', Float32Array.of(1, -2.5, Math.fround(0.1), 1e-38)],
    ['momentum/fc.weight', new Float32Array(4)],
    ['scalar', Float32Array.of(Math.fround(Math.PI))],
  ]),
});

test('a checkpoint comes back to the bit', async () => {
  await writeCheckpoint(at(), aCheckpoint());
  expect(await readCheckpoint(at())).toEqual(aCheckpoint());
});

test('there is none where none was kept', async () => {
  expect(await readCheckpoint(at())).toBeUndefined();
});

test('a new one takes the place of the old one and leaves nothing else', async () => {
  await writeCheckpoint(at(), aCheckpoint(1));
  await writeCheckpoint(at(), aCheckpoint(2));
  expect((await readCheckpoint(at()))?.progress.step).toBe(2);
  expect(readdirSync(at())).toEqual(['state.safetensors']);
});

test('a kill while the next one is written leaves the old one', async () => {
  await writeCheckpoint(at(), aCheckpoint());
  writeFileSync(`${file()}.0a1b2c3d.part`, readFileSync(file()).subarray(0, 40));
  expect(await readCheckpoint(at())).toEqual(aCheckpoint());
  await removeCheckpoint(at());
  expect(readdirSync(folder.path)).toEqual([]);
});

describe('a checkpoint that cannot be used is refused', () => {
  const written = (metadata: Record<string, string>) =>
    encodeSafetensors(new Map([['a', float32Tensor([1], Float32Array.of(1))]]), metadata);
  const progress = JSON.stringify(freshProgress(3));
  test.each([
    ['an empty one', () => new Uint8Array(), /only 0 bytes/],
    ['one that is cut off', () => readFileSync(file()).subarray(0, -8), /is cut off/],
    ['one of noise', () => Buffer.alloc(200, 0x61), /no header length/],
    ['one of another version', () => written({ version: '2', progress }), /of another version/],
    ['weights of something else', () => written({}), /of another version/],
    ['one without its progress', () => written({ version: '1' }), /is damaged/],
    ['one whose progress is no JSON', () => written({ version: '1', progress: '{' }), /is damaged/],
    [
      'one whose progress is incomplete',
      () => written({ version: '1', progress: '{"step":1,"curve":[]}' }),
      /is damaged/,
    ],
    ['one whose progress is null', () => written({ version: '1', progress: 'null' }), /is damaged/],
  ])('%s', async (_name, content, message) => {
    await writeCheckpoint(at(), aCheckpoint());
    writeFileSync(file(), content());
    const reading = readCheckpoint(at());
    await expect(reading).rejects.toBeInstanceOf(InputError);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toThrow(file());
  });
});
