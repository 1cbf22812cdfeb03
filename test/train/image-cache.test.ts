import { execFile } from 'node:child_process';
import { link, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { openDataset } from '../../src/train/dataset.ts';
import { decodeSquare } from '../../src/train/decode.ts';
import { decodeAll } from '../../src/train/image-cache.ts';
import { decodeSample } from '../../src/train/sample.ts';
import { createImageReader, type SplitImages } from '../../src/train/stored-images.ts';
import { aFolder, anImage, imagesOf, writeFiles } from '../support/image-files.ts';
import { sharedPath } from '../support/shared.ts';

const bytes = (side: number): number => side * side * 3;
const pixelsOf = (split: SplitImages, row: number): number[] => {
  const { bytes: all, offset } = createImageReader(split.region)(split.slots[row] ?? -1);
  return [...all.subarray(offset, offset + bytes(split.side))];
};

describe('decodeAll', () => {
  test.each([
    ['all in memory', 1e9, 0],
    ['a part on disk', 10 * bytes(9), 10 * bytes(9)],
    ['everything on disk', 0, 20 * bytes(9)],
  ])('keeps every image under its row: %s', async (_name, bytesBound, atLeastOnDisk) => {
    await using folder = await aFolder();
    await writeFiles(folder.path, { ...imagesOf(['a', 'b'], 10, 'train/'), ...imagesOf(['a', 'b'], 5, 'val/', 60) });
    const scratch = join(folder.path, '.scratch');
    const dataset = await openDataset(folder.path, { seed: 1, scratch });
    const seen: number[] = [];
    const store = await decodeAll(dataset, {
      side: 7,
      trainSide: 9,
      workers: 2,
      scratch,
      bytesBound,
      onProgress: (done) => seen.push(done),
    });
    expect(store.bytesOnDisk).toBeGreaterThanOrEqual(atLeastOnDisk);
    expect(store.bytesInMemory + store.bytesOnDisk).toBe(20 * bytes(9) + 10 * bytes(7));
    for (const [items, split] of [
      [store.dataset.train, store.train],
      [store.dataset.val, store.val],
    ] as const) {
      expect([...split.labels]).toEqual(items.map((item) => item.label));
      for (const [row, item] of items.entries()) {
        expect(pixelsOf(split, row)).toEqual([...(await decodeSquare(item.path, split.side))]);
      }
    }
    expect(seen.at(-1)).toBe(30);
    if (bytesBound === 0) expect(await readdir(scratch)).toEqual([]);
    store.close();
  });

  test('leaves out damaged images and says which', async () => {
    await using folder = await aFolder();
    const cut = (await anImage(77, { width: 60, height: 60, format: 'jpeg' })).subarray(0, 700);
    await writeFiles(folder.path, {
      ...imagesOf(['a', 'b'], 8, 'train/'),
      ...imagesOf(['a', 'b'], 3, 'val/', 60),
      'train/a/1 cut.jpg': cut,
      'train/b/text.png': 'no picture',
      'val/b/empty.png': '',
    });
    const dataset = await openDataset(folder.path, { seed: 1, scratch: folder.path });
    const store = await decodeAll(dataset, { side: 6, workers: 2, scratch: folder.path });
    expect(store.dataset.skipped).toEqual([
      { path: 'train/a/1 cut.jpg', reason: expect.stringMatching(/^damaged \(/) },
      { path: 'train/b/text.png', reason: expect.stringMatching(/^not an image/) },
      { path: 'val/b/empty.png', reason: 'empty file' },
    ]);
    expect([store.train.count, store.val.count]).toEqual([16, 6]);
    for (const [row, item] of store.dataset.train.entries()) {
      expect(pixelsOf(store.train, row)).toEqual([...(await decodeSquare(item.path, 6))]);
    }
    store.close();
  });

  test('stops when it is aborted and leaves nothing', async () => {
    await using folder = await aFolder();
    await writeFiles(folder.path, imagesOf(['a', 'b'], 60));
    const scratch = join(folder.path, '.scratch');
    const dataset = await openDataset(folder.path, { seed: 1, scratch });
    const stop = new AbortController();
    const decoding = decodeAll(dataset, {
      side: 8,
      workers: 1,
      scratch,
      bytesBound: 0,
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    });
    await expect(decoding).rejects.toThrow('enough');
    expect(await readdir(scratch)).toEqual([]);
  });

  test('five times the images need no more memory', async () => {
    await using folder = await aFolder();
    await makeLinkedSet(join(folder.path, 'small'), 400);
    await makeLinkedSet(join(folder.path, 'large'), 2000);
    const small = await peakMiB(join(folder.path, 'small'), folder.path);
    const large = await peakMiB(join(folder.path, 'large'), folder.path);
    // decoded, the sets take 147 and 29 MiB; 8 MiB of either may stay in memory, and the rest of the difference is warming up
    expect(large.decodedMiB).toBeGreaterThan(130);
    expect(large.peakMiB - small.peakMiB).toBeLessThan(60);
  });
});

/** Two classes of hard links to eight pictures: many files, little to write. */
async function makeLinkedSet(folder: string, count: number): Promise<void> {
  await mkdir(join(folder, '.pictures'), { recursive: true });
  for (let i = 0; i < 8; i++) await writeFile(join(folder, '.pictures', `${i}`), await anImage(i));
  for (const [label, name] of ['a', 'b'].entries()) {
    await mkdir(join(folder, 'train', name), { recursive: true });
    for (let i = 0; i < count / 2; i++) {
      await link(join(folder, '.pictures', `${(i % 4) + 4 * label}`), join(folder, 'train', name, `${i}.png`));
    }
    await writeFiles(folder, { [`val/${name}/1.png`]: 50 + label });
  }
}

async function peakMiB(path: string, scratch: string): Promise<{ peakMiB: number; decodedMiB: number }> {
  const program = fileURLToPath(new URL('../support/decode-peak.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, path, scratch], { timeout: 60_000 });
  return JSON.parse(stdout);
}

describe('decodeSample', () => {
  test('is even over the classes, seeded, and knows the original sizes', async () => {
    await using folder = await aFolder();
    await writeFiles(folder.path, { ...imagesOf(['few'], 4), ...imagesOf(['many'], 30, '', 40) });
    const dataset = await openDataset(folder.path, { seed: 1, scratch: folder.path });
    const options = { side: 8, count: 12, seed: 3, workers: 1 };
    const sample = await decodeSample(dataset, options);
    expect(sample).toMatchObject({ count: 12, side: 8, resolution: 10, grayShare: 0, damaged: 0 });
    expect(sample.images).toHaveLength(12 * bytes(8));
    expect(sample.labels.filter((label) => label === 0)).toHaveLength(3);
    expect([...sample.originalSizes.subarray(0, 2)]).toEqual([12, 10]);
    expect(await decodeSample(dataset, options)).toEqual(sample);
    expect(await decodeSample(dataset, { ...options, seed: 4 })).not.toEqual(sample);
  });

  test('tells grey pictures from coloured ones', async () => {
    await using folder = await aFolder();
    const grey = await sharp(await anImage(1))
      .greyscale()
      .png()
      .toBuffer();
    await writeFiles(folder.path, { ...imagesOf(['a'], 6), 'b/1.png': grey, 'b/2.png': grey, 'b/3.png': grey });
    const dataset = await openDataset(folder.path, { seed: 1, scratch: folder.path });
    const sample = await decodeSample(dataset, { side: 8, count: 4, seed: 3, workers: 1 });
    expect(sample.grayShare).toBe(0.5);
  });
});

const pets = sharedPath('datasets', 'pets.tar.gz');
(pets ? test : test.skip)('a real data set decodes without loss', async () => {
  await using folder = await aFolder();
  const dataset = await openDataset(pets ?? '', { seed: 1, scratch: folder.path });
  const store = await decodeAll(dataset, { side: 32, workers: 2, scratch: folder.path });
  expect([store.train.count, store.val.count, store.dataset.skipped.length]).toEqual([1800, 450, 0]);
  store.close();
  await dataset.close();
});
