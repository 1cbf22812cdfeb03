import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, unlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { InputError } from '../lib/errors.ts';
import { memoryLimit } from '../lib/memory.ts';
import type { Dataset } from './dataset.ts';
import { imageBytes } from './decode.ts';
import { type Damage, type DecodeOptions, decodeInto } from './decode-pool.ts';
import { type Item, nameSome } from './discover.ts';
import type { Skipped } from './folder-walk.ts';
import type { ImageRegion, SplitImages } from './stored-images.ts';

export interface DecodeAllOptions extends DecodeOptions {
  /** Side of the stored validation images in pixels: the network's input. */
  readonly side: number;
  /** Side of the stored training images, see `trainingSide`; `side` unless given. */
  readonly trainSide?: number | undefined;
  /** Bytes of decoded images kept in memory, the rest goes to disk; see `defaultBytesBound`. */
  readonly bytesBound?: number | undefined;
  /** Folder for the file of images beyond the bound; the file has no name, so that nothing stays even after a kill. */
  readonly scratch: string;
}

/** All decoded images of a data set. */
export interface ImageStore {
  /** Side of the validation images. */
  readonly side: number;
  /** The data set without the images that turned out damaged; those are in its `skipped`. */
  readonly dataset: Dataset;
  /** Rows are indices into `dataset.train` and `dataset.val`. */
  readonly train: SplitImages;
  readonly val: SplitImages;
  readonly bytesInMemory: number;
  readonly bytesOnDisk: number;
  /** Frees the disk space. Streams of batches must be closed before. */
  close(): void;
}

/**
 * An eighth of the memory, at most 96 MiB: some ten thousand small images. What is on disk is read through the page cache,
 * which takes memory as long as nobody else needs it and gives it back: so more images do not need more memory.
 */
export function defaultBytesBound(): number {
  return Math.min(96 * 2 ** 20, Math.floor(memoryLimit() / 8));
}

/**
 * Decodes every image once, in worker threads. Damaged ones are left out and listed.
 * Throws InputError where too many are damaged or a class loses all; RunError where decoding itself fails.
 */
export async function decodeAll(dataset: Dataset, options: DecodeAllOptions): Promise<ImageStore> {
  const { side, trainSide = side, bytesBound = defaultBytesBound() } = options;
  const plan = planRegions([dataset.train.length, dataset.val.length], [trainSide, side], bytesBound);
  const fd = plan.bytesOnDisk > 0 ? openNameless(options.scratch) : -1;
  const close = once(() => {
    if (fd >= 0) closeSync(fd);
  });
  try {
    const [trainRegion, valRegion] = plan.regions.map((region) => ({ ...region, fd }));
    if (!trainRegion || !valRegion) throw new Error('two regions were planned');
    const paths = [dataset.train, dataset.val].map((items) => items.map((item) => item.path));
    const damaged = await decodeInto({ regions: [trainRegion, valRegion], sizes: undefined }, paths, options);
    const [inTrain, inVal] = [0, 1].map((r) => new Map(damaged.filter((d) => d.region === r).map((d) => [d.slot, d])));
    const kept = withoutDamaged(dataset, damaged, inTrain ?? new Map(), inVal ?? new Map());
    return {
      side,
      dataset: kept,
      train: splitImages(dataset.train, inTrain ?? new Map(), trainRegion),
      val: splitImages(dataset.val, inVal ?? new Map(), valRegion),
      bytesInMemory: plan.bytesInMemory,
      bytesOnDisk: plan.bytesOnDisk,
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

type BySlot = ReadonlyMap<number, Damage>;

/** Training images come first: they are read in every epoch, validation images once in a while. */
function planRegions(
  counts: readonly number[],
  sides: readonly number[],
  bytesBound: number,
): {
  regions: Omit<ImageRegion, 'fd'>[];
  bytesInMemory: number;
  bytesOnDisk: number;
} {
  let bytesInMemory = 0;
  let bytesOnDisk = 0;
  const regions = counts.map((count, i) => {
    const side = sides[i] ?? 0;
    const size = imageBytes(side);
    const inMemory = Math.max(0, Math.min(count, Math.floor((bytesBound - bytesInMemory) / size)));
    const fileOffset = bytesOnDisk;
    bytesInMemory += inMemory * size;
    bytesOnDisk += (count - inMemory) * size;
    return { side, memory: new SharedArrayBuffer(inMemory * size), inMemory, fileOffset };
  });
  return { regions, bytesInMemory, bytesOnDisk };
}

function openNameless(scratch: string): number {
  mkdirSync(scratch, { recursive: true });
  const path = join(scratch, `images-${randomUUID()}`);
  const fd = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  return fd;
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) action();
    isDone = true;
  };
}

function splitImages(items: readonly Item[], damaged: BySlot, region: ImageRegion): SplitImages {
  const count = items.length - damaged.size;
  const labels = new Int32Array(new SharedArrayBuffer(4 * count));
  const slots = new Int32Array(new SharedArrayBuffer(4 * count));
  let row = 0;
  items.forEach((item, slot) => {
    if (damaged.has(slot)) return;
    labels[row] = item.label;
    slots[row] = slot;
    row += 1;
  });
  return { side: region.side, count, labels, slots, region };
}

function withoutDamaged(dataset: Dataset, damaged: readonly Damage[], inTrain: BySlot, inVal: BySlot): Dataset {
  if (damaged.length === 0) return dataset;
  const skipped: Skipped[] = damaged.map(({ region, slot, reason }) => ({
    path: relative(dataset.root, (region === 0 ? dataset.train : dataset.val)[slot]?.path ?? ''),
    reason,
  }));
  const total = dataset.train.length + dataset.val.length;
  const [first] = skipped;
  const example = `for instance ${first?.path}: ${first?.reason}`;
  if (damaged.length > dataset.maxDamagedShare * total) {
    throw new InputError(
      `${damaged.length} of ${total} images of ${dataset.name} are unusable, ${example}.`,
      `Repair or remove them, or allow more than ${dataset.maxDamagedShare} of them to be damaged.`,
    );
  }
  const train = dataset.train.filter((_item, slot) => !inTrain.has(slot));
  const val = dataset.val.filter((_item, slot) => !inVal.has(slot));
  const empty = missing(dataset.classes, train);
  if (empty.length > 0) {
    throw new InputError(
      `No usable training image is left of the class ${nameSome(empty)}, ${example}.`,
      'Repair or replace the images of that class, or remove its folder.',
    );
  }
  if (val.length === 0) {
    throw new InputError(`No usable validation image is left, ${example}.`, 'Repair or replace the validation images.');
  }
  return { ...dataset, train, val, skipped: [...dataset.skipped, ...skipped] };
}

function missing(classes: readonly string[], items: readonly Item[]): string[] {
  const seen = new Set(items.map((item) => item.label));
  return classes.filter((_name, label) => !seen.has(label));
}
