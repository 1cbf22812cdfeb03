import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRng, type Rng } from '../../src/lib/rng.ts';
import { logMe, nearestMeanAccuracy } from '../../src/planner/separability.ts';
import { processorSeconds } from '../support/processor-time.ts';

interface Cloud {
  readonly features: Float32Array;
  readonly labels: number[];
  readonly n: number;
  readonly d: number;
  readonly classes: number;
}

/** Gaussian classes whose centres lie `distance` deviations from the origin. */
function cloud(rng: Rng, n: number, d: number, classes: number, distance: number): Cloud {
  const centres = Array.from({ length: classes * d }, () => (distance * rng.normal()) / Math.sqrt(d));
  const labels = Array.from({ length: n }, (_, i) => i % classes);
  const features = Float32Array.from({ length: n * d }, (_, at) => {
    const label = labels[Math.floor(at / d)] as number;
    return rng.normal() / Math.sqrt(d) + (centres[label * d + (at % d)] as number);
  });
  return { features, labels, n, d, classes };
}

const scores = {
  logMe: (c: Cloud) => logMe(c.features, c.n, c.d, c.labels, c.classes),
  nearestMeanAccuracy: (c: Cloud) => nearestMeanAccuracy(c.features, c.n, c.d, c.labels, c.classes),
};

const clouds = fc
  .record({
    seed: fc.integer(),
    n: fc.integer({ min: 20, max: 60 }),
    d: fc.integer({ min: 2, max: 80 }),
    classes: fc.integer({ min: 2, max: 5 }),
    distance: fc.double({ min: 0, max: 4, noNaN: true }),
  })
  .map(({ seed, n, d, classes, distance }) => cloud(createRng(seed), n, d, classes, distance));

describe.each(Object.entries(scores))('%s', (name, score) => {
  test('separable clouds score higher than the same clouds with shuffled labels', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 4, max: 100 }), (seed, d) => {
        const rng = createRng(seed);
        const separable = cloud(rng, 60, d, 3, 4);
        expect(score(separable)).toBeGreaterThan(score({ ...separable, labels: rng.shuffle(separable.labels) }));
      }),
      { numRuns: 30 },
    );
  });

  test('rises with the distance of the classes', () => {
    const at = [0, 0.7, 1.5, 4].map((distance) => score(cloud(createRng(5), 240, 32, 4, distance)));
    expect(at).toEqual(at.toSorted((a, b) => a - b));
  });

  test('neither the order of the samples nor the names of the classes matter', () => {
    fc.assert(
      fc.property(clouds, fc.integer(), (c, seed) => {
        const rng = createRng(seed);
        const order = rng.shuffle([...c.labels.keys()]);
        const names = rng.shuffle(Array.from({ length: c.classes }, (_, i) => i));
        const shuffled: Cloud = {
          ...c,
          features: Float32Array.from(order.flatMap((i) => [...c.features.subarray(i * c.d, (i + 1) * c.d)])),
          labels: order.map((i) => names[c.labels[i] as number] as number),
        };
        expect(score(shuffled)).toBeCloseTo(score(c), 4);
      }),
      { numRuns: 30 },
    );
  });

  test('neither the scale nor a rotation of the features matters', () => {
    fc.assert(
      fc.property(clouds, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (c, scale) => {
        const turned = c.features.map((v) => v * scale);
        for (let i = 0; i < c.n; i++) {
          const [x, y] = [turned[i * c.d] as number, turned[i * c.d + 1] as number];
          [turned[i * c.d], turned[i * c.d + 1]] = [0.6 * x - 0.8 * y, 0.8 * x + 0.6 * y];
        }
        expect(score({ ...c, features: turned })).toBeCloseTo(score(c), 3);
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    ['features are all zero', cloud(createRng(1), 20, 5, 2, 0).features.fill(0)],
    ['features are not numbers', cloud(createRng(1), 20, 5, 2, 0).features.fill(Number.NaN)],
    ['features are all the same', cloud(createRng(1), 20, 5, 2, 0).features.fill(3)],
  ])('is finite where %s', (_, features) => {
    const labels = Array.from({ length: 20 }, (_, i) => i % 2);
    expect(Number.isFinite(score({ features, labels, n: 20, d: 5, classes: 2 }))).toBe(true);
  });

  test('a perfect separation and an empty sample are finite too', () => {
    const labels = Array.from({ length: 30 }, (_, i) => i % 3);
    const features = Float32Array.from({ length: 90 }, (_, at) => Number(at % 3 === Math.floor(at / 3) % 3));
    expect(Number.isFinite(score({ features, labels, n: 30, d: 3, classes: 3 }))).toBe(true);
    expect(score({ features: new Float32Array(0), labels: [], n: 0, d: 0, classes: 0 })).toBe(0);
    expect(name).toBeTruthy();
  });
});

describe('logMe', () => {
  test('is the largest evidence over all precisions, by a search with the textbook formula', () => {
    const c = cloud(createRng(11), 40, 3, 2, 1.5);
    let total = 0;
    for (let k = 0; k < c.classes; k++) {
      const y = c.labels.map((l) => Number(l === k));
      let best = Number.NEGATIVE_INFINITY;
      for (let a = -6; a <= 8; a += 0.05) {
        for (let b = -2; b <= 6; b += 0.05) best = Math.max(best, evidence(c, y, Math.exp(a), Math.exp(b)));
      }
      total += best / c.n;
    }
    expect(logMe(c.features, c.n, c.d, c.labels, c.classes)).toBeCloseTo(total / c.classes, 3);
  });

  test('a sample of 512 with 400 features of 100 classes takes a fraction of a second', () => {
    const c = cloud(createRng(2), 512, 400, 100, 1);
    expect(processorSeconds(() => logMe(c.features, c.n, c.d, c.labels, c.classes))).toBeLessThan(1);
  });
});

/** Log evidence of a Bayesian linear model with 3 features (Bishop, Pattern Recognition, eq. 3.86). */
function evidence(c: Cloud, y: readonly number[], alpha: number, beta: number): number {
  const { features: f, n } = c;
  const a = [0, 1, 2].map((i) =>
    [0, 1, 2].map((j) => {
      let sum = i === j ? alpha : 0;
      for (let r = 0; r < n; r++) sum += beta * (f[r * 3 + i] as number) * (f[r * 3 + j] as number);
      return sum;
    }),
  ) as [Row, Row, Row];
  const rhs = [0, 1, 2].map((i) => y.reduce((sum, v, r) => sum + beta * v * (f[r * 3 + i] as number), 0)) as Row;
  const det = determinant(a);
  const m = [0, 1, 2].map(
    (i) => determinant(a.map((row, r) => row.with(i, rhs[r] as number)) as [Row, Row, Row]) / det,
  );
  let residual = 0;
  for (let r = 0; r < n; r++) {
    const fit = m.reduce((sum, w, i) => sum + w * (f[r * 3 + i] as number), 0);
    residual += ((y[r] as number) - fit) ** 2;
  }
  const weights = m.reduce((sum, w) => sum + w * w, 0);
  return (
    1.5 * Math.log(alpha) +
    (n / 2) * Math.log(beta / (2 * Math.PI)) -
    (beta * residual) / 2 -
    (alpha * weights) / 2 -
    Math.log(det) / 2
  );
}

type Row = [number, number, number];

const determinant = ([p, q, r]: readonly [Row, Row, Row]): number =>
  p[0] * (q[1] * r[2] - q[2] * r[1]) - p[1] * (q[0] * r[2] - q[2] * r[0]) + p[2] * (q[0] * r[1] - q[1] * r[0]);
