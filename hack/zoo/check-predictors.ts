/**
 * How well each predictor foresees the runs of a data set from those of the others in the shipped experience:
 * `node hack/zoo/check-predictors.ts`. Errors are of accuracy; the regret is that of the run it would have picked.
 */
import { join } from 'node:path';
import { createRng } from '../../src/lib/rng.ts';
import { shippedZooDir } from '../../src/nas/zoo.ts';
import { encodedOptions, type Lesson, lessonsOf, replay } from '../../src/planner/predictors/replay.ts';
import { predictors } from '../../src/planner/predictors/table.ts';
import { readShippedExperience } from '../../src/store/shipped-experience.ts';

const seed = 1;
const lessons = lessonsOf(await readShippedExperience(join(shippedZooDir(), 'experience.jsonl')));
const groups = [...new Set(lessons.map(({ group }) => group))];

function heldOut(kind: (typeof predictors)[keyof typeof predictors], group: string) {
  const others = lessons.filter((lesson) => lesson.group !== group);
  const own = lessons.filter((lesson) => lesson.group === group);
  const predictor = replay(kind, encodedOptions(seed), others, createRng(seed));
  const seen = own.map((lesson) => ({ ...lesson, ...predictor.predictOne(lesson.x) }));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const best = (of: (one: Lesson & { readonly mean: number }) => number) =>
    seen.reduce((a, b) => (of(b) > of(a) ? b : a));
  return {
    error: mean(seen.map(({ y, mean: predicted }) => Math.abs(y - predicted))),
    bias: mean(seen.map(({ y, mean: predicted }) => predicted - y)),
    covered: mean(seen.map(({ y, low, high }) => Number(low <= y && y <= high))),
    regret: best(({ y }) => y).y - best(({ mean: predicted }) => predicted).y,
  };
}

for (const [name, kind] of Object.entries(predictors)) {
  const rows = groups.map((group) => ({ 'held out': group, ...heldOut(kind, group) }));
  const mean = (key: 'error' | 'bias' | 'covered' | 'regret') =>
    rows.reduce((sum, row) => sum + row[key], 0) / rows.length;
  console.log(`${name}, ${lessons.length} runs`);
  console.table(
    [
      ...rows,
      {
        'held out': 'mean',
        error: mean('error'),
        bias: mean('bias'),
        covered: mean('covered'),
        regret: mean('regret'),
      },
    ].map(({ 'held out': group, ...figures }) => ({
      'held out': group,
      ...Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, value.toFixed(3)])),
    })),
  );
}
