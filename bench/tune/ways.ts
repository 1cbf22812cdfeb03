/** What a run without profile and plan trains, and under which regime. */
import { workersHere } from '../../src/cli/local/planning.ts';
import { RunError } from '../../src/lib/errors.ts';
import { createRng, deriveSeed, type Rng } from '../../src/lib/rng.ts';
import { memberOf, type Zoo } from '../../src/nas/zoo.ts';
import {
  defaultRegime,
  dimensions,
  fewestStepsOf,
  maximumEpochs,
  type RegimeSpace,
  sampleRegime,
} from '../../src/planner/regime.ts';
import { defaultRunCosts } from '../../src/planner/run-time.ts';
import { calibrate } from '../../src/planner/timing.ts';
import type { MemberInfo, Regime } from '../../src/planner/types.ts';
import type { Dataset } from '../../src/train/dataset.ts';
import { middleMember } from './middle-member.ts';

/**
 * A given member and regime from random weights; the default regime of a member, of the zoo's middle one where none is
 * named, or the one with those choices; any member and regime that the planner could choose; or the member's regime that is
 * nearest to the one wanted.
 */
export type Way =
  | { readonly kind: 'random'; readonly member: string; readonly regime: Regime }
  | { readonly kind: 'default'; readonly member?: string; readonly choices?: Partial<Regime> }
  | { readonly kind: 'drawn' }
  | { readonly kind: 'wanted'; readonly member: string; readonly wanted: WantedRegime };

/** As long as there is time. */
export type WantedRegime = Omit<Regime, 'steps'>;

/** The data, and the zoo and time for it. */
export interface Place {
  readonly zoo: Zoo;
  readonly dataset: Dataset;
  readonly resolution: number;
  readonly seconds: number;
}

export interface Choice {
  readonly member: string;
  readonly regime: Regime;
  /** How much longer than the regime says the run may become where time is left. */
  readonly stretch: number;
}

/**
 * What the planner would choose from, for nothing is measured beforehand: step times are those that the zoo ships, and what
 * images show is unknown.
 */
function spaceOf({ zoo, dataset, resolution, seconds }: Place, member: MemberInfo): RegimeSpace {
  const counts = { trainImages: dataset.train.length, validationImages: dataset.val.length };
  const classes = dataset.classes.length;
  const perClass = counts.trainImages / classes;
  const unseen = { colourShare: 1, pixelMean: 0.5, pixelDeviation: 0.25, separability: 0, nearestMeanAccuracy: 0 };
  const known = { images: counts.trainImages, classes, imagesPerClassMean: perClass, imagesPerClassDeviation: 0 };
  return {
    ...{ member, counts, seconds, timing: calibrate(zoo.members, []) },
    cacheBytes: 1.5e9,
    features: { ...known, ...unseen, resolution },
    costs: { ...defaultRunCosts, workers: workersHere() },
  };
}

/** A default's length may grow as far as the most useful epochs where this machine is faster than those times say. */
export function choiceOf(run: Way, seed: number, place: Place): Choice {
  const { zoo, seconds } = place;
  switch (run.kind) {
    case 'random':
      // what a plan leaves unused because pre-trained weights need no more is still time for random ones
      return { member: run.member, regime: fromNothing(run.regime), stretch: Number.POSITIVE_INFINITY };
    case 'default': {
      const member = run.member === undefined ? middleMember(zoo.members) : memberOf(zoo, run.member);
      const space = spaceOf(place, member);
      const regime = defaultRegime(space, run.choices);
      if (regime) return { member: member.name, regime, stretch: longest(space, regime) };
      throw new RunError(
        `The default regime of ${member.name} does not fit into ${seconds} s.`,
        'Give a larger budget.',
      );
    }
    case 'wanted': {
      const space = spaceOf(place, memberOf(zoo, run.member));
      const regime = nearestRegime(space, run.wanted);
      return { member: run.member, regime, stretch: longest(space, regime) };
    }
    case 'drawn':
      return drawn(createRng(deriveSeed(seed, 'drawn')), place);
  }
}

const longest = ({ counts }: RegimeSpace, { batchSize, steps }: Regime): number =>
  Math.max(1, (maximumEpochs * counts.trainImages) / (batchSize * steps));

function drawn(rng: Rng, place: Place): Choice {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const member = rng.pick(place.zoo.members);
    const regime = sampleRegime(spaceOf(place, member), {}, rng);
    if (regime) return { member: member.name, regime, stretch: 1 };
  }
  throw new RunError(`Nothing fits into ${place.seconds} s.`, 'Give a larger budget.');
}

/** Each dimension in its order as it is wanted, or as near to that as what was chosen before it leaves open. */
export function nearestRegime(space: RegimeSpace, wanted: WantedRegime): Regime {
  const draft: { -readonly [K in keyof Regime]: Regime[K] } = { ...wanted, steps: 0 };
  const settle = <K extends keyof Regime>(dimension: K): void => {
    const choices = dimensions[dimension](space, draft);
    // the first steps are the longest run
    if (dimension === 'steps') draft[dimension] = choices[0] ?? draft[dimension];
    else draft[dimension] = nearest(choices, draft[dimension]);
  };
  for (const dimension of Object.keys(dimensions) as (keyof Regime)[]) settle(dimension);
  // a trial of a few seconds is cut where they end, if that is before its fewest steps
  return { ...draft, steps: Math.max(draft.steps, fewestStepsOf(space, draft)) };
}

/** The wanted one where it is a choice, else the nearest number, or the first word. */
function nearest<T>(choices: readonly T[], wanted: T): T {
  if (choices.includes(wanted)) return wanted;
  const away = (choice: T): number => Math.abs(Number(choice) - Number(wanted));
  return choices.reduce((best, choice) => (away(choice) < away(best) ? choice : best));
}

/**
 * What was never trained has neither stages worth freezing, nor statistics to go by, nor features that a head could be
 * fitted to; without such a head it bears the larger learning rate that the default regime has had for it.
 */
const fromNothing = (regime: Regime): Regime => ({
  ...regime,
  ...{ frozenStages: 0, normStatistics: 'batch', headStart: 'random', startShare: 0 },
  learningRate: (regime.headStart === 'fitted' ? 3 : 1) * regime.learningRate,
});
