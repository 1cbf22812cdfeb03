/** What planning itself takes: the shipped zoo and experience, and the product's default predictor with many runs. */

import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { createContext, runInContext } from 'node:vm';
import { createRng, type Rng } from '../../src/lib/rng.ts';
import { loadZoo, shippedZooDir } from '../../src/nas/zoo.ts';
import { encode } from '../../src/planner/encode.ts';
import { makePlan } from '../../src/planner/plan.ts';
import type { Predictor } from '../../src/planner/predictors/contract.ts';
import { encodedOptions, lessonsOf, replay } from '../../src/planner/predictors/replay.ts';
import { defaultPredictor } from '../../src/planner/predictors/table.ts';
import { calibrate } from '../../src/planner/timing.ts';
import type { Experience } from '../../src/planner/types.ts';
import { readShippedExperience } from '../../src/store/shipped-experience.ts';
import { atMost, type Claim } from '../lib/results.ts';
import { median } from '../lib/statistics.ts';

const candidates = 5000;
const experiences = 100_000;
const [plans, seed] = [9, 1] as const;

/** Milliseconds of a plan, and of learning a run; megabytes of a predictor. */
export async function planningClaims(): Promise<readonly Claim[]> {
  const zoo = await loadZoo(shippedZooDir());
  const known = await readShippedExperience(join(shippedZooDir(), 'experience.jsonl'));
  const rng = createRng(seed);
  const predictor = replay(defaultPredictor, encodedOptions(seed), lessonsOf(known), rng);
  const { features } = known[0] as Experience;
  // as many as a profile has time for
  const measured = zoo.members.flatMap(({ name, steps }) =>
    steps.slice(0, 3).map((step) => ({ ...step, member: name })),
  );
  const timing = calibrate(zoo.members, measured);
  const planMilliseconds = Array.from({ length: plans }, () =>
    milliseconds(() =>
      makePlan({
        ...{ features, predictor, rng, candidates, members: zoo.members, timing },
        counts: { trainImages: features.images, validationImages: 500 },
        ...{ budgetSeconds: 300, spentSeconds: 10 },
      }),
    ),
  );
  const before = await heapMegabytes();
  const large = defaultPredictor.create(encodedOptions(seed));
  const learnMilliseconds = Array.from({ length: experiences }, () => milliseconds(() => learnOne(large, known, rng)));
  const size = (await heapMegabytes()) - before;
  if (large.experiences !== experiences) throw new Error(`${large.experiences} of ${experiences} runs were learnt`);
  return [
    atMost(`milliseconds of a plan of ${candidates} candidates, median`, rounded(median(planMilliseconds)), 150),
    atMost(`MB of a predictor with ${experiences} experiences`, rounded(size), 200),
    atMost('milliseconds of learning one more, median', rounded(median(learnMilliseconds)), 5),
  ];
}

/** A known run, in another place than it was. */
function learnOne(predictor: Predictor, known: readonly Experience[], rng: Rng): void {
  const experience = rng.pick(known);
  predictor.learnOne(
    encode(experience).map((value) => value + 0.1 * rng.normal()),
    Math.min(1, Math.max(0, experience.accuracy + 0.05 * rng.normal())),
  );
}

function milliseconds(work: () => unknown): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}

/** Of what is alive. Buffers are given back beside the program: only the second collection has them all. */
async function heapMegabytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInContext('gc', createContext()) as () => void;
  for (let i = 0; i < 2; i++) {
    collect();
    await setImmediate();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 1e6;
}

const rounded = (value: number): number => Number(value.toPrecision(3));
