/** Where a step's data comes from: augmented image batches, or activations of the frozen stages computed once. */
import { createRng, deriveSeed } from '../lib/rng.ts';
import { elementsOf } from '../nas/host-tensor.ts';
import type { TrainingModel } from '../nas/training-model.ts';
import type { BatchStream } from './batch.ts';
import { evalBatches } from './batches.ts';
import type { ImageStore } from './image-cache.ts';
import type { StepSource } from './loop.ts';

export function imageSource(stream: BatchStream): StepSource {
  return {
    next: async () => {
      const batch = await stream.next();
      return batch && { data: batch.images, targets: batch.targets };
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

/** Endless batches of cached rows: epochs shuffled by (seed, epoch), no partial batch; begins at `startStep`. */
export function activationSource(
  cached: Activations,
  options: { readonly batchSize: number; readonly classes: number; readonly seed: number; readonly startStep: number },
): StepSource {
  const { batchSize, classes, seed } = options;
  const { perRow } = cached;
  const data = new Float32Array(batchSize * perRow);
  const targets = new Float32Array(batchSize * classes);
  const perEpoch = Math.max(1, Math.floor(cached.count / batchSize));
  let [step, epoch, order]: [number, number, number[]] = [options.startStep, -1, []];
  const next: StepSource['next'] = async () => {
    const wanted = Math.floor(step / perEpoch);
    if (wanted !== epoch) {
      epoch = wanted;
      order = createRng(deriveSeed(seed, `cached epoch ${epoch}`)).shuffle(
        Array.from({ length: cached.count }, (_, i) => i),
      );
    }
    targets.fill(0);
    const first = (step % perEpoch) * batchSize;
    for (let i = 0; i < batchSize; i++) {
      const row = order[(first + i) % cached.count] as number;
      data.set(cached.values.subarray(row * perRow, (row + 1) * perRow), i * perRow);
      targets[i * classes + (cached.labels[row] as number)] = 1;
    }
    step++;
    return { data, targets };
  };
  return { next, waitedSeconds: 0 };
}
