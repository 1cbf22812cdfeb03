/**
 * How well the end of a run is foreseen from its middle (`src/planner/course.ts`), on the curves of the shipped experience:
 * `node hack/zoo/check-courses.ts`. Gains are in log odds; an interval of 80 % should cover as many.
 */
import { join } from 'node:path';
import { shippedZooDir } from '../../src/nas/zoo.ts';
import { expectedAt } from '../../src/planner/course.ts';
import { logit } from '../../src/planner/logit.ts';
import { readShippedExperience } from '../../src/store/shipped-experience.ts';

const runs = await readShippedExperience(join(shippedZooDir(), 'experience.jsonl'));
// what goes back half-way or more is near its end from the beginning
const sightings = runs
  .filter(({ regime }) => regime.startShare < 0.5)
  .flatMap(({ accuracy, curve }) =>
    curve.slice(0, -1).map((point, i) => ({ share: (i + 1) / curve.length, seen: point.accuracy, end: accuracy })),
  );
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
console.table(
  [...Map.groupBy(sightings, ({ share }) => share)].map(([share, some]) => {
    const gains = some.map(({ seen, end }) => logit(end) - logit(seen));
    const average = mean(gains);
    const covered = some.filter(({ seen, end }) => {
      // as if the end had been foreseen exactly
      const { low, high } = expectedAt({ accuracy: end, low: end, high: end, seconds: 1 }, share);
      return low <= seen && seen <= high;
    });
    return {
      share,
      runs: some.length,
      gain: average.toFixed(3),
      deviation: Math.sqrt(mean(gains.map((gain) => (gain - average) ** 2))).toFixed(3),
      covered: (covered.length / some.length).toFixed(2),
    };
  }),
);
