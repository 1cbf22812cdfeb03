import { betterChoice, expectedAt, hasFallen } from '../../planner/course.ts';
import type { Seen } from '../../train/loop.ts';
import type { RunDecision } from './decision.ts';

/** A schedule is not cut before that: early on accuracies go up and down. */
export const earliestCut = 0.5;

/**
 * What becomes of a decision after an evaluation within its run: another choice for the time left, a schedule that is cut, or
 * undefined where the run had better go on as it does. A run is re-planned once at most.
 */
export function reconsidered(
  decision: RunDecision,
  { share, accuracies, secondsLeft }: Seen,
  { activeSeconds, images }: { readonly activeSeconds: number; readonly images: number },
): RunDecision | undefined {
  const { plan, replans = false, replanned } = decision;
  const accuracy = accuracies.at(-1);
  if (!replans || replanned !== undefined || accuracy === undefined) return undefined;
  const { low, high } = expectedAt(plan.predicted, share);
  const seen = { seconds: activeSeconds, accuracy, expected: { low, high } };
  const next = betterChoice(plan, { share, accuracy, secondsLeft });
  if (next !== undefined) {
    const { member, regime, predicted } = plan;
    const before = { member, regime, predicted };
    return { ...decision, plan: { ...plan, ...next }, replanned: { action: 'switched', ...seen, before } };
  }
  if (share >= earliestCut && hasFallen(accuracies, images)) {
    return { ...decision, replanned: { action: 'annealed', ...seen } };
  }
  return undefined;
}
