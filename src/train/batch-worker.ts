import { parentPort, workerData } from 'node:worker_threads';
import { createRng, deriveSeed } from '../lib/rng.ts';
import { createAugment } from './augment.ts';
import type { BatchOrder, BatchSetup, BatchSlot } from './batches.ts';
import { mixes } from './mix.ts';
import { createOrder } from './order.ts';
import { createImageReader } from './stored-images.ts';

const setup: BatchSetup = workerData;
const port = parentPort;
if (!port) throw new Error('batch-worker.ts runs in a worker thread');

const { images, batchSize, inputSize, classes, seed } = setup;
const read = createImageReader(images.region);
const augment = createAugment(setup.augmentation, images.side, inputSize);
const shuffled = setup.rows ? undefined : createOrder(images.count, batchSize, seed);

port.on('message', ({ step, slot }: BatchOrder) => {
  const target = setup.slots[slot];
  if (!target) throw new Error(`no slot ${slot}`);
  fill(step, target);
  Atomics.store(setup.ready, slot, 1);
  port.postMessage(slot);
});

/** The batch of a step depends on the seed and the step alone, never on which worker prepares it or when. */
function fill(step: number, { images: pixels, targets, rows }: BatchSlot): void {
  const count = chooseRows(step, rows);
  const rng = createRng(deriveSeed(seed, `batch ${step}`));
  const length = inputSize * inputSize * 3;
  targets.fill(0);
  for (let i = 0; i < count; i++) {
    const row = rows[i] as number;
    const { bytes, offset } = read(images.slots[row] as number);
    augment(bytes, offset, pixels, i * length, rng);
    targets[i * classes + (images.labels[row] as number)] = 1;
  }
  mixes[setup.mix]({ images: pixels, targets, batchSize: count, size: inputSize, classes }, rng);
}

/** Writes the rows of a step and returns how many there are. */
function chooseRows(step: number, rows: Int32Array): number {
  if (shuffled) {
    shuffled(step, rows);
    return batchSize;
  }
  const part = setup.rows?.subarray(step * batchSize, (step + 1) * batchSize) ?? new Int32Array();
  rows.set(part);
  return part.length;
}
