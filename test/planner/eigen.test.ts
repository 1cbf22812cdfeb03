import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRng } from '../../src/lib/rng.ts';
import { eigenProject } from '../../src/planner/eigen.ts';

describe('eigenProject', () => {
  test('the projected identity diagonalises the matrix it came from', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 24 }), (seed, n, rank) => {
        const rng = createRng(seed);
        const factor = Float64Array.from({ length: n * rank }, () => rng.normal());
        const a = new Float64Array(n * n);
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            for (let r = 0; r < rank; r++) {
              a[i * n + j] =
                (a[i * n + j] as number) + (factor[i * rank + r] as number) * (factor[j * rank + r] as number);
            }
          }
        }
        const q = new Float64Array(n * n);
        for (let i = 0; i < n; i++) q[i * n + i] = 1;
        const eigenvalues = eigenProject(a.slice(), n, q, n);
        // q now holds Q^T: Q diag Q^T must give the matrix back
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            let sum = 0;
            for (let e = 0; e < n; e++) {
              sum += (q[e * n + i] as number) * (eigenvalues[e] as number) * (q[e * n + j] as number);
            }
            expect(sum).toBeCloseTo(a[i * n + j] as number, 8);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  test.each([
    ['a diagonal matrix', [3, 0, 0, 0, 1, 0, 0, 0, 2], [1, 2, 3]],
    ['equal eigenvalues', [2, 0, 0, 0, 2, 0, 0, 0, 2], [2, 2, 2]],
    ['the zero matrix', [0, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0]],
    ['a matrix of ones', [1, 1, 1, 1, 1, 1, 1, 1, 1], [0, 0, 3]],
  ])('%s', (_, matrix, wanted) => {
    const values = eigenProject(Float64Array.from(matrix), 3, new Float64Array(3), 1);
    expect([...values].sort((a, b) => a - b).map((v) => Math.round(v * 1e9) / 1e9 + 0)).toEqual(wanted);
  });
});
