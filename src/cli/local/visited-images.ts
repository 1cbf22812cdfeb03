import { createRng, deriveSeed } from '../../lib/rng.ts';
import type { Dataset } from '../../train/dataset.ts';
import type { Item } from '../../train/discover.ts';
import { proxyImages } from '../../train/pretraining.ts';

/** Images of a class that are kept in any case: one of them alone might turn out damaged. */
const fewestOfClass = 8;

/**
 * The data set with only as many training images as a run of so many visits can see: where time is short, the others
 * need not be decoded. Equal seeds give equal images.
 */
export function visitedImages(dataset: Dataset, visits: number, seed: number): Dataset {
  if (visits >= dataset.train.length) return dataset;
  const rng = createRng(deriveSeed(seed, 'visited images'));
  const counts = new Map<number, number>();
  const [first, others]: [Item[], Item[]] = [[], []];
  for (const item of rng.shuffle(dataset.train)) {
    const count = counts.get(item.label) ?? 0;
    counts.set(item.label, count + 1);
    (count < fewestOfClass ? first : others).push(item);
  }
  const chosen = new Set([...first, ...others.slice(0, Math.max(0, visits - first.length))]);
  return { ...dataset, train: dataset.train.filter((item) => chosen.has(item)) };
}

/**
 * What of a data set the proxy training of a candidate sees: as many training images as it visits, and at most so many
 * for validation as rank candidates well enough. Equal seeds give equal images.
 */
export function proxyPart(dataset: Dataset, visits: number, seed: number): Dataset {
  const train = visitedImages(dataset, visits, seed);
  if (dataset.val.length <= proxyImages.validation) return train;
  const val = createRng(deriveSeed(seed, 'proxy validation')).shuffle(dataset.val).slice(0, proxyImages.validation);
  return { ...train, val };
}
