import { expect, test } from '@jest/globals';
import { networkOf } from '../../src/nas/families/table.ts';
import { openForAnswers } from '../../src/train/evaluate-on.ts';
import { pretrainingRegime, proxyRegime } from '../../src/train/pretraining.ts';
import { memberPoints } from '../../src/train/step-time.ts';
import { taughtSource } from '../../src/train/teacher.ts';
import { randomWeights } from '../support/zoo.ts';

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

test('a teacher softens the labels of a batch and leaves its own buffers alone', async () => {
  const network = networkOf('0-_8_-2', { classes: 4 });
  const teacher = await openForAnswers(network, randomWeights(network, 1), 32);
  try {
    const targets = Float32Array.from([1, 0, 0, 0, 0, 0, 1, 0]);
    const data = new Int32Array(2 * 32 * 32 * 3).map((_, i) => (i * 31) % 256);
    const batch = { data, targets };
    const taught = await taughtSource({ next: async () => batch, waitedSeconds: 1.5 }, teacher).next();
    const rows = [0, 4].map((at) => [...(taught?.targets.subarray(at, at + 4) ?? [])]);
    for (const row of rows) expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    expect(rows.map((row) => row.indexOf(Math.max(...row)))).toEqual([0, 2]);
    expect(rows.every((row) => row.every((share) => share > 0 && share < 1))).toBe(true);
    expect([...targets]).toEqual([1, 0, 0, 0, 0, 0, 1, 0]);
  } finally {
    teacher.close();
  }
});
