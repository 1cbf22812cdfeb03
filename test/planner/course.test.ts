import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { shippedZooDir } from '../../src/nas/zoo.ts';
import { betterChoice, expectedAt, hasFallen, hasFallenOut, heading, type Sighting } from '../../src/planner/course.ts';
import type { Choice, Experience, Plan, Prediction } from '../../src/planner/types.ts';
import { readShippedExperience } from '../../src/store/shipped-experience.ts';
import { aRegime } from './builders.ts';

const predicted = (accuracy: number, seconds = 100): Prediction => ({
  ...{ accuracy, low: accuracy - 0.06, high: accuracy + 0.06 },
  seconds,
});
const choice = (member: string, accuracy: number, seconds = 100): Choice => ({
  ...{ member, regime: aRegime({ steps: 1000 }) },
  predicted: predicted(accuracy, seconds),
});
type Followed = Pick<Plan, 'member' | 'predicted' | 'runnersUp' | 'tradeOff' | 'budgetSeconds'>;
const plan = (accuracy: number, ...runnersUp: Choice[]): Followed => ({
  ...{ member: 'large', predicted: predicted(accuracy), runnersUp, tradeOff: [], budgetSeconds: 110 },
});
const sighting = (share: number, accuracy: number, secondsLeft: number): Sighting => ({ share, accuracy, secondsLeft });

/** What goes back half-way or more is near its end from the beginning: it gains less on its way, and is seen above. */
const staysNear =
  (isSo: boolean) =>
  ({ regime }: Experience): boolean =>
    regime.startShare >= 0.5 === isSo;

describe('a run in progress', () => {
  test('is expected below its end, the further the earlier, and less surely', () => {
    const seen = [0.2, 0.4, 0.6, 0.8, 1].map((share) => expectedAt(predicted(0.7), share));
    for (const [i, { mean, low, high }] of seen.entries()) {
      expect(low).toBeLessThan(mean);
      expect(mean).toBeLessThan(high);
      if (i > 0) expect(mean).toBeGreaterThan(seen[i - 1]?.mean ?? 1);
      if (i > 0) expect(high - low).toBeLessThan((seen[i - 1]?.high ?? 1) - (seen[i - 1]?.low ?? 0));
    }
    expect(seen.at(-1)?.mean).toBeCloseTo(0.7, 6);
  });

  test('heads between what was predicted and what is seen, and late on where it is seen', () => {
    expect(heading(predicted(0.7), sighting(0.25, 0.4, 50))).toBeGreaterThan(0.55);
    expect(heading(predicted(0.7), sighting(0.25, 0.4, 50))).toBeLessThan(0.7);
    expect(Math.abs(heading(predicted(0.7), sighting(0.9, 0.5, 10)) - 0.51)).toBeLessThan(0.03);
  });

  test('of the shipped experience is where it was expected, at least as often as promised', async () => {
    const all = await readShippedExperience(join(shippedZooDir(), 'experience.jsonl'));
    const [runs, ofTheirStart] = [all.filter(staysNear(false)), all.filter(staysNear(true))];
    for (const place of [0, 1, 2]) {
      // of a run that was not looked at on its way there is the end alone
      const seenThen = runs.filter(({ curve }) => curve.length > place + 1);
      const within = seenThen.filter(({ accuracy, curve }) => {
        const share = (place + 1) / curve.length;
        const { low, high } = expectedAt({ accuracy, low: accuracy, high: accuracy, seconds: 1 }, share);
        const seen = curve[place]?.accuracy ?? 0;
        return low <= seen && seen <= high;
      });
      expect(within.length / seenThen.length).toBeGreaterThan(0.78);
    }
    const early = ofTheirStart.flatMap(({ accuracy, curve }) =>
      curve
        .slice(0, 2)
        .flatMap((seen, i) =>
          curve.length > 2 ? [{ accuracy, seen: seen.accuracy, share: (i + 1) / curve.length }] : [],
        ),
    );
    const fallen = early.filter(({ accuracy, seen, share }) =>
      hasFallenOut({ accuracy, low: accuracy, high: accuracy, seconds: 1 }, { share, accuracy: seen }),
    );
    expect(fallen.length / early.length).toBeLessThan(0.1);
  });
});

