/** Passes over a split without training: a network's answers to its images. */
import { setImmediate as turn } from 'node:timers/promises';
import type { TrainingModel } from '../nas/training-model.ts';
import { evalBatches } from './batches.ts';
import type { ImageStore } from './image-cache.ts';
import type { Activations } from './step-source.ts';

export const evaluationBatch = 100;

/** At most `most` rows, spread evenly over a split that is sorted by class. */
export function evenRows(count: number, most: number): Int32Array {
  const length = Math.min(count, most);
  return Int32Array.from({ length }, (_, i) => Math.floor((i * count) / length));
}

export interface LogitsOptions {
  /** Ends the pass where it says so. */
  readonly isOver?: () => boolean;
  /** Of the model's start, where it is another one than its own. */
  readonly startShare?: number;
}

/** Logits [rows, classes]; undefined where `isOver` said so before the end. */
export async function validationLogits(
  model: TrainingModel,
  store: ImageStore,
  cached: Activations | undefined,
  rows: Int32Array,
  { isOver = () => false, startShare }: LogitsOptions = {},
): Promise<Float32Array | undefined> {
  const { classes } = model.network;
  const logits = new Float32Array(rows.length * classes);
  const isWhole = await forEachBatch(model, store, 'val', cached, rows, (data, count, at) => {
    if (isOver()) return false;
    logits.set(model.logits(data, count, startShare), at * classes);
    return true;
  });
  return isWhole ? logits : undefined;
}

/**
 * Pooled features [rows, channels] of rows of the training split, at least one of them. `onBatch` is told how many there
 * are so far; where it says false the pass ends, and the features of the rows after that stay zero.
 */
export async function embedded(
  model: TrainingModel,
  store: ImageStore,
  cached: Activations | undefined,
  rows: Int32Array,
  onBatch: (done: number) => boolean,
): Promise<Float32Array> {
  let features = new Float32Array();
  await forEachBatch(model, store, 'train', cached, rows, (data, count, at) => {
    const some = model.embed(data, count);
    const channels = some.length / count;
    if (at === 0) features = new Float32Array(channels * rows.length);
    features.set(some, channels * at);
    return onBatch(at + count);
  });
  return features;
}

/**
 * Passes over rows of a split in batches, as images or as cached activations, with the place of the batch's first row.
 * Whether it came to the end: `use` ends it by false.
 */
export async function forEachBatch(
  model: TrainingModel,
  store: ImageStore,
  split: 'train' | 'val',
  cached: Activations | undefined,
  rows: Int32Array,
  use: (data: Float32Array | Int32Array, count: number, at: number) => boolean,
): Promise<boolean> {
  if (cached) {
    for (let at = 0; at < rows.length; at += evaluationBatch) {
      // signals and timers get their turn
      await turn();
      const some = rows.subarray(at, at + evaluationBatch);
      const data = new Float32Array(some.length * cached.perRow);
      some.forEach((row, i) => {
        data.set(cached.values.subarray(row * cached.perRow, (row + 1) * cached.perRow), i * cached.perRow);
      });
      if (!use(data, some.length, at)) return false;
    }
    return true;
  }
  const stream = evalBatches(store, split, { batchSize: evaluationBatch, inputSize: model.options.inputSize, rows });
  try {
    let at = 0;
    for (let batch = await stream.next(); batch; batch = await stream.next()) {
      if (!use(batch.images, batch.rows.length, at)) return false;
      at += batch.rows.length;
    }
    return true;
  } finally {
    await stream.close();
  }
}
