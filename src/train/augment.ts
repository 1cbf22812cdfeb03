import type { Rng } from '../lib/rng.ts';
import type { AugmentationLevel } from '../planner/types.ts';
import { type Colour, createResampler, type Window } from './resample.ts';

/** What one level of augmentation draws for each image. */
interface Recipe {
  /** Probability of mirroring left and right. */
  readonly flip: number;
  /** Largest move of the whole picture, as a share of its side; its mirrored edge fills the gap. */
  readonly shift: number;
  /** Area of the crop as a share of the picture, least and most; 1 takes the whole. */
  readonly area: readonly [number, number];
  /** Most that the crop's width may exceed its height, as a factor, and the reverse. */
  readonly aspect: number;
  /** Factors are drawn from 1 - x to 1 + x. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** Probability of covering a rectangle. */
  readonly erase: number;
}

/** The levels: crops after Szegedy et al. 2015, erasing after Zhong et al. 2020. */
export const augmentations = {
  none: { flip: 0, shift: 0, area: [1, 1], aspect: 1, brightness: 0, contrast: 0, saturation: 0, erase: 0 },
  light: { flip: 0.5, shift: 0.125, area: [1, 1], aspect: 1, brightness: 0, contrast: 0, saturation: 0, erase: 0 },
  medium: {
    flip: 0.5,
    shift: 0,
    area: [0.5, 1],
    aspect: 4 / 3,
    brightness: 0.15,
    contrast: 0.15,
    saturation: 0.15,
    erase: 0,
  },
  strong: {
    flip: 0.5,
    shift: 0,
    area: [0.25, 1],
    aspect: 4 / 3,
    brightness: 0.4,
    contrast: 0.4,
    saturation: 0.4,
    erase: 0.25,
  },
} as const satisfies Record<AugmentationLevel, Recipe>;

/**
 * The side at which training images should be stored, in pixels: a margin over the input keeps crops sharp, but neither
 * more than the pictures have (`resolution`, median of their shorter sides) nor any where nothing is cropped.
 */
export function trainingSide(
  inputSize: number,
  level: AugmentationLevel,
  resolution = Number.POSITIVE_INFINITY,
): number {
  const isCropped = augmentations[level].area[0] < 1;
  return isCropped ? Math.min(Math.round(inputSize * 1.15), Math.max(inputSize, Math.round(resolution))) : inputSize;
}

/** Writes one augmented image: bytes HWC at `sourceOffset` in, integers HWC at `targetOffset` out. */
export type Augment = (
  source: Uint8Array,
  sourceOffset: number,
  target: Int32Array,
  targetOffset: number,
  rng: Rng,
) => void;

/**
 * An augmentation of square images from one side to another (pixels). Equal numbers from `rng` give equal images.
 * The buffers that every image would need anew live in the closure.
 */
export function createAugment(level: AugmentationLevel, sourceSide: number, targetSide: number): Augment {
  const recipe: Recipe = augmentations[level];
  const resample = createResampler(sourceSide, targetSide);
  const changesColour = recipe.brightness > 0 || recipe.contrast > 0 || recipe.saturation > 0;
  return (source, sourceOffset, target, targetOffset, rng) => {
    const window = drawWindow(recipe, sourceSide, rng);
    const isMirrored = recipe.flip > 0 && rng.next() < recipe.flip;
    const colour = changesColour ? drawColour(recipe, source, sourceOffset, sourceSide, window, rng) : undefined;
    resample(source, sourceOffset, target, targetOffset, window, isMirrored, colour);
    if (recipe.erase > 0 && rng.next() < recipe.erase) erase(target, targetOffset, targetSide, rng);
  };
}

const between = (low: number, high: number, rng: Rng): number => low + (high - low) * rng.next();

function drawWindow({ area, aspect, shift }: Recipe, side: number, rng: Rng): Window {
  if (area[0] === 1) {
    // whole pixels, so that a moved picture stays as sharp as the original
    const move = (): number => (shift === 0 ? 0 : Math.round(between(-shift, shift, rng) * side));
    return { x: move(), y: move(), width: side, height: side };
  }
  const share = between(area[0], area[1], rng);
  const ratio = Math.sqrt(Math.exp(between(-Math.log(aspect), Math.log(aspect), rng)));
  const width = Math.min(1, Math.sqrt(share) * ratio) * side;
  const height = Math.min(1, Math.sqrt(share) / ratio) * side;
  return { x: rng.next() * (side - width), y: rng.next() * (side - height), width, height };
}

function drawColour(
  recipe: Recipe,
  source: Uint8Array,
  offset: number,
  side: number,
  window: Window,
  rng: Rng,
): Colour {
  const factor = (x: number): number => between(1 - x, 1 + x, rng);
  const brightness = factor(recipe.brightness);
  const contrast = factor(recipe.contrast);
  const saturation = factor(recipe.saturation);
  const gain = brightness * contrast;
  const mean = meanGrey(source, offset, side, window);
  return { own: saturation * gain, gray: (1 - saturation) * gain, bias: mean * brightness * (1 - contrast) };
}

/** Contrast turns about the picture's mean; an 8 x 8 grid of the shown part estimates it well enough. */
function meanGrey(source: Uint8Array, offset: number, side: number, { x, y, width, height }: Window): number {
  const grid = 8;
  let sum = 0;
  for (let i = 0; i < grid; i++) {
    const row = Math.min(side - 1, Math.floor(y + ((i + 0.5) * height) / grid));
    for (let j = 0; j < grid; j++) {
      const at = offset + 3 * (row * side + Math.min(side - 1, Math.floor(x + ((j + 0.5) * width) / grid)));
      sum += 0.299 * (source[at] as number) + 0.587 * (source[at + 1] as number) + 0.114 * (source[at + 2] as number);
    }
  }
  return sum / (grid * grid);
}

/** Covers a rectangle of 2 to 20 % of the picture with one random colour. */
function erase(target: Int32Array, offset: number, side: number, rng: Rng): void {
  const area = between(0.02, 0.2, rng) * side * side;
  const ratio = Math.sqrt(Math.exp(between(-Math.log(3), Math.log(3), rng)));
  const width = Math.max(1, Math.min(side, Math.round(Math.sqrt(area) * ratio)));
  const height = Math.max(1, Math.min(side, Math.round(Math.sqrt(area) / ratio)));
  const left = rng.int(side - width + 1);
  const top = rng.int(side - height + 1);
  const [r, g, b] = [rng.int(256), rng.int(256), rng.int(256)];
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) {
      const at = offset + 3 * (y * side + x);
      target[at] = r;
      target[at + 1] = g;
      target[at + 2] = b;
    }
  }
}
