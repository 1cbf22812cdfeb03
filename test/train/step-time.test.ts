import { expect, test } from '@jest/globals';
import { networkOf } from '../../src/nas/families/table.ts';
import { memberPoints } from '../../src/train/step-time.ts';

const points = (encoding: string, nativeSize: number, largestBatch?: number): readonly string[] =>
  memberPoints(networkOf(encoding, { classes: 10 }), nativeSize, largestBatch).map(
    ({ inputSize, batchSize, frozenStages, cachedFeatures }) =>
      `${inputSize} px, ${batchSize} images, ${frozenStages} frozen${cachedFeatures ? ', cached' : ''}`,
  );

test('a member is measured at every size and batch, and with frozen stages at its own size', () => {
  expect(points('011-_16_-2-21@2', 64)).toEqual([
    '32 px, 16 images, 0 frozen',
    '32 px, 64 images, 0 frozen',
    '64 px, 16 images, 0 frozen',
    '64 px, 64 images, 0 frozen',
    '96 px, 16 images, 0 frozen',
    '96 px, 64 images, 0 frozen',
    ...[1, 2, 3].flatMap((k) => [`64 px, 64 images, ${k} frozen`, `64 px, 64 images, ${k} frozen, cached`]),
  ]);
});

test('where memory is scarce no batch is larger than fits', () => {
  expect(points('011-_16_-2-21@2', 64, 16)).not.toContainEqual(expect.stringContaining('64 images'));
});

test('a network of large images is measured at the sizes that plans give it, the largest with no large batches, and frozen stages at two of them', () => {
  expect(points('011-_16_-2-21@2', 224)).toEqual([
    '64 px, 16 images, 0 frozen',
    '64 px, 64 images, 0 frozen',
    '96 px, 16 images, 0 frozen',
    '96 px, 64 images, 0 frozen',
    '128 px, 32 images, 0 frozen',
    '224 px, 32 images, 0 frozen',
    ...['224 px, 32 images', '96 px, 64 images'].flatMap((place) =>
      [1, 2, 3].flatMap((k) => [`${place}, ${k} frozen`, `${place}, ${k} frozen, cached`]),
    ),
  ]);
});
