import { describe, expect, test } from '@jest/globals';
import { compare, farthestTimes, nextToTrain, type Timed } from '../../../bench/zoo/levels.ts';
import { ours } from '../../../bench/zoo/networks.ts';

/** Of one family, by seconds of a step and accuracy; an accuracy left out is still to be found. */
const family = (name: string, ...networks: readonly (readonly [seconds: number, accuracy?: number])[]): Timed[] =>
  networks.map(([seconds, accuracy]) => ({ family: name, seconds, ...(accuracy === undefined ? {} : { accuracy }) }));

const own = family(ours, [1, 0.2], [2, 0.3], [4, 0.4]);

describe('what is trained next', () => {
  test.each<[string, Timed[], number | undefined]>([
    ['is ours before any other', [...family('a', [0.5]), ...family(ours, [1, 0.2], [2])], 2],
    ['is the fastest of the others', [...own, ...family('a', [3], [2.5]), ...family('b', [2.6])], 2.5],
    [
      'is slower while none of its family is as accurate',
      [...own, ...family('a', [1, 0.1], [2, 0.2], [3, 0.39], [9])],
      9,
    ],
    [
      'is no slower one than one as accurate as our best',
      [...own, ...family('a', [1, 0.1], [2, 0.2], [3, 0.4], [9])],
      undefined,
    ],
    [
      'is as many times slower than our best as decides, and no more',
      [...own, ...family('a', [1, 0.1], [2, 0.2], [3, 0.3], [4 * farthestTimes, 0.3], [4 * farthestTimes + 1])],
      undefined,
    ],
    [
      'is one of three even where they are slower than that',
      [...own, ...family('a', [1, 0.1], [2, 0.2], [4 * farthestTimes + 1])],
      4 * farthestTimes + 1,
    ],
    ['is one of three at least of each family', [...own, ...family('a', [1, 0.5], [2]), ...family('b', [1, 0.5])], 2],
    ['is nothing once all are trained', own, undefined],
  ])('%s', (_name, networks, seconds) => {
    expect(nextToTrain(networks)?.seconds).toBe(seconds);
  });

  test('and a family that nowhere reaches a level takes its slowest or more', () => {
    const points = [...own, ...family('a', [1, 0.1], [8, 0.25])].map((one) => ({ accuracy: 0, ...one }));
    const [quarter, half, all] = compare(points);
    expect(quarter).toMatchObject({ seconds: 8, isReached: true });
    expect(half).toMatchObject({ seconds: 8, isReached: false });
    expect(all).toMatchObject({ ownSeconds: 4, seconds: 8, isReached: false });
  });

  test('and what is left out would change no level', () => {
    const peers = family('a', [1, 0.1], [2, 0.2], [3, 0.45]).map((one) => ({ accuracy: 0, ...one }));
    const all = own.map((one) => ({ accuracy: 0, ...one })).concat(peers);
    expect(nextToTrain([...all, { family: 'a', seconds: 3.1 }])).toBeUndefined();
    for (const accuracy of [0, 0.3, 0.44, 0.46, 1]) {
      expect(compare([...all, { family: 'a', seconds: 3.1, accuracy }])).toEqual(compare(all));
    }
  });
});
