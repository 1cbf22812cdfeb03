import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { logit } from '../../../src/planner/logit.ts';
import { Errors } from '../../../src/planner/predictors/errors.ts';

const coverage = 0.8;
/** Half the width of the interval around even odds, in log odds. */
const halfOf = (errors: Errors): number => logit(errors.interval(0, 0, coverage).high);

const heldOut = (...errors: readonly (readonly number[])[]): Errors => {
  const made = new Errors();
  made.replace(errors);
  return made;
};

const many = (error: number, count = 40): readonly number[] => Array.from({ length: count }, () => error);

describe('the half of an interval', () => {
  test.each<[string, Errors, number]>([
    ['of data sets that are alike is their error', heldOut(many(0.3), many(0.3), many(0.3)), 0.3],
    [
      'goes by data sets and not by runs',
      heldOut(many(0.1, 500), [0.9], [0.8], [0.9], [0.9], [0.9], [0.9], [0.9]),
      0.9,
    ],
    ['leaves out one data set in ten', heldOut(...Array.from({ length: 9 }, () => many(0.2)), many(3)), 0.2],
    ['passes over data sets without runs', heldOut([], many(0.3), []), 0.3],
  ])('%s', (_name, errors, half) => {
    expect(halfOf(errors)).toBeCloseTo(half, 6);
  });

  test('is the conformal rank of errors that come one by one', () => {
    const errors = new Errors();
    const seen = Array.from({ length: 40 }, (_, i) => ((i * 7) % 40) / 40);
    for (const error of seen) errors.add(error, 0);
    expect(halfOf(errors)).toBeCloseTo(seen.toSorted((a, b) => a - b)[Math.ceil(41 * coverage) - 1] ?? 0, 6);
  });

  test('moves towards the errors of the data sets that come', () => {
    const errors = heldOut(...Array.from({ length: 5 }, () => many(0.2)));
    const before = halfOf(errors);
    for (let i = 0; i < 5; i++) errors.add(1.5, 0);
    expect([before, halfOf(errors)]).toEqual([expect.closeTo(0.2, 6), expect.closeTo(1.5, 6)]);
  });

  test('covers its share of whatever was held out, and is no error that nobody saw', () => {
    const errorsOfOne = fc.array(fc.double({ min: 0.01, max: 5, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      // enough of them for what is assumed at first to be forgotten
      fc.property(fc.array(errorsOfOne, { minLength: 27, maxLength: 60 }), (groups) => {
        const kept = heldOut(...groups).state();
        const half = halfOf(heldOut(...groups));
        const covered = kept.filter(([error]) => error <= half + 1e-6).reduce((sum, [, weight]) => sum + weight, 0);
        expect(covered / groups.length).toBeGreaterThanOrEqual(coverage - 1e-6);
        expect(groups.flat().some((error) => Math.abs(error - half) < 1e-6)).toBe(true);
      }),
    );
  });

  test('is remembered in a bounded state', () => {
    const errors = heldOut(...Array.from({ length: 10_000 }, (_, i) => many(i / 1e4, 3)));
    expect(errors.state().length).toBeLessThanOrEqual(200);
    expect(halfOf(new Errors(errors.state()))).toBe(halfOf(errors));
  });
});
