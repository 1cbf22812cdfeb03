/**
 * How well each predictor foresees the runs of a data set from those of the others in the shipped experience:
 * `node hack/zoo/check-predictors.ts`. Errors are of accuracy; the regret is that of the run it would have picked; the
 * doubt is how far, in its own deviations, the leads of runs over others of about their length are off: 1 if it is right;
 * the likelihood is a pair's, on a logarithmic scale.
 */
import { join } from 'node:path';
import { mean } from '../../bench/lib/statistics.ts';
import { createRng } from '../../src/lib/rng.ts';
import { shippedZooDir } from '../../src/nas/zoo.ts';
import { logit } from '../../src/planner/logit.ts';
import type { Predictor } from '../../src/planner/predictors/contract.ts';
import { encodedOptions, type Lesson, lessonsOf, replay } from '../../src/planner/predictors/replay.ts';
import { predictors } from '../../src/planner/predictors/table.ts';
import { readShippedExperience } from '../../src/store/shipped-experience.ts';

const seed = 1;
const experiences = await readShippedExperience(join(shippedZooDir(), 'experience.jsonl'));
const lessons = lessonsOf(experiences);
const groups = [...new Set(lessons.map(({ group }) => group))];

function heldOut(kind: (typeof predictors)[keyof typeof predictors], group: string) {
  const others = lessons.filter((lesson) => lesson.group !== group);
  const own = lessons.filter((lesson) => lesson.group === group);
  const predictor = replay(kind, encodedOptions(seed), others, createRng(seed));
  const seen = own.map((lesson) => ({ ...lesson, ...predictor.predictOne(lesson.x) }));
  const best = (of: (one: Lesson & { readonly mean: number }) => number) =>
    seen.reduce((a, b) => (of(b) > of(a) ? b : a));
  return {
    error: mean(seen.map(({ y, mean: predicted }) => Math.abs(y - predicted))),
    bias: mean(seen.map(({ y, mean: predicted }) => predicted - y)),
    covered: mean(seen.map(({ y, low, high }) => Number(low <= y && y <= high))),
    regret: best(({ y }) => y).y - best(({ mean: predicted }) => predicted).y,
    ...leadsOf(predictor, group),
  };
}

/** About as many images validate as are a quarter of those that train. */
const validationShare = 0.25;
/** Runs of one part of a data set with a sound start, whose lengths are within this factor. */
const alike = 1.65;

/** How far the leads of runs over others are off, and how likely that is by the doubt and by chance in the images. */
function leadsOf(predictor: Predictor, group: string) {
  const own = experiences.flatMap((run, i) => {
    const { dataset, regime, accuracy } = run;
    const isSound = regime.headStart === 'fitted' && regime.normStatistics === 'stored' && accuracy > 0.4;
    const lesson = lessons[i];
    return dataset === group && isSound && lesson ? [{ ...run, x: lesson.x }] : [];
  });
  const chance = ({ features, accuracy }: (typeof own)[number]) =>
    1 / (validationShare * features.images * accuracy * (1 - accuracy) + 1);
  const pairs = own.flatMap((a, i) =>
    own.slice(0, i).flatMap((b) => {
      const isSame = a.features.images === b.features.images && a.member.name === b.member.name;
      if (!isSame || Math.abs(Math.log(a.activeSeconds / b.activeSeconds)) > Math.log(alike)) return [];
      const lead = logit(predictor.predictOne(a.x).mean) - logit(predictor.predictOne(b.x).mean);
      const off = logit(a.accuracy) - logit(b.accuracy) - lead;
      const variance = predictor.doubtBeside(b.x)(a.x) ** 2 + chance(a) + chance(b);
      return [{ square: off ** 2 / variance, variance }];
    }),
  );
  return {
    doubt: Math.sqrt(mean(pairs.map(({ square }) => square))),
    likelihood: mean(pairs.map(({ square, variance }) => -0.5 * (Math.log(variance) + square))),
  };
}

for (const [name, kind] of Object.entries(predictors)) {
  const rows = groups.map((group) => [group, heldOut(kind, group)] as const);
  const [, first] = rows[0] as (typeof rows)[number];
  const means = Object.fromEntries(
    (Object.keys(first) as (keyof typeof first)[]).map((key) => [key, mean(rows.map(([, row]) => row[key]))]),
  );
  console.log(`${name}, ${lessons.length} runs`);
  console.table(
    [...rows, ['mean', means] as const].map(([group, figures]) => ({
      'held out': group,
      ...Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, value.toFixed(3)])),
    })),
  );
}
