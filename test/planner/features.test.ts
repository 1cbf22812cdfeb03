import { describe, expect, test } from '@jest/globals';
import { type DatasetSample, datasetFeatures } from '../../src/planner/features.ts';

const side = 2;

/** A sample of plain-coloured images. */
const sampleOf = (
  colours: readonly (readonly [number, number, number])[],
  labels: readonly number[],
): DatasetSample => ({
  images: Uint8Array.from(colours.flatMap((rgb) => Array.from({ length: side * side }, () => rgb).flat())),
  labels,
  count: colours.length,
  side,
  originalSizes: colours.flatMap((_, i) => [100 + 10 * i, 300]),
});

const embeddingOf = (rows: readonly (readonly number[])[]) => ({
  features: Float32Array.from(rows.flat()),
  n: rows.length,
  d: rows[0]?.length ?? 0,
});

describe('datasetFeatures', () => {
  const colours = [
    [255, 0, 0],
    [0, 0, 0],
    [255, 255, 255],
    [120, 120, 121],
  ] as const;
  const embedding = embeddingOf([
    [1, 0],
    [0.9, 0.1],
    [0, 1],
    [0.1, 0.9],
  ]);
  const features = datasetFeatures(sampleOf(colours, [0, 0, 1, 1]), embedding, [30, 10]);

  test('counts come from the whole data set, not from the sample', () => {
    expect(features).toMatchObject({ images: 40, classes: 2, imagesPerClassMean: 20, imagesPerClassDeviation: 10 });
  });
  test('the resolution is the median of the shorter sides', () => expect(features.resolution).toBe(115));
  test('only images whose channels clearly differ are coloured', () => expect(features.colourShare).toBe(0.25));
  test('pixel statistics lie between 0 and 1', () => {
    expect(features.pixelMean).toBeCloseTo((85 + 0 + 255 + 120 + 1 / 3) / 4 / 255, 6);
    expect(features.pixelDeviation).toBeGreaterThan(0.3);
    expect(features.pixelDeviation).toBeLessThan(0.5);
  });
  test('classes that are apart in the features score above chance', () => {
    expect(features.nearestMeanAccuracy).toBeCloseTo(0.5, 6);
    const mixed = datasetFeatures(sampleOf(colours, [0, 1, 0, 1]), embedding, [30, 10]);
    expect(features.separability).toBeGreaterThan(mixed.separability);
  });
  test('an empty sample gives finite numbers', () => {
    const empty = datasetFeatures(sampleOf([], []), embeddingOf([]), [5, 5]);
    expect(Object.values(empty).every(Number.isFinite)).toBe(true);
  });
});
