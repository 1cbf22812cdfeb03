import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { packFolder, readPacked, unpackInto } from '../../../src/cli/cluster/packing.ts';
import { createRng } from '../../../src/lib/rng.ts';
import { aFolder } from '../../support/image-files.ts';

const fill = async (folder: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> => {
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
};

/** Cut anywhere, as a network does. */
async function* inPieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const packed = async (folder: string): Promise<string> => {
  let text = '';
  for await (const line of packFolder(folder)) text += line;
  return text;
};

test('whatever is in a folder comes out again, however its log is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.stringMatching(/^[a-z]{1,8}(\/[a-z]{1,8})?\.bin$/), fc.uint8Array({ maxLength: 20_000 }), {
        minKeys: 1,
        maxKeys: 4,
      }),
      fc.integer({ min: 1, max: 9000 }),
      async (files, size) => {
        await using folder = await aFolder();
        await fill(join(folder.path, 'in'), files);
        const log = await packed(join(folder.path, 'in'));
        expect(Math.max(...log.split('\n').map((line) => line.length))).toBeLessThan(16_384);
        const file = join(folder.path, 'packed');
        const { whole } = await readPacked(inPieces(log, size), file, () => undefined);
        expect(whole).toBe(true);
        await mkdir(join(folder.path, 'out'));
        await unpackInto(file, join(folder.path, 'out'));
        for (const [path, bytes] of Object.entries(files)) {
          expect(await readFile(join(folder.path, 'out', path))).toEqual(Buffer.from(bytes));
        }
      },
    ),
    { numRuns: 20 },
  );
});

describe('a log', () => {
  const withLog = async (change: (lines: string[]) => readonly string[]) => {
    await using folder = await aFolder();
    // what does not shrink, so that there are several lines of it
    const rng = createRng(7);
    await fill(join(folder.path, 'in'), { 'a.bin': Uint8Array.from({ length: 40_000 }, () => rng.int(256)) });
    const log = change((await packed(join(folder.path, 'in'))).trimEnd().split('\n'));
    return await readPacked(inPieces(`${log.join('\n')}\n`, 1000), join(folder.path, 'packed'), () => undefined);
  };

  test.each<[string, (lines: string[]) => readonly string[], boolean]>([
    ['as it is', (lines) => lines, true],
    ['with lines of others between', (lines) => ['warning: slow disk', ...lines.flatMap((line) => [line, '{}'])], true],
    ['without its first line', (lines) => lines.slice(1), false],
    ['without its end', (lines) => lines.slice(0, -1), false],
    ['with two lines swapped', ([a = '', b = '', ...rest]) => [b, a, ...rest], false],
  ])('%s is whole or not', async (_what, change, whole) => {
    expect((await withLog(change)).whole).toBe(whole);
  });

  test('of a program that failed tells its last words', async () => {
    const words = 'error: There are no files in "/artifact/x".';
    expect(await withLog(() => [words])).toEqual({ whole: false, words });
  });
});

test('a checkpoint and half-written files stay behind', async () => {
  await using folder = await aFolder();
  const bytes = Buffer.from('x');
  const source = join(folder.path, 'in');
  await fill(source, { 'result.json': bytes, 'checkpoint/weights': bytes, 'model/w.0123abcd.part': bytes });
  const file = join(folder.path, 'packed');
  await readPacked(inPieces(await packed(source), 500), file, () => undefined);
  await mkdir(join(folder.path, 'out'));
  await unpackInto(file, join(folder.path, 'out'));
  expect(await readdir(join(folder.path, 'out'))).toEqual(['result.json']);
});

test('an empty folder is refused', async () => {
  await using folder = await aFolder();
  await expect(packed(join(folder.path))).rejects.toThrow('There are no files');
});
