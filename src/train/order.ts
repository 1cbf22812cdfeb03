import { createRng, deriveSeed } from '../lib/rng.ts';

/** Steps of one pass over `count` images; what does not fill a batch is left out of that pass. */
export const stepsPerEpoch = (count: number, batchSize: number): number => Math.max(1, Math.floor(count / batchSize));

/**
 * The rows of any training step, as a function of the step alone, so that a run can resume anywhere and any worker may
 * prepare any batch. Each epoch is shuffled anew by (seed, epoch). With fewer images than a batch has rows, the batches
 * run on through shuffled epochs, so that all images appear equally often.
 */
export function createOrder(count: number, batchSize: number, seed: number): (step: number, rows: Int32Array) => void {
  if (count < 1 || batchSize < 1) throw new Error(`no order of ${count} images in batches of ${batchSize}`);
  const permutation = createPermutations(count, seed);
  const perEpoch = stepsPerEpoch(count, batchSize);
  return (step, rows) => {
    if (count >= batchSize) {
      const start = (step % perEpoch) * batchSize;
      rows.set(permutation(Math.floor(step / perEpoch)).subarray(start, start + batchSize));
      return;
    }
    for (let i = 0; i < batchSize; i++) {
      const at = step * batchSize + i;
      rows[i] = permutation(Math.floor(at / count))[at % count] as number;
    }
  };
}

/** Permutation of an epoch; the last one asked for is kept. */
function createPermutations(count: number, seed: number): (epoch: number) => Int32Array {
  const rows = new Int32Array(count);
  let kept = -1;
  return (epoch) => {
    if (epoch === kept) return rows;
    const rng = createRng(deriveSeed(seed, `epoch ${epoch}`));
    for (let i = 0; i < count; i++) rows[i] = i;
    for (let i = count - 1; i > 0; i--) {
      const j = rng.int(i + 1);
      const swapped = rows[i] as number;
      rows[i] = rows[j] as number;
      rows[j] = swapped;
    }
    kept = epoch;
    return rows;
  };
}
