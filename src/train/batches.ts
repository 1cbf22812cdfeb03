import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { RunError } from '../lib/errors.ts';
import type { AugmentationLevel, Regime } from '../planner/types.ts';
import type { Batch, BatchStream } from './batch.ts';
import type { ImageStore } from './image-cache.ts';
import type { SplitImages } from './stored-images.ts';

/** One place of the ring, in shared memory: a worker fills it, the training thread only looks at it. */
export interface BatchSlot {
  readonly images: Int32Array;
  readonly targets: Float32Array;
  readonly rows: Int32Array;
}

/** What every batch worker is started with. */
export interface BatchSetup {
  readonly images: SplitImages;
  readonly batchSize: number;
  readonly inputSize: number;
  readonly classes: number;
  readonly augmentation: AugmentationLevel;
  readonly mix: Regime['mix'];
  readonly seed: number;
  /** In shared memory; the rows in this order, or shuffled epochs of all where undefined. */
  readonly rows: Int32Array | undefined;
  readonly slots: readonly BatchSlot[];
  /** In shared memory; 1 for a slot that is filled. */
  readonly ready: Int32Array;
}

/** Asks a worker to prepare the batch of a step in a slot. */
export interface BatchOrder {
  readonly step: number;
  readonly slot: number;
}

export interface TrainBatchOptions {
  readonly batchSize: number;
  /** Side of the square input in pixels. */
  readonly inputSize: number;
  readonly augmentation: AugmentationLevel;
  readonly mix: Regime['mix'];
  readonly seed: number;
  /** The first step to give, for a run that resumes. */
  readonly startStep?: number;
  /** Worker threads; one unless given, as TensorFlow wants the processors. */
  readonly workers?: number;
}

export interface EvalBatchOptions {
  readonly batchSize: number;
  readonly inputSize: number;
  /** Rows of the split in the order wanted; all of them unless given. */
  readonly rows?: readonly number[] | Int32Array;
  readonly workers?: number;
}

/** Endless augmented batches of the training split; equal seeds and steps give equal batches, however many workers. */
export function trainBatches(store: ImageStore, options: TrainBatchOptions): BatchStream {
  const { batchSize, inputSize, augmentation, mix, seed, startStep = 0, workers = 1 } = options;
  const classes = store.dataset.classes.length;
  const parts = { images: store.train, batchSize, inputSize, classes, augmentation, mix, seed, rows: undefined };
  return new RingStream(parts, startStep, Number.POSITIVE_INFINITY, workers);
}

/** One pass over a split in order and unchanged, scaled where its stored side is not `inputSize`; the last batch may be smaller. */
export function evalBatches(store: ImageStore, split: 'train' | 'val', options: EvalBatchOptions): BatchStream {
  const { batchSize, inputSize, workers = 1 } = options;
  const images = store[split];
  const wanted = options.rows ?? Int32Array.from({ length: images.count }, (_none, row) => row);
  const rows = new Int32Array(new SharedArrayBuffer(4 * wanted.length));
  rows.set(wanted);
  if (rows.some((row) => row < 0 || row >= images.count)) throw new Error(`rows go from 0 to ${images.count - 1}`);
  const classes = store.dataset.classes.length;
  const parts = { images, batchSize, inputSize, classes, augmentation: 'none', mix: 'none', seed: 0, rows } as const;
  return new RingStream(parts, 0, Math.ceil(rows.length / batchSize), workers);
}

/** Filled slots beyond one a worker and the one that the caller looks at. */
const spareSlots = 1;

/**
 * A ring of slots: step s lies in slot s mod slots, and is prepared by worker s mod workers. A slot is free again when the
 * caller asks for the batch after it; the order for its next step goes out before the training step begins, so that
 * workers fill it while the training thread is busy in TensorFlow.
 */
class RingStream implements BatchStream {
  readonly #setup: BatchSetup;
  readonly #workers: readonly Worker[];
  readonly #endStep: number;
  #nextStep: number;
  #orderedStep: number;
  #heldSlot: number | undefined;
  #waited = 0;
  #failure: unknown;
  #wake: (() => void) | undefined;
  #isClosed = false;

