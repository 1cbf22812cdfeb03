import { expect, test } from '@jest/globals';
import { networkOf } from '../../src/nas/families/table.ts';
import { pretrainingRegime, proxyRegime } from '../../src/train/pretraining.ts';
import { memberPoints } from '../../src/train/step-time.ts';

test.each([
  ['as many whole batches as the images give', 1000, 3, { batchSize: 64, steps: 45 }],
  ['one batch of all where they are few', 20, 3, { batchSize: 20, steps: 3 }],
])('a pre-training runs %s', (_what, images, epochs, regime) => {
  expect(pretrainingRegime({ inputSize: 64, images, epochs })).toMatchObject(regime);
});

test.each([
  ['the same number of steps for each large data set', 1e6, 800],
  ['twenty epochs of a small one', 128, 40],
])('a proxy training runs %s', (_what, images, steps) => {
  expect(proxyRegime(images)).toMatchObject({ inputSize: 64, steps });
});

test.each<[string, string, number, number | undefined, number]>([
  ['every size and batch, and each stage with images and from a cache', '0-_8_-2', 64, undefined, 6 + 4],
  ['small batches alone where memory is scarce', '0-_8_-2', 64, 16, 3 + 4],
  ['no size that is too small for the network', '0-_16_-1-1-1-1', 64, undefined, 4 + 10],
])('of a member is measured: %s', (_what, encoding, nativeSize, largestBatch, count) => {
  const points = memberPoints(networkOf(encoding, { classes: 4 }), nativeSize, largestBatch);
  expect(points).toHaveLength(count);
  expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(count);
});
