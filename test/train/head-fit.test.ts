import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRng } from '../../src/lib/rng.ts';
import { type FittedHead, fitHead, type LabelledFeatures } from '../../src/train/head-fit.ts';

interface Options {
  readonly n?: number;
  readonly d?: number;
  readonly classes?: number;
  /** Distance of the classes' centres over the spread about them. */
  readonly apart?: number;
}

/** Rows about one centre a class, far from the origin; the same centres for every `draw`. */
function aSample(seed: number, { n = 120, d = 40, classes = 5, apart = 1 }: Options = {}, draw = 0): LabelledFeatures {
  const ofCentres = createRng(seed);
  const centres = Array.from({ length: classes * d }, () => 3 + apart * ofCentres.normal());
  const rng = createRng(1000 * (seed + 1) + draw);
  const labels = Int32Array.from({ length: n }, (_, i) => i % classes);
  const features = Float32Array.from({ length: n * d }, (_, at) => {
    const label = labels[Math.floor(at / d)] as number;
    return (centres[label * d + (at % d)] as number) + rng.normal();
  });
  return { features, n, d, labels, classes };
}

function logitsOf({ weight, bias }: FittedHead, { features, n, d, classes }: LabelledFeatures): readonly number[][] {
  return Array.from({ length: n }, (_, row) =>
    Array.from({ length: classes }, (_, label) => {
      let sum = bias[label] as number;
      for (let j = 0; j < d; j++) sum += (weight[label * d + j] as number) * (features[row * d + j] as number);
      return sum;
    }),
  );
}

const accuracyOf = (head: FittedHead, sample: LabelledFeatures): number =>
  logitsOf(head, sample).filter((row, i) => row.indexOf(Math.max(...row)) === sample.labels[i]).length / sample.n;

const crossEntropyOf = (head: FittedHead, sample: LabelledFeatures): number =>
  crossEntropy(logitsOf(head, sample), sample.labels);

function crossEntropy(logits: readonly number[][], labels: ArrayLike<number>): number {
  const losses = logits.map((row, i) => {
    const most = Math.max(...row);
    const total = row.reduce((sum, x) => sum + Math.exp(x - most), 0);
    return most + Math.log(total) - (row[labels[i] as number] as number);
  });
  return losses.reduce((sum, loss) => sum + loss / logits.length, 0);
}

describe('a fitted head', () => {
  test.each<[string, Options]>([
    ['fewer images than features', { n: 30, d: 60 }],
    ['more images than features', { n: 300, d: 20 }],
    ['two classes', { classes: 2 }],
    ['a class without images', { n: 4, classes: 5 }],
  ])('tells images apart that it has not seen, with %s', async (_, options) => {
    const known = aSample(1, options);
    const head = await fitHead(known);
    const seen = Math.min(known.n, known.classes);
    const fresh = aSample(1, { ...options, n: 200 }, 1);
    const ofSeen = Array.from(fresh.labels).filter((label) => label < seen).length / fresh.n;
    expect(accuracyOf(head, fresh)).toBeGreaterThan(0.9 * ofSeen);
  });

  test('is sure of itself as far as it is right', async () => {
    const guesses: number[] = [];
    for (const apart of [0, 0.1, 0.3]) {
      const head = await fitHead(aSample(2, { apart, n: 200 }));
      guesses.push(crossEntropyOf(head, aSample(2, { apart, n: 500 }, 1)));
    }
    // never much worse than saying nothing, and better the more there is to say
    expect(guesses[0]).toBeLessThan(1.05 * Math.log(5));
    expect(guesses[1]).toBeLessThan(guesses[0] as number);
    expect(guesses[2]).toBeLessThan(0.85 * Math.log(5));
  });

  test('answers to its own rows as sure, and as often right, as to rows that it has not seen', async () => {
    const options = { n: 120, d: 100, apart: 0.4 };
    const known = aSample(4, options);
    const head = await fitHead(known);
    const fresh = aSample(4, { ...options, n: 2000 }, 1);
    const rows = Array.from({ length: known.n }, (_, i) => [...head.leftOut.subarray(5 * i, 5 * i + 5)]);
    const right = rows.filter((row, i) => row.indexOf(Math.max(...row)) === known.labels[i]).length / known.n;
    // a standard error of 120 rows is 4 %
    expect(Math.abs(right - accuracyOf(head, fresh))).toBeLessThan(0.12);
    expect(accuracyOf(head, known)).toBeGreaterThan(right);
    expect(crossEntropyOf(head, known)).toBeLessThan(crossEntropy(rows, known.labels));
    expect(Math.abs(crossEntropy(rows, known.labels) - crossEntropyOf(head, fresh))).toBeLessThan(0.2);
  });

  test('is finite whatever the features', async () => {
    const values = fc.array(fc.float({ noNaN: true, min: -1e4, max: 1e4 }), { minLength: 24, maxLength: 24 });
    await fc.assert(
      fc.asyncProperty(values, async (given) => {
        const sample = { features: Float32Array.from(given), n: 6, d: 4, labels: [0, 1, 2, 0, 1, 2], classes: 3 };
        const { weight, bias } = await fitHead(sample);
        expect([...weight, ...bias].every(Number.isFinite)).toBe(true);
      }),
    );
  });

  test('of features that are all alike says what the classes shares are', async () => {
    const labels = [0, 0, 0, 1];
    const head = await fitHead({ features: new Float32Array(8).fill(2), n: 4, d: 2, labels, classes: 2 });
    const [row] = logitsOf(head, { features: Float32Array.of(2, 2), n: 1, d: 2, labels: [0], classes: 2 });
    expect((row?.[0] ?? 0) - (row?.[1] ?? 0)).toBeGreaterThan(0);
  });
});
