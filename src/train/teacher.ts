/**
 * Learning from another network's answers beside the labels (Hinton, Vinyals and Dean, 2015), at temperature 1. Whatever
 * that network was trained on: a head is fitted to its features of the very images that are to be learned. Each image is
 * answered once, as it is stored and by a head that has not seen it, so that an answer tells how sure it is.
 */
import type { HostTensor } from '../nas/host-tensor.ts';
import type { Network } from '../nas/layers.ts';
import { openForAnswers } from './evaluate-on.ts';
import { fitHead } from './head-fit.ts';
import type { ImageStore } from './image-cache.ts';
import { softmax } from './metrics.ts';
import { embedded, evenRows, forEachBatch } from './passes.ts';

/** A teacher's answers to the images of a training split. */
export interface Answers {
  readonly classes: number;
  /** [images, classes]: what share the teacher gives to each class. */
  readonly shares: Float32Array;
}

export interface Teacher {
  /** With the classes of the images; its head is not used. */
  readonly network: Network;
  readonly weights: ReadonlyMap<string, HostTensor>;
  /** Input size of its pre-training. */
  readonly nativeSize: number;
}

export interface AnswerOptions {
  /** Images that the head is fitted to, at most. */
  readonly fittedImages?: number;
  readonly signal: AbortSignal;
  /** Told while images are answered. */
  readonly onProgress: (done: number, total: number) => void;
}

/** Of the target of an image; the rest is its label's. */
const answerShare = 0.5;
/** Features of more take memory by the gigabyte, and make the head hardly better. */
const usualFittedImages = 10_000;
/** An image that is enlarged beyond this many times tells a network no more. */
const mostEnlarged = 2.5;
const sizeStep = 32;

/** Input size at which a teacher looks at images that are stored with a side of `side` pixels. */
export const teacherSize = (nativeSize: number, side: number): number =>
  Math.min(nativeSize, Math.max(sizeStep, sizeStep * Math.round((mostEnlarged * side) / sizeStep)));

/** Answers to all images of the training split. Rejects with the signal's reason. */
export async function answersTo(
  store: ImageStore,
  { network, weights, nativeSize }: Teacher,
  { fittedImages = usualFittedImages, signal, onProgress }: AnswerOptions,
): Promise<Answers> {
  const { classes } = network;
  const { count, labels } = store.train;
  const shares = new Float32Array(count * classes);
  const answer = (row: number, logits: Float32Array): void => shares.set(softmax(logits), row * classes);
  const model = await openForAnswers(network, weights, teacherSize(nativeSize, store.side));
  try {
    const fitted = evenRows(count, fittedImages);
    const features = await embedded(model, store, undefined, fitted, (done) => {
      signal.throwIfAborted();
      onProgress(done, count);
      return true;
    });
    const known = {
      n: fitted.length,
      d: features.length / fitted.length,
      labels: fitted.map((row) => labels[row] ?? 0),
    };
    const head = await fitHead({ features, ...known, classes });
    for (const [i, row] of fitted.entries()) answer(row, head.leftOut.subarray(i * classes, (i + 1) * classes));
    model.setHead(head.weight, head.bias);
    const seen = new Set(fitted);
    const others = Int32Array.from({ length: count }, (_, row) => row).filter((row) => !seen.has(row));
    await forEachBatch(model, store, 'train', undefined, others, (images, some, at) => {
      signal.throwIfAborted();
      const logits = model.logits(images, some);
      for (let i = 0; i < some; i++) answer(others[at + i] ?? 0, logits.subarray(i * classes, (i + 1) * classes));
      onProgress(fitted.length + at + some, count);
      return true;
    });
    return { classes, shares };
  } finally {
    model.close();
  }
}

/** Targets [rows, classes] softened by the answers to the images of these rows; other values than the batch's own. */
export function softened(targets: Float32Array, rows: Int32Array, { classes, shares }: Answers): Float32Array {
  return targets.map((target, at) => {
    const row = rows[Math.floor(at / classes)] ?? 0;
    return (1 - answerShare) * target + answerShare * (shares[row * classes + (at % classes)] ?? 0);
  });
}
