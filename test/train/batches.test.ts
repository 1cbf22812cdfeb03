import { execFile } from 'node:child_process';
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Batch, BatchStream } from '../../src/train/batch.ts';
import { evalBatches, type TrainBatchOptions, trainBatches } from '../../src/train/batches.ts';
import { openDataset } from '../../src/train/dataset.ts';
import { decodeSquare } from '../../src/train/decode.ts';
import { decodeAll, type ImageStore } from '../../src/train/image-cache.ts';
import { aFolder, imagesOf, writeFiles } from '../support/image-files.ts';

const side = 12;
const classes = ['a', 'b', 'c'];
let folder: Awaited<ReturnType<typeof aFolder>>;
let store: ImageStore;
/** The same images, of which most lie on disk. */
let onDisk: ImageStore;

beforeAll(async () => {
  folder = await aFolder();
  const path = join(folder.path, 'set');
  await writeFiles(path, { ...imagesOf(classes, 9, 'train/'), ...imagesOf(classes, 7, 'val/', 100) });
  const dataset = await openDataset(path, { seed: 1, scratch: folder.path });
  const options = { side, workers: 1, scratch: folder.path };
  store = await decodeAll(dataset, options);
  onDisk = await decodeAll(dataset, { ...options, bytesBound: 5 * side * side * 3 });
});

afterAll(async () => {
  store.close();
  onDisk.close();
  await folder[Symbol.asyncDispose]();
});

const copy = ({
  images,
  targets,
  rows,
  size,
}: Batch): { images: number[]; targets: number[]; rows: number[]; size: number } => ({
  images: [...images],
  targets: [...targets],
  rows: [...rows],
  size,
});

async function take(stream: BatchStream, count: number, pauseMs = 0): Promise<ReturnType<typeof copy>[]> {
  const taken: ReturnType<typeof copy>[] = [];
  for (let i = 0; i < count; i++) {
    const batch = await stream.next();
    if (!batch) break;
    taken.push(copy(batch));
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  await stream.close();
  return taken;
}

const options: TrainBatchOptions = { batchSize: 8, inputSize: 10, augmentation: 'strong', mix: 'mixup', seed: 5 };

describe('training batches', () => {
  test('are the same whatever the number of workers, their speed, and where images lie', async () => {
    const want = await take(trainBatches(store, options), 9);
    expect(want).toHaveLength(9);
    expect(await take(trainBatches(store, { ...options, workers: 3 }), 9)).toEqual(want);
    expect(await take(trainBatches(store, options), 9, 3)).toEqual(want);
    expect(await take(trainBatches(onDisk, { ...options, workers: 2 }), 9)).toEqual(want);
    expect(await take(trainBatches(store, { ...options, seed: 6 }), 9)).not.toEqual(want);
  });

  test('go on at any step as if there had been no break', async () => {
    const all = await take(trainBatches(store, options), 12);
    expect(await take(trainBatches(store, { ...options, startStep: 5, workers: 2 }), 7)).toEqual(all.slice(5));
  });

  test('carry the label of each row', async () => {
    for (const { rows, targets } of await take(trainBatches(store, { ...options, mix: 'none' }), 4)) {
      rows.forEach((row, i) => {
        const label = store.dataset.train[row]?.label;
        expect(targets.slice(3 * i, 3 * i + 3)).toEqual([0, 1, 2].map((c) => (c === label ? 1 : 0)));
      });
    }
  });

  test('are full even with fewer images than rows', async () => {
    const [batch] = await take(trainBatches(store, { ...options, batchSize: 50 }), 1);
    expect(batch?.rows).toHaveLength(50);
    expect(new Set(batch?.rows).size).toBe(27);
  });

  test('stay valid until the next call', async () => {
    const stream = trainBatches(store, options);
    const batch = await stream.next();
    const before = batch ? copy(batch) : undefined;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(batch ? copy(batch) : undefined).toEqual(before);
    await stream.close();
  });

  test('count the time spent waiting', async () => {
    const stream = trainBatches(store, options);
    await stream.next();
    const atFirst = stream.waitedSeconds;
    expect(atFirst).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await stream.next();
    expect(stream.waitedSeconds - atFirst).toBeLessThan(0.1);
    await stream.close();
  });
});

describe('evaluation batches', () => {
  test('show every row once, in order, the last batch smaller', async () => {
    const batches = await take(evalBatches(store, 'val', { batchSize: 8, inputSize: side, workers: 2 }), 99);
    expect(batches.map((batch) => batch.rows.length)).toEqual([8, 8, 5]);
    expect(batches.flatMap((batch) => batch.rows)).toEqual(Array.from({ length: 21 }, (_none, i) => i));
    expect(batches.at(-1)?.images).toHaveLength(5 * side * side * 3);
    expect(batches.at(-1)?.targets).toHaveLength(15);
  });

  test('show exactly what was decoded', async () => {
    for (const from of [store, onDisk]) {
      const [batch] = await take(evalBatches(from, 'val', { batchSize: 21, inputSize: side }), 1);
      const wanted = await Promise.all(from.dataset.val.map((item) => decodeSquare(item.path, side)));
      expect(batch?.images).toEqual(wanted.flatMap((pixels) => [...pixels]));
    }
  });

  test('show chosen rows, and another size', async () => {
    const [batch] = await take(evalBatches(store, 'train', { batchSize: 4, inputSize: 7, rows: [20, 3, 3] }), 9);
    expect(batch).toMatchObject({ rows: [20, 3, 3], size: 7 });
    expect(batch?.images).toHaveLength(3 * 7 * 7 * 3);
  });

  test('of no rows end at once', async () => {
    expect(await take(evalBatches(store, 'val', { batchSize: 4, inputSize: 8, rows: [] }), 9)).toEqual([]);
  });

  test('refuse rows that are not there', () => {
    expect(() => evalBatches(store, 'val', { batchSize: 4, inputSize: 8, rows: [21] })).toThrow('rows go from 0 to 20');
  });
});

describe('the end', () => {
  test('a worker that cannot read fails the next batch', async () => {
    const dataset = await openDataset(join(folder.path, 'set'), { seed: 1, scratch: folder.path });
    const broken = await decodeAll(dataset, { side, workers: 1, scratch: folder.path, bytesBound: 0 });
    closeSync(broken.train.region.fd);
    const stream = trainBatches(broken, options);
    await expect(stream.next()).rejects.toThrow(/Preparing a batch of images failed/);
    await stream.close();
  });

  test('a closed stream gives nothing more', async () => {
    const stream = trainBatches(store, options);
    await stream.close();
    await expect(stream.next()).rejects.toThrow('closed');
  });

  test('a forgotten stream keeps no process alive', async () => {
    const program = fileURLToPath(new URL('../support/forgotten-stream.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program, join(folder.path, 'set'), folder.path], {
      timeout: 30_000,
    });
    expect(stdout.trim()).toBe('8 rows');
  });
});