  constructor(parts: Omit<BatchSetup, 'slots' | 'ready'>, startStep: number, endStep: number, workers: number) {
    const count = Math.max(1, Math.min(workers, endStep - startStep));
    const slotCount = count + 1 + spareSlots;
    const ready = new Int32Array(new SharedArrayBuffer(4 * slotCount));
    this.#setup = { ...parts, ready, slots: Array.from({ length: slotCount }, () => newSlot(parts)) };
    this.#endStep = endStep;
    this.#nextStep = startStep;
    this.#orderedStep = startStep;
    this.#workers = Array.from({ length: endStep > startStep ? count : 0 }, () => this.#start());
    for (let i = 0; i < slotCount; i++) this.#order();
  }

  get waitedSeconds(): number {
    return this.#waited;
  }

  async next(): Promise<Batch | undefined> {
    // a ready batch needs no waiting, yet signals, timers and failures of workers must get their turn
    await turn();
    if (this.#isClosed) throw new Error('the stream of batches is closed');
    if (this.#heldSlot !== undefined) {
      Atomics.store(this.#setup.ready, this.#heldSlot, 0);
      this.#heldSlot = undefined;
      this.#order();
    }
    if (this.#nextStep >= this.#endStep) return undefined;
    const slot = this.#nextStep % this.#setup.slots.length;
    await this.#untilReady(slot);
    this.#heldSlot = slot;
    this.#nextStep += 1;
    return this.#view(slot);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake?.();
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #start(): Worker {
    const worker = new Worker(new URL('./batch-worker.ts', import.meta.url), { workerData: this.#setup });
    worker.on('message', () => this.#wake?.());
    worker.on('error', (error) => {
      this.#failure ??= error;
      this.#wake?.();
    });
    // only a caller that waits keeps the process alive
    worker.unref();
    return worker;
  }

  #order(): void {
    if (this.#orderedStep >= this.#endStep) return;
    const step = this.#orderedStep++;
    const order: BatchOrder = { step, slot: step % this.#setup.slots.length };
    this.#workers[step % this.#workers.length]?.postMessage(order);
  }

  async #untilReady(slot: number): Promise<void> {
    const start = performance.now();
    for (const worker of this.#workers) worker.ref();
    try {
      while (Atomics.load(this.#setup.ready, slot) === 0) {
        if (this.#failure !== undefined) throw batchFailed(this.#failure);
        if (this.#isClosed) throw new Error('the stream of batches was closed');
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.#wake = undefined;
      for (const worker of this.#workers) worker.unref();
      this.#waited += (performance.now() - start) / 1000;
    }
  }

  #view(slot: number): Batch {
    const { batchSize, classes, inputSize: size, rows: all, slots } = this.#setup;
    const { images, targets, rows } = slots[slot] as BatchSlot;
    const step = this.#nextStep - 1;
    const count = all ? Math.min(batchSize, all.length - step * batchSize) : batchSize;
    if (count === batchSize) return { images, targets, rows, size };
    return {
      images: images.subarray(0, count * size * size * 3),
      targets: targets.subarray(0, count * classes),
      rows: rows.subarray(0, count),
      size,
    };
  }
}

function newSlot({ batchSize, inputSize, classes }: Omit<BatchSetup, 'slots' | 'ready'>): BatchSlot {
  const shared = (count: number): SharedArrayBuffer => new SharedArrayBuffer(4 * count);
  return {
    images: new Int32Array(shared(batchSize * inputSize * inputSize * 3)),
    targets: new Float32Array(shared(batchSize * classes)),
    rows: new Int32Array(shared(batchSize)),
  };
}

function batchFailed(error: unknown): RunError {
  const text = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : `${error}`;
  return new RunError(`Preparing a batch of images failed: ${text}.`, 'Run it again; it goes on from its checkpoint.', {
    cause: error,
  });
}
