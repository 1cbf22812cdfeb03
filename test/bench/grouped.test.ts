import { expect, test } from '@jest/globals';
import { allCases, type Case } from '../../bench/grouped/cases.ts';
import { measure } from '../../bench/grouped/measure.ts';
import { claimsOf, rowOf } from '../../bench/grouped/report.ts';

const aCase = (changes: Partial<Case> = {}): Case => ({
  ...{ batch: 2, size: 5, channels: 8, groups: 2, stride: 1, precision: 'fp32' },
  ...changes,
});

test.each([1, 2])('the forms are one operation at stride %d, or they would not be timed', async (stride) => {
  const timed = await measure(aCase({ stride }), { warmUpSteps: 1, rounds: 1, stepsPerRound: 1 });
  // whether the native kernels have gradients depends on the processor
  const time: unknown = expect.any(Number);
  expect(timed).toEqual({ engine: time, split: time, block: time, native: timed.native });
});

test('every case is grouped, and its channels fill the groups', () => {
  const cases = allCases(true);
  expect(cases.length).toBeGreaterThan(60);
  for (const { channels, groups } of cases) {
    expect(groups).toBeGreaterThan(1);
    expect(channels % groups).toBe(0);
  }
});

test('a row names the quickest form, and one without kernels stays empty', () => {
  const row = rowOf(aCase(), { engine: 3, split: 3, native: null, block: 2 });
  expect(row).toMatchObject({ engineMs: 3, splitMs: 3, nativeMs: null, blockMs: 2, fastest: 'block', ratio: 1.5 });
});

test('a claim looks only at where the other form runs', () => {
  const claims = claimsOf([
    { engine: 1, split: 1, block: 1, native: 2 },
    { engine: 3, split: 3, block: 1, native: null },
  ]);
  expect(claims.map(({ value, holds }) => [Number(value.toFixed(4)), holds])).toEqual([
    [1, true],
    [1.7321, false],
    [0.5, true],
  ]);
});
