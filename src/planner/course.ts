/** A run in progress against what was predicted of it: where it is heading, and whether another choice would do better. */
import { logit, sigmoid } from './logit.ts';
import type { Interval } from './predictors/contract.ts';
import type { Choice, Plan, Prediction } from './types.ts';

/** What an evaluation within a run has shown. */
export interface Sighting {
  /** Of the run's steps, 0 to 1. */
  readonly share: number;
  readonly accuracy: number;
  /** Active seconds that the budget has left. */
  readonly secondsLeft: number;
}

/**
 * What a run gains from a share of its steps to its end, in log odds: measured on the curves of the shipped experience
 * (`hack/zoo/check-courses.ts`), where it hangs on the share and on little else. Most of it is the annealing.
 */
const gainAt = (share: number): number => 0.9 * (1 - share) ** 2.6;
/** Standard deviation of that. */
const gainDeviation = (share: number): number => 0.57 * (1 - share) ** 1.8;
/** Standard deviations at the ends of an interval that covers 80 %. */
const ends = 1.2816;
/** An evaluation of one or a few hundred images is itself uncertain by about so much. */
const sightDeviation = 0.1;

/** The accuracy that is expected to be seen at a share of the steps, of a run that goes as predicted. */
export function expectedAt({ accuracy, low, high }: Prediction, share: number): Interval {
  const centre = logit(accuracy);
  const mean = centre - gainAt(share);
  const half = (end: number): number => Math.hypot(logit(end) - centre, ends * deviationAt(share));
  return { mean: sigmoid(mean), low: sigmoid(mean - half(low)), high: sigmoid(mean + half(high)) };
}

const deviationAt = (share: number): number => Math.hypot(gainDeviation(share), sightDeviation);

/** Where the run will end, by what was predicted and what was seen: each counts as much as it is certain. */
export function heading(predicted: Prediction, { share, accuracy }: Sighting): number {
  const before = (logit(predicted.high) - logit(predicted.low)) / (2 * ends);
  const [prior, sight] = [1 / Math.max(0.01, before) ** 2, 1 / deviationAt(share) ** 2];
  return sigmoid((prior * logit(predicted.accuracy) + sight * (logit(accuracy) + gainAt(share))) / (prior + sight));
}

/** After that a new beginning has too little time. */
const latestShare = 0.6;

/** Whether a run has fallen out of what was predicted of it, while there is time for another. */
export const hasFallenOut = (
  predicted: Prediction,
  { share, accuracy }: Pick<Sighting, 'share' | 'accuracy'>,
): boolean => share <= latestShare && accuracy < expectedAt(predicted, share).low;

/** Part of a runner-up's time that has to be left. */
const leastTime = 0.35;
/** By so much another choice has to be expected to end higher: both are estimates. */
const margin = 0.02;
/** How much of a surprise is the data set's, and meets every choice: of the same member, and of another. */
const sharedSurprise = { same: 0.7, other: 0.4 } as const;
/** Log odds that half of the time costs where the plan does not say. */
const usualHalving = 0.25;

/**
 * The choice to begin anew with, where the run has fallen out of what was predicted of it and a runner-up is expected to
 * reach more in the time left; undefined where the run had better go on.
 */
export function betterChoice(
  plan: Pick<Plan, 'member' | 'predicted' | 'runnersUp' | 'tradeOff' | 'budgetSeconds'>,
  seen: Sighting,
): Choice | undefined {
  if (!hasFallenOut(plan.predicted, seen)) return undefined;
  const { secondsLeft } = seen;
  const ahead = heading(plan.predicted, seen);
  const surprise = logit(ahead) - logit(plan.predicted.accuracy);
  const halving = halvingOf(plan);
  let best: Choice | undefined;
  for (const { member, regime, predicted } of plan.runnersUp) {
    const part = Math.min(1, secondsLeft / predicted.seconds);
    if (part < leastTime) continue;
    const shared = sharedSurprise[member === plan.member ? 'same' : 'other'] * surprise;
    const shift = shared + halving * Math.log2(part);
    const of = (end: number): number => sigmoid(logit(end) + shift);
    const reached = of(predicted.accuracy);
    if (reached < ahead + margin || reached <= (best?.predicted.accuracy ?? 0)) continue;
    best = {
      member,
      regime: { ...regime, steps: Math.max(1, Math.floor(part * regime.steps)) },
      predicted: {
        ...{ accuracy: reached, low: of(predicted.low), high: of(predicted.high) },
        seconds: part * predicted.seconds,
      },
    };
  }
  return best;
}

/** Log odds between the plan's budget and half of it, by the plan's own trade-off. */
function halvingOf({ tradeOff, budgetSeconds }: Pick<Plan, 'tradeOff' | 'budgetSeconds'>): number {
  const at = (times: number) => tradeOff.find((point) => point.budgetSeconds === times * budgetSeconds)?.accuracy;
  const [half, whole] = [at(0.5), at(1)];
  return half === undefined || whole === undefined ? usualHalving : Math.max(0, logit(whole) - logit(half));
}

/** Standard errors that an accuracy has to fall by to have fallen. */
const fallErrors = 2;

/** Whether the run has been better than it is: its learning rate is too high, or it learns its images by heart. */
export function hasFallen(accuracies: readonly number[], images: number): boolean {
  const [now, best] = [accuracies.at(-1) ?? 0, Math.max(0, ...accuracies.slice(0, -1))];
  return best - now > fallErrors * Math.sqrt((2 * best * (1 - best)) / Math.max(1, images));
}
