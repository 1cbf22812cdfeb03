import { logMe, nearestMeanAccuracy } from './separability.ts';
import type { DatasetFeatures } from './types.ts';

/** A few hundred training images, scaled to squares. */
export interface DatasetSample {
  /** RGB bytes, NHWC, `count * side * side * 3`. */
  readonly images: Uint8Array;
  /** Class of each image, 0 .. classes - 1. */
  readonly labels: ArrayLike<number>;
  readonly count: number;
  readonly side: number;
  /** Width and height in pixels of each image before scaling, `count * 2`. */
  readonly originalSizes: ArrayLike<number>;
}

/** Pooled features of the sample in the zoo's smallest member. */
export interface Embedding {
  /** [n, d] row-major, row i belongs to image i of the sample. */
  readonly features: Float32Array;
  readonly n: number;
  readonly d: number;
}

/** A pixel's channels differ by more than JPEG's chroma rounding does; an image is coloured when its mean spread does. */
const greySpread = 4;

/** What a plan is based on. `imagesPerClass` counts the training split, one entry a class. */
export function datasetFeatures(
  sample: DatasetSample,
  embedding: Embedding,
  imagesPerClass: readonly number[],
): DatasetFeatures {
  const classes = imagesPerClass.length;
  const images = imagesPerClass.reduce((a, b) => a + b, 0);
  const mean = classes === 0 ? 0 : images / classes;
  const variance = imagesPerClass.reduce((a, count) => a + (count - mean) ** 2, 0) / Math.max(1, classes);
  const { features, d } = embedding;
  const n = Math.min(embedding.n, sample.count);
  return {
    images,
    classes,
    imagesPerClassMean: mean,
    imagesPerClassDeviation: Math.sqrt(variance),
    resolution: median(shorterSides(sample)),
    ...pixelStatistics(sample),
    separability: logMe(features, n, d, sample.labels, classes),
    nearestMeanAccuracy: nearestMeanAccuracy(features, n, d, sample.labels, classes),
  };
}

const shorterSides = ({ originalSizes, count }: DatasetSample): readonly number[] =>
  Array.from({ length: count }, (_, i) => Math.min(originalSizes[2 * i] ?? 0, originalSizes[2 * i + 1] ?? 0));

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] as number;
  return sorted.length === 0 ? 0 : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

function pixelStatistics({ images, count, side }: DatasetSample) {
  const pixels = side * side;
  let [sum, sum2, coloured] = [0, 0, 0];
  for (let image = 0; image < count; image++) {
    let spread = 0;
    for (let at = image * pixels * 3; at < (image + 1) * pixels * 3; at += 3) {
      const [r, g, b] = [images[at] as number, images[at + 1] as number, images[at + 2] as number];
      sum += r + g + b;
      sum2 += r * r + g * g + b * b;
      spread += Math.max(r, g, b) - Math.min(r, g, b);
    }
    if (spread / pixels > greySpread) coloured++;
  }
  const values = Math.max(1, count * pixels * 3);
  const mean = sum / values;
  return {
    colourShare: coloured / Math.max(1, count),
    pixelMean: mean / 255,
    pixelDeviation: Math.sqrt(Math.max(0, sum2 / values - mean * mean)) / 255,
  };
}