describe('a better choice', () => {
  test.each<[string, Followed, Sighting, string | undefined]>([
    [
      'none while the run is where it was expected',
      plan(0.7, choice('small', 0.69)),
      sighting(0.4, 0.62, 60),
      undefined,
    ],
    ['none where it is above that', plan(0.7, choice('small', 0.69)), sighting(0.4, 0.75, 60), undefined],
    ['the runner-up where it is far below', plan(0.7, choice('small', 0.68)), sighting(0.4, 0.3, 60), 'small'],
    [
      'the best of the runners-up',
      plan(0.7, choice('tiny', 0.6, 30), choice('small', 0.68, 60)),
      sighting(0.4, 0.3, 60),
      'small',
    ],
    ['none where there is no time left', plan(0.7, choice('small', 0.68)), sighting(0.4, 0.3, 20), undefined],
    [
      'one that needs less time than is left',
      plan(0.7, choice('small', 0.68), choice('tiny', 0.6, 20)),
      sighting(0.4, 0.2, 20),
      'tiny',
    ],
    ['none late in the run', plan(0.7, choice('small', 0.68)), sighting(0.8, 0.3, 100), undefined],
    [
      'none that is no better than what the run still reaches',
      plan(0.7, choice('tiny', 0.5)),
      sighting(0.4, 0.45, 60),
      undefined,
    ],
    ['none without runners-up', plan(0.7), sighting(0.2, 0.05, 90), undefined],
  ])('is %s', (_name, of, seen, member) => expect(betterChoice(of, seen)?.member).toBe(member));

  test('of the same member is trusted less: the surprise is mostly its own', () => {
    const [seen, hopes] = [sighting(0.4, 0.35, 90), 0.67];
    expect(betterChoice(plan(0.7, choice('small', hopes)), seen)).toBeDefined();
    expect(betterChoice(plan(0.7, choice('large', hopes)), seen)).toBeUndefined();
  });

  test('fits into the time left and is expected to end higher, whatever is seen', () => {
    const accuracy = fc.double({ min: 0.1, max: 0.93, noNaN: true });
    const all = fc.record({
      ...{ hoped: accuracy, next: accuracy, seen: fc.double({ min: 0, max: 1, noNaN: true }) },
      share: fc.double({ min: 0.05, max: 0.95, noNaN: true }),
      left: fc.double({ min: 0, max: 300, noNaN: true }),
      seconds: fc.double({ min: 1, max: 300, noNaN: true }),
    });
    fc.assert(
      fc.property(all, ({ hoped, next, seen, share, left, seconds }) => {
        const of = plan(hoped, choice('small', next, seconds));
        const better = betterChoice(of, sighting(share, seen, left));
        if (better === undefined) return;
        expect(better.predicted.seconds).toBeLessThanOrEqual(left + 1e-9);
        expect(better.predicted.accuracy).toBeGreaterThan(heading(of.predicted, sighting(share, seen, left)));
        expect(better.regime.steps).toBeGreaterThanOrEqual(1);
        expect(better.regime.steps).toBeLessThanOrEqual(1000);
      }),
    );
  });
});

test.each<[string, readonly number[], number, boolean]>([
  ['rising', [0.3, 0.4, 0.5], 500, false],
  ['level within its error', [0.3, 0.5, 0.48], 500, false],
  ['falling beyond it', [0.3, 0.6, 0.48], 500, true],
  ['falling, of too few images to tell', [0.3, 0.6, 0.48], 20, false],
  ['of one evaluation', [0.3], 500, false],
])('a run that is %s', (_name, accuracies, images, fallen) => expect(hasFallen(accuracies, images)).toBe(fallen));
