import { describe, expect, test } from '@jest/globals';
import { createRng } from '../../src/lib/rng.ts';
import { type RidgeProblem, ridge } from '../../src/train/ridge.ts';

function aProblem(n: number, d: number, strengths: readonly number[]): RidgeProblem {
  const rng = createRng(n);
  const values = (count: number): Float32Array => Float32Array.from({ length: count }, () => rng.normal());
  return { rows: values(n * d), n, d, targets: values(n * 2), k: 2, strengths };
}

const meanSquare = ({ rows, n }: RidgeProblem): number => rows.reduce((sum, x) => sum + x * x, 0) / n;

/** Without the row, and as strong as with it. */
function without({ rows, targets, n, d, k, strengths }: RidgeProblem, row: number): RidgeProblem {
  const rest = (values: Float32Array, width: number): Float32Array =>
    values.filter((_, at) => Math.floor(at / width) !== row);
  const left = { rows: rest(rows, d), targets: rest(targets, k), n: n - 1, d, k, strengths };
  const factor = meanSquare({ rows, targets, n, d, k, strengths }) / meanSquare(left);
  return { ...left, strengths: strengths.map((strength) => strength * factor) };
}

const predicted = (weights: Float32Array, { rows, d, k }: RidgeProblem, row: number): readonly number[] =>
  Array.from({ length: k }, (_, target) =>
    Array.from({ length: d }, (_, j) => (rows[row * d + j] as number) * (weights[j * k + target] as number)).reduce(
      (sum, x) => sum + x,
    ),
  );

describe('ridge regression', () => {
  test.each([
    ['fewer rows than features', 7, 12],
    ['more rows than features', 14, 5],
    ['one more row than features', 9, 8],
  ])('with %s says what regressions say that were fitted without the row', async (_, n, d) => {
    const problem = aProblem(n, d, [0.02, 1]);
    const solutions = await ridge(problem);
    for (let row = 0; row < n; row++) {
      const left = await ridge(without(problem, row));
      solutions.forEach(({ leftOut }, i) => {
        const expected = predicted(left[i]?.weights as Float32Array, problem, row);
        expected.forEach((value, target) => {
          expect(leftOut[row * problem.k + target]).toBeCloseTo(value, 4);
        });
      });
    }
  });

  test('of a large strength says nothing, of a small one what it was told', async () => {
    const problem = aProblem(6, 30, [1e6, 1e-7]);
    const [faint, exact] = await ridge(problem);
    expect(Math.max(...(faint?.weights ?? []).map(Math.abs))).toBeLessThan(1e-4);
    const [first, second] = predicted(exact?.weights as Float32Array, problem, 3);
    expect(first).toBeCloseTo(problem.targets[6] as number, 3);
    expect(second).toBeCloseTo(problem.targets[7] as number, 3);
  });
});
