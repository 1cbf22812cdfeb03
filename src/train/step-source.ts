/** Where a step's data comes from: augmented image batches, or activations of the frozen stages computed once. */
import { setImmediate as turn } from 'node:timers/promises';
import { elementsOf } from '../nas/host-tensor.ts';
import type { TrainingModel } from '../nas/training-model.ts';
import type { BatchStream } from './batch.ts';
import { evalBatches } from './batches.ts';
import type { ImageStore } from './image-cache.ts';
import type { StepSource } from './loop.ts';
import { createOrder } from './order.ts';
import { type Answers, softened } from './teacher.ts';

/** `answers`: of a teacher to the images of the split. */
export function imageSource(stream: BatchStream, answers?: Answers): StepSource {
  return {
    next: async () => {
      const batch = await stream.next();
      if (batch === undefined) return undefined;
      const { images: data, targets, rows } = batch;
      return { data, targets: answers === undefined ? targets : softened(targets, rows, answers) };
    },
    get waitedSeconds() {
      return stream.waitedSeconds;
    },
  };
}

/** Activations of one split at the frozen boundary, row after row. */
export interface Activations {
  readonly values: Float32Array;
  readonly count: number;
  readonly perRow: number;
  readonly labels: Int32Array;
}

/** Runs the frozen stages once over a split; undefined when the signal comes. */
export async function cacheActivations(
  model: TrainingModel,
  store: ImageStore,
  split: 'train' | 'val',
  options: {
    readonly batchSize: number;
    readonly signal: AbortSignal;
    readonly onProgress: (done: number, total: number) => void;
  },
): Promise<Activations | undefined> {
  const { count, labels } = store[split];
  const perRow = elementsOf(model.boundaryShape ?? []);
  const values = new Float32Array(count * perRow);
  const { batchSize } = options;
  const stream = evalBatches(store, split, { batchSize, inputSize: model.options.inputSize });
  try {
    let row = 0;
    for (let batch = await stream.next(); batch; batch = await stream.next()) {
      if (options.signal.aborted) return undefined;
      const rows = batch.rows.length;
      values.set(model.boundary(batch.images, rows), row * perRow);
      row += rows;
      options.onProgress(row, count);
    }
  } finally {
    await stream.close();
  }
  return { values, count, perRow, labels };
}

/** Endless batches of cached rows, in the order in which the images themselves would come; begins at `startStep`. */
export function activationSource(
  cached: Activations,
  options: { readonly batchSize: number; readonly classes: number; readonly seed: number; readonly startStep: number },
): StepSource {
  const { batchSize, classes, seed } = options;
  const { perRow } = cached;
  const data = new Float32Array(batchSize * perRow);
  const targets = new Float32Array(batchSize * classes);
  const rows = new Int32Array(batchSize);
  const order = createOrder(cached.count, batchSize, seed);
  let step = options.startStep;
  const next: StepSource['next'] = async () => {
    // steps over cached activations never wait: signals and timers must get their turn
    await turn();
    order(step++, rows);
    targets.fill(0);
    rows.forEach((row, i) => {
      data.set(cached.values.subarray(row * perRow, (row + 1) * perRow), i * perRow);
      targets[i * classes + (cached.labels[row] as number)] = 1;
    });
    return { data, targets };
  };
  return { next, waitedSeconds: 0 };
}
