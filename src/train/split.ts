import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { createRng, deriveSeed } from '../lib/rng.ts';
import type { Item } from './discover.ts';

/**
 * Splits images off for validation, class by class, so that both sides have the classes in the same shares:
 * at least one image a class, and never all of them. A class of a single image stays in training whole: an image
 * that was never trained on could not be told anyway, and one rare class should not refuse a whole data set.
 */
export function stratifiedSplit(
  items: readonly Item[],
  classes: readonly string[],
  valShare: number,
  seed: number,
): { train: Item[]; val: Item[] } {
  const byLabel: Item[][] = classes.map(() => []);
  for (const item of items) byLabel[item.label]?.push(item);
  const train: Item[] = [];
  const val: Item[] = [];
  byLabel.forEach((ofClass, label) => {
    const wanted = ofClass.length < 2 ? 0 : Math.round(ofClass.length * valShare);
    const count = ofClass.length < 2 ? 0 : Math.min(ofClass.length - 1, Math.max(1, wanted));
    const rng = createRng(deriveSeed(seed, `split ${classes[label]}`));
    const chosen = new Set(rng.shuffle(ofClass).slice(0, count));
    for (const item of ofClass) (chosen.has(item) ? val : train).push(item);
  });
  return { train, val };
}

/**
 * The validation images whose very bytes are also a training image, which would flatter the accuracy.
 * Only files of equal size are read, so that large images cost one `stat` each.
 */
export async function findLeaks(
  train: readonly Item[],
  val: readonly Item[],
  signal?: AbortSignal,
): Promise<Set<Item>> {
  const pause = pauser(signal);
  const bySize = new Map<number, Item[]>();
  for (const item of val) {
    const size = fileSize(item.path);
    if (size > 0) append(bySize, size, item);
    await pause();
  }
  const suspects = new Map<number, string[]>();
  for (const item of train) {
    const size = fileSize(item.path);
    if (bySize.has(size)) append(suspects, size, item.path);
    await pause();
  }
  const leaks = new Set<Item>();
  for (const [size, paths] of suspects) {
    const trained = new Set<string>();
    for (const path of paths) {
      trained.add(contentHash(path));
      await pause();
    }
    for (const item of bySize.get(size) ?? []) {
      if (trained.has(contentHash(item.path))) leaks.add(item);
      await pause();
    }
  }
  return leaks;
}

function append<T>(lists: Map<number, T[]>, key: number, value: T): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

/** Synchronous reads are several times cheaper for small files; this lets signals and timers through now and then. */
function pauser(signal: AbortSignal | undefined): () => Promise<void> | undefined {
  let calls = 0;
  return () => {
    calls += 1;
    if (calls % 256 !== 0) return undefined;
    signal?.throwIfAborted();
    return turn();
  };
}

/** Unreadable files come to light when they are decoded; here they are merely no duplicates. */
const fileSize = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

function contentHash(path: string): string {
  try {
    return createHash('sha1').update(readFileSync(path)).digest('base64');
  } catch {
    return path;
  }
}
