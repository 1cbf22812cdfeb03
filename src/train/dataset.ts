import { rm, stat } from 'node:fs/promises';
import { basename, relative, resolve } from 'node:path';
import { InputError } from '../lib/errors.ts';
import { unpackArchive, withoutArchiveEnding } from './archive.ts';
import { discover, type Item, nameSome } from './discover.ts';
import type { Skipped } from './folder-walk.ts';
import { findLeaks, stratifiedSplit } from './split.ts';
import type { ArchiveLimits } from './unpack-target.ts';

export interface DatasetOptions {
  /** Share of each class that is split off for validation where the data set has no split of its own. */
  readonly valShare?: number;
  readonly seed: number;
  /** Share of damaged images above which decoding gives up. */
  readonly maxDamagedShare?: number;
  /** Folder for unpacked archives; made where missing. */
  readonly scratch: string;
  readonly archiveLimits?: ArchiveLimits;
  readonly signal?: AbortSignal;
}

/** A data set that was looked through, but whose images are not decoded yet. */
export interface Dataset {
  /** For people: the name of the folder or archive. */
  readonly name: string;
  /** The folder that the paths of `skipped` are relative to. */
  readonly root: string;
  /** Names of the class folders in the order of their code points; a label is an index into them. */
  readonly classes: readonly string[];
  readonly train: readonly Item[];
  readonly val: readonly Item[];
  readonly skipped: readonly Skipped[];
  /** Sentences for the user that are no errors. */
  readonly warnings: readonly string[];
  readonly maxDamagedShare: number;
  /** Removes what was unpacked. */
  close(): Promise<void>;
}

/**
 * Opens a folder or an archive of images: a folder per class, or `train` and `val` with a folder per class each.
 * Throws InputError for everything that is wrong with it; then nothing is left in `scratch`.
 */
export async function openDataset(path: string, options: DatasetOptions): Promise<Dataset> {
  const { valShare = 0.2, maxDamagedShare = 0.2 } = options;
  checkShare('share of validation images', valShare, (x) => x > 0 && x < 1, 'between 0 and 1, for instance 0.2');
  checkShare('allowed share of damaged images', maxDamagedShare, (x) => x >= 0 && x <= 1, 'from 0 to 1');
  const full = resolve(path);
  const unpacked = (await isFolder(full, path))
    ? undefined
    : await unpackArchive(full, options.scratch, options.archiveLimits, options.signal);
  const close = async (): Promise<void> => {
    if (unpacked !== undefined) await rm(unpacked, { recursive: true, force: true });
  };
  try {
    const root = unpacked ?? full;
    const name = unpacked === undefined ? basename(full) : withoutArchiveEnding(basename(full));
    const parts = await arrange(root, path, valShare, options);
    return { name, root, ...parts, maxDamagedShare, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function arrange(
  root: string,
  shown: string,
  valShare: number,
  { seed, signal }: DatasetOptions,
): Promise<Pick<Dataset, 'classes' | 'train' | 'val' | 'skipped' | 'warnings'>> {
  const found = discover(root, shown);
  const { classes } = found;
  const warnings = [...found.warnings];
  const { train, val } = found.val
    ? { train: found.train, val: found.val }
    : stratifiedSplit(found.train, classes, valShare, seed);
  const leaks = await findLeaks(train, val, signal);
  const kept = leaks.size === 0 ? val : val.filter((item) => !leaks.has(item));
  if (kept.length === 0) {
    throw new InputError(
      leaks.size > 0
        ? `All ${leaks.size} validation images of ${shown} are also training images.`
        : `${shown} has a single image in each class, so that none is left for validation.`,
      'Add more images, at least two different ones a class.',
    );
  }
  if (leaks.size > 0) {
    warnings.push(`${leaks.size} validation images are left out because they are also training images.`);
  }
  const seen = new Set(kept.map((item) => item.label));
  const unseen = classes.filter((_name, label) => !seen.has(label));
  if (unseen.length > 0) {
    warnings.push(`There is no validation image of ${nameSome(unseen)}: the accuracy says nothing about it.`);
  }
  const leaked = [...leaks].map(({ path }) => ({
    path: relative(root, path),
    reason: 'the same image is in the training split',
  }));
  return { classes, train, val: kept, skipped: [...found.skipped, ...leaked], warnings };
}

function checkShare(what: string, value: number, isRight: (value: number) => boolean, range: string): void {
  if (!isRight(value)) throw new InputError(`The ${what} is ${value}.`, `Give a number ${range}.`);
}

async function isFolder(full: string, shown: string): Promise<boolean> {
  try {
    const found = await stat(full);
    if (found.isDirectory()) return true;
    if (found.isFile()) return false;
  } catch (error) {
    throw new InputError(`There is no data set at ${shown}.`, 'Pass the path of a folder or archive of images.', {
      cause: error,
    });
  }
  throw new InputError(`${shown} is neither a folder nor a file.`, 'Pass the path of a folder or archive of images.');
}
