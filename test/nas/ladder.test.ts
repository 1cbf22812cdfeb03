import { describe, expect, test } from '@jest/globals';
import {
  climbs,
  defaultLadder,
  fullRung,
  type Ladder,
  type RungResult,
  rungCorrelations,
  spearman,
} from '../../src/nas/ladder.ts';

const ladder: Ladder = { rungs: [{ inputSize: 32, stepShare: 0.2 }, fullRung], keep: 0.5, calibration: 4 };
const at = (id: number, rung: number, accuracy: number): RungResult => ({
  id,
  rung,
  accuracy,
  seconds: 10 * (rung + 1),
});
const equalSteps = new Map(Array.from({ length: 20 }, (_, i) => [i + 1, 0.1]));

/** Four that climbed in any case; in full they rank as on the first rung, or the other way round. */
const calibrated = (ranksWell: boolean): readonly RungResult[] =>
  [1, 2, 3, 4].flatMap((id) => [at(id, 0, id / 10), at(id, 1, ranksWell ? id / 5 : 1 - id / 5)]);

describe('a candidate climbs', () => {
  test.each<readonly [string, readonly RungResult[], number, boolean]>([
    ['if it is among the first, however bad', [at(1, 0, 0.5), at(2, 0, 0.1)], 2, true],
    ['if it is in the better half', [...calibrated(true), at(5, 0, 0.9)], 5, true],
    ['not if it is in the worse half', [...calibrated(true), at(5, 0, 0.05)], 5, false],
    ['in any case from a rung that ranks badly', [...calibrated(false), at(5, 0, 0.05)], 5, true],
  ])('%s', (_, results, id, expected) => {
    expect(climbs(ladder, results, equalSteps, { id, rung: 0 })).toBe(expected);
  });
  test('if it is quicker than the more accurate ones', () => {
    const results = [...calibrated(true), at(5, 0, 0.05)];
    expect(climbs(ladder, results, new Map([...equalSteps, [5, 0.01]]), { id: 5, rung: 0 })).toBe(true);
  });
});

test('the correlation of a rung is that of the ones which climbed in any case', () => {
  const results = [...calibrated(true), at(5, 0, 0.9), at(5, 1, 0.01)];
  expect(rungCorrelations(ladder, results)).toEqual([
    { inputSize: 32, stepShare: 0.2, candidates: 4, correlation: 1, seconds: 10 },
  ]);
  expect(rungCorrelations(defaultLadder, []).map(({ correlation }) => correlation)).toEqual([undefined]);
});

test.each<readonly [string, readonly (readonly [number, number])[], number]>([
  [
    'the same order',
    [
      [1, 10],
      [2, 20],
      [3, 400],
    ],
    1,
  ],
  [
    'the other way round',
    [
      [1, 3],
      [2, 2],
      [3, 1],
    ],
    -1,
  ],
  [
    'ties',
    [
      [1, 1],
      [1, 1],
      [2, 2],
    ],
    1,
  ],
  [
    'all equal',
    [
      [1, 1],
      [1, 2],
      [1, 3],
    ],
    0,
  ],
])('Spearman of %s', (_, pairs, expected) => {
  expect(spearman(pairs)).toBeCloseTo(expected, 12);
});
