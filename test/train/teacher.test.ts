import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { networkOf } from '../../src/nas/families/table.ts';
import { accuracyOf } from '../../src/train/metrics.ts';
import { type Answers, answersTo, softened, teacherSize } from '../../src/train/teacher.ts';
import { type SmallRuns, smallRuns } from '../support/small-run.ts';
import { randomWeights, testMembers } from '../support/zoo.ts';

let small: SmallRuns;
beforeAll(async () => {
  small = await smallRuns();
});
afterAll(() => small.close());

/** Of random weights, whose features tell colours apart all the same. */
function answers(over: { fittedImages?: number; signal?: AbortSignal } = {}, told: number[] = []): Promise<Answers> {
  const network = networkOf(testMembers.square, { classes: 4 });
  const teacher = { network, weights: randomWeights(network, 5), nativeSize: 32 };
  const options = { signal: new AbortController().signal, onProgress: (done: number) => told.push(done), ...over };
  return answersTo(small.store, teacher, options);
}

describe('a teacher', () => {
  test.each<[string, number | undefined]>([
    ['all of them', undefined],
    ['half of them, whatever the others are', 18],
  ])('answers to every image, with a head fitted to %s', async (_name, fittedImages) => {
    const told: number[] = [];
    const { train } = small.store;
    const { shares, classes } = await answers(fittedImages === undefined ? {} : { fittedImages }, told);
    expect(classes).toBe(4);
    expect(shares).toHaveLength(4 * train.count);
    for (let row = 0; row < train.count; row++) {
      const own = shares.subarray(4 * row, 4 * row + 4);
      expect(own.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
    }
    expect(accuracyOf(shares, train.labels, 4)).toBeGreaterThan(0.7);
    expect(told.at(-1)).toBe(train.count);
  });

  test('answers alike each time', async () => {
    expect(await answers()).toEqual(await answers());
  });

  test('ends with the reason of its signal', async () => {
    const reason = new Error('told to end');
    await expect(answers({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test('softens the targets of the rows of a batch and leaves its buffers alone', () => {
    const targets = Float32Array.from([1, 0, 0, 1]);
    const shares = Float32Array.from([0.5, 0.5, 0.9, 0.1, 0.2, 0.8]);
    const soft = softened(targets, Int32Array.from([2, 0]), { classes: 2, shares });
    expect([...soft].map((share) => Number(share.toFixed(4)))).toEqual([0.6, 0.4, 0.25, 0.75]);
    expect([...targets]).toEqual([1, 0, 0, 1]);
  });

  test.each([
    ['images enlarged to what it can read', 260, 64, 160],
    ['large images at its native size', 224, 256, 224],
    ['the smallest images at a size that networks take', 260, 8, 32],
  ])('looks at %s', (_name, nativeSize, side, size) => {
    expect(teacherSize(nativeSize, side)).toBe(size);
  });
});

test('a training that is taught goes other ways than one by labels alone', async () => {
  const taught = await answers();
  const [plain, other] = [await small.run({}), await small.run({}, { answers: taught })];
  expect(other.logits).not.toEqual(plain.logits);
  // to the bit as the labels where the teacher says the same as they do
  const labels = new Float32Array(4 * small.store.train.count);
  small.store.train.labels.forEach((label, row) => {
    labels[4 * row + label] = 1;
  });
  expect((await small.run({}, { answers: { classes: 4, shares: labels } })).logits).toEqual(plain.logits);
});
