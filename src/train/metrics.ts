import type { ClassResult } from './result.ts';

/** What an evaluation pass over labelled images showed. Shares are 0 to 1. */
export interface Evaluation {
  readonly accuracy: number;
  readonly top5: number;
  readonly macroF1: number;
  readonly perClass: readonly ClassResult[];
  /** By true class (rows) and predicted class (columns). */
  readonly confusion: readonly (readonly number[])[];
}

/** Predicted class of each row of logits [rows, classes]. */
export function topClass(logits: Float32Array, classes: number): Int32Array {
  const out = new Int32Array(logits.length / classes);
  for (let row = 0; row < out.length; row++) {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if ((logits[row * classes + c] as number) > (logits[row * classes + best] as number)) best = c;
    }
    out[row] = best;
  }
  return out;
}

export function accuracyOf(logits: Float32Array, labels: Int32Array, classes: number): number {
  const predicted = topClass(logits, classes);
  return predicted.filter((p, row) => p === labels[row]).length / Math.max(1, labels.length);
}

/** Softmax of one row of logits. */
export function softmax(logits: Float32Array): Float32Array {
  const largest = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = logits.map((v) => Math.exp(v - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((v) => v / sum);
}

/** Macro F1 is the mean over the classes that have a validation image or were predicted. */
export function evaluate(logits: Float32Array, labels: Int32Array, classNames: readonly string[]): Evaluation {
  const classes = classNames.length;
  const predicted = topClass(logits, classes);
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  let inTop5 = 0;
  labels.forEach((label, row) => {
    const counts = confusion[label] as number[];
    const p = predicted[row] as number;
    counts[p] = (counts[p] as number) + 1;
    const own = logits[row * classes + label] as number;
    let better = 0;
    for (let c = 0; c < classes; c++) if ((logits[row * classes + c] as number) > own) better++;
    if (better < 5) inTop5++;
  });
  const perClass = classNames.map((name, c): ClassResult => {
    const row = confusion[c] as number[];
    const images = row.reduce((a, b) => a + b, 0);
    const called = confusion.reduce((sum, r) => sum + (r[c] as number), 0);
    const right = row[c] as number;
    const [recall, precision] = [images > 0 ? right / images : 0, called > 0 ? right / called : 0];
    const f1 = right > 0 ? (2 * precision * recall) / (precision + recall) : 0;
    return { name, images, recall, precision, f1 };
  });
  const counted = perClass.filter((c, i) => c.images > 0 || confusion.some((row) => (row[i] as number) > 0));
  const right = perClass.reduce((sum, c) => sum + c.recall * c.images, 0);
  return {
    accuracy: right / Math.max(1, labels.length),
    top5: inTop5 / Math.max(1, labels.length),
    macroF1: counted.reduce((sum, c) => sum + c.f1, 0) / Math.max(1, counted.length),
    perClass,
    confusion,
  };
}
