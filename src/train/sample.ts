import { InputError } from '../lib/errors.ts';
import { createRng, deriveSeed } from '../lib/rng.ts';
import type { Dataset } from './dataset.ts';
import { imageBytes } from './decode.ts';
import { type DecodeOptions, decodeInto } from './decode-pool.ts';
import type { Item } from './discover.ts';

export interface SampleOptions extends DecodeOptions {
  /** Side of the square images in pixels. */
  readonly side: number;
  /** How many images are wanted; fewer where there are fewer, or where some are damaged. */
  readonly count: number;
  readonly seed: number;
}

/** A small part of the training images, for the profile. */
export interface ImageSample {
  readonly side: number;
  readonly count: number;
  /** RGB bytes, NHWC, `count * side * side * 3`. */
  readonly images: Uint8Array;
  readonly labels: Int32Array;
  /** Width and height of each in pixels before scaling, `count * 2`. */
  readonly originalSizes: Int32Array;
  /** Median of the shorter sides in pixels before scaling. */
  readonly resolution: number;
  /** Share of the images whose pixels are all grey, 0 to 1. */
  readonly grayShare: number;
  readonly damaged: number;
}

/** Decodes a seeded sample of the training images, as even over the classes as they allow. Throws InputError where all are damaged. */
export async function decodeSample(dataset: Dataset, options: SampleOptions): Promise<ImageSample> {
  const { side, count, seed } = options;
  const chosen = chooseEvenly(dataset.train, dataset.classes.length, count, seed);
  const size = imageBytes(side);
  const memory = new SharedArrayBuffer(chosen.length * size);
  const sizes = new Int32Array(new SharedArrayBuffer(chosen.length * 8));
  const region = { side, memory, inMemory: chosen.length, fd: -1, fileOffset: 0 };
  const damage = await decodeInto({ regions: [region], sizes }, [chosen.map((item) => item.path)], options);
  const broken = new Set(damage.map((d) => d.slot));
  const kept = chosen.map((_item, slot) => slot).filter((slot) => !broken.has(slot));
  if (kept.length === 0) {
    throw new InputError(
      `None of ${chosen.length} sampled images of ${dataset.name} can be decoded, for instance: ${damage[0]?.reason}.`,
      'Check that the files are images: JPEG, PNG, WebP, GIF, TIFF or AVIF.',
    );
  }
  const all = new Uint8Array(memory);
  const images = new Uint8Array(kept.length * size);
  kept.forEach((slot, row) => {
    images.set(all.subarray(slot * size, (slot + 1) * size), row * size);
  });
  const originalSizes = Int32Array.from(kept.flatMap((slot) => [sizes[2 * slot] ?? 0, sizes[2 * slot + 1] ?? 0]));
  const grey = kept.filter((_slot, row) => isGrey(images.subarray(row * size, (row + 1) * size)));
  return {
    side,
    count: kept.length,
    images,
    labels: Int32Array.from(kept, (slot) => chosen[slot]?.label ?? 0),
    originalSizes,
    resolution: medianShorterSide(originalSizes),
    grayShare: grey.length / kept.length,
    damaged: damage.length,
  };
}

/** Round after round one image of each class, in random order, until there are enough. */
function chooseEvenly(items: readonly Item[], classCount: number, count: number, seed: number): Item[] {
  const rng = createRng(deriveSeed(seed, 'sample'));
  const byLabel: Item[][] = Array.from({ length: classCount }, () => []);
  for (const item of rng.shuffle(items)) byLabel[item.label]?.push(item);
  const chosen: Item[] = [];
  for (let round = 0; chosen.length < Math.min(count, items.length); round++) {
    const ofRound = byLabel.flatMap((list) => list.slice(round, round + 1));
    const left = count - chosen.length;
    chosen.push(...(ofRound.length > left ? rng.shuffle(ofRound).slice(0, left) : ofRound));
  }
  return chosen;
}

/** JPEG's colour conversion may leave a difference of one or two in a grey pixel. */
const greyTolerance = 2;

function isGrey(pixels: Uint8Array): boolean {
  for (let i = 0; i + 2 < pixels.length; i += 3) {
    const [r = 0, g = 0, b = 0] = [pixels[i], pixels[i + 1], pixels[i + 2]];
    if (Math.abs(r - g) > greyTolerance || Math.abs(g - b) > greyTolerance) return false;
  }
  return true;
}

function medianShorterSide(sizes: Int32Array): number {
  const sides: number[] = [];
  for (let i = 0; i < sizes.length; i += 2) sides.push(Math.min(sizes[i] ?? 0, sizes[i + 1] ?? 0));
  sides.sort((a, b) => a - b);
  return sides[Math.floor(sides.length / 2)] ?? 0;
}
