import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRng } from '../../../src/lib/rng.ts';
import { tournament } from '../../../src/nas/nsga2/evolution.ts';
import { hypervolume } from '../../../src/nas/nsga2/hypervolume.ts';
import {
  beats,
  crowdingDistances,
  type Judged,
  nondominatedFronts,
  survivors,
} from '../../../src/nas/nsga2/ranking.ts';

const at = (...losses: readonly number[]): Judged => ({ losses, violation: 0 });
const out = (violation: number, ...losses: readonly number[]): Judged => ({ losses, violation });

test.each<readonly [string, Judged, Judged, boolean]>([
  ['better in all beats', at(1, 1), at(2, 2), true],
  ['better in one and equal in the other beats', at(1, 2), at(2, 2), true],
  ['equal does not beat', at(1, 1), at(1, 1), false],
  ['better in one and worse in the other does not beat', at(1, 3), at(2, 2), false],
  ['within the constraints beats without, whatever the losses', at(9, 9), out(0.1, 1, 1), true],
  ['without never beats within', out(0.1, 1, 1), at(9, 9), false],
  ['of two without the nearer one beats', out(0.1, 9, 9), out(0.2, 1, 1), true],
])('Deb’s rules: %s', (_, a, b, expected) => {
  expect(beats(a, b)).toBe(expected);
});

const judged: fc.Arbitrary<Judged> = fc.record({
  losses: fc.tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 12 })),
  violation: fc.constantFrom(0, 0, 0, 1, 2),
});

describe('fronts', () => {
  test('agree with counting for each who beats it, front by front', () => {
    fc.assert(
      fc.property(fc.array(judged, { maxLength: 40 }), (items) => {
        let rest: readonly Judged[] = items;
        for (const front of nondominatedFronts(items)) {
          const expected = rest.filter((item) => !rest.some((other) => beats(other, item)));
          expect(new Set(front)).toEqual(new Set(expected));
          rest = rest.filter((item) => !front.includes(item));
        }
        expect(rest).toEqual([]);
      }),
    );
  });
  test('end where they hold enough', () => {
    expect(nondominatedFronts([at(1, 1), at(2, 2), at(3, 3)], 2)).toHaveLength(2);
    expect(nondominatedFronts([])).toEqual([]);
  });
  test('of thousands take no time to speak of', () => {
    const rng = createRng(1);
    const items = Array.from({ length: 5000 }, () => at(rng.next(), rng.next()));
    const before = performance.now();
    nondominatedFronts(items, 100);
    expect(performance.now() - before).toBeLessThan(1000);
  });
});

test.each<readonly [string, readonly (readonly number[])[], readonly number[]]>([
  ['none', [], []],
  ['one', [[1, 1]], [Number.POSITIVE_INFINITY]],
  [
    'evenly spread ones',
    [
      [0, 4],
      [1, 3],
      [2, 2],
      [3, 1],
      [4, 0],
    ],
    [Number.POSITIVE_INFINITY, 1, 1, 1, Number.POSITIVE_INFINITY],
  ],
  [
    'an objective in which all are equal',
    [
      [0, 1],
      [1, 1],
      [4, 1],
    ],
    [Number.POSITIVE_INFINITY, 1, Number.POSITIVE_INFINITY],
  ],
])('crowding of %s', (_, points, expected) => {
  expect(crowdingDistances(points)).toEqual(expected);
});

test('survivors are the best fronts whole, then those that stand apart', () => {
  const line = [at(0, 10), at(4.9, 5.1), at(5, 5), at(5.1, 4.9), at(10, 0)];
  const chosen = survivors([...line, at(20, 20)], 3).map(({ item }) => item);
  expect(chosen).toHaveLength(3);
  expect(chosen).toEqual(expect.arrayContaining([line[0], line[4]]));
  expect(survivors([at(2, 2), at(1, 1)], 5).map(({ rank }) => rank)).toEqual([0, 1]);
});

test('a tournament takes the lower rank, then the emptier place', () => {
  const rng = createRng(1);
  const [good, bad] = [
    { item: 'good', rank: 0, crowding: 0 },
    { item: 'bad', rank: 1, crowding: 9 },
  ];
  const wins = Array.from({ length: 400 }, () => tournament(rng, [good, bad]));
  expect(wins.filter((winner) => winner === 'good').length).toBeGreaterThan(250);
  const apart = { item: 'apart', rank: 0, crowding: 5 };
  const wins2 = Array.from({ length: 400 }, () => tournament(rng, [good, apart]));
  expect(wins2.filter((winner) => winner === 'apart').length).toBeGreaterThan(250);
});

test.each<readonly [string, readonly (readonly [number, number])[], number]>([
  ['nothing', [], 0],
  ['one point', [[0.5, 0.5]], 0.25],
  [
    'a point beyond the reference',
    [
      [0.5, 1.5],
      [2, 0],
    ],
    0,
  ],
  [
    'two steps, and one that is beaten',
    [
      [0, 0.5],
      [0.5, 0],
      [0.6, 0.6],
    ],
    0.75,
  ],
  [
    'the same point twice',
    [
      [0.5, 0.5],
      [0.5, 0.5],
    ],
    0.25,
  ],
])('hypervolume of %s', (_, points, expected) => {
  expect(hypervolume(points, [1, 1])).toBeCloseTo(expected, 12);
});
