/** The tasks of the stream: parts of the five data sets, fewer classes and fewer images of each. */
import { link, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createRng, deriveSeed, type Rng } from '../../src/lib/rng.ts';
import { type DatasetName, datasetNames, exists } from '../tune/datasets.ts';

const tasksOfDataset = 8;
const seed = 20261;
/** Fewest classes, and fewest training images of each. */
const [fewestClasses, fewestImages] = [3, 24];

export interface Task {
  /** `pets-3`: name of the data set and number of the part. */
  readonly name: string;
  readonly of: DatasetName;
}

/** All of them, in the random order of the stream; five in a row are of five data sets. */
export function stream(): readonly Task[] {
  const rng = createRng(deriveSeed(seed, 'stream'));
  const numbers = datasetNames.map(() => rng.shuffle(Array.from({ length: tasksOfDataset }, (_, number) => number)));
  return Array.from({ length: tasksOfDataset }, (_, round) =>
    rng.shuffle(
      datasetNames.map((of, i) => ({ of, name: `${of}-${(numbers[i] as readonly number[])[round] as number}` })),
    ),
  ).flat();
}

/** Evenly on a logarithmic scale. */
const between = (low: number, high: number, rng: Rng): number => Math.round(low * (high / low) ** rng.next());

/**
 * The folder `INTO/NAME` of the task, made of links to the files of the whole data set where it is not there yet: of some
 * classes, a number of training images of each and all validation images. It is made beside its place and renamed.
 */
export async function taskFolder({ name }: Task, whole: string, into: string): Promise<string> {
  const folder = join(into, name);
  if (await exists(folder)) return folder;
  const rng = createRng(deriveSeed(seed, name));
  const classes = (await readdir(join(whole, 'train'))).sort();
  const chosen = rng.shuffle(classes).slice(0, between(fewestClasses, classes.length, rng));
  const most = Math.min(...(await Promise.all(chosen.map(async (one) => (await files(whole, 'train', one)).length))));
  const images = between(fewestImages, most, rng);
  await mkdir(into, { recursive: true });
  const beside = await mkdtemp(join(into, '.making-'));
  try {
    for (const one of chosen) {
      await linkAll(rng.shuffle(await files(whole, 'train', one)).slice(0, images), whole, beside);
      await linkAll(await files(whole, 'val', one), whole, beside);
    }
    await rename(beside, folder);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
  return folder;
}

/** Relative to the data set, in an order that does not depend on the file system. */
const files = async (whole: string, split: string, one: string): Promise<readonly string[]> =>
  (await readdir(join(whole, split, one))).sort().map((file) => join(split, one, file));

async function linkAll(paths: readonly string[], from: string, to: string): Promise<void> {
  for (const path of paths) {
    await mkdir(join(to, path, '..'), { recursive: true });
    await link(join(from, path), join(to, path));
  }
}
