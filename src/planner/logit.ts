/** Accuracies are clipped this far from 0 and 1 before the logit, which is infinite there. */
const edge = 0.005;

export const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

/** Log odds of a share, clipped away from 0 and 1. */
export function logit(share: number): number {
  const p = Math.min(1 - edge, Math.max(edge, share));
  return Math.log(p / (1 - p));
}

/** Limits a number into [low, high]; what is no number becomes `low`. */
export const bounded = (value: number, low: number, high: number): number =>
  value >= low ? Math.min(high, value) : low;
