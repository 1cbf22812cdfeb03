/** One table of learning-rate schedules: the factor on the peak learning rate by the share of the run that is done. */
import type { Regime } from '../planner/types.ts';

/** `progress` from 0 (first step) to 1 (end), without the warm-up. */
export const schedules = {
  /** Half a cosine from 1 to 0 (Loshchilov and Hutter, ICLR 2017). */
  cosine: (progress) => 0.5 * (1 + Math.cos(Math.PI * progress)),
  /** Divided by ten at a half and at three quarters. */
  step: (progress) => (progress < 0.5 ? 1 : progress < 0.75 ? 0.1 : 0.01),
  constant: () => 1,
} as const satisfies Record<Regime['schedule'], (progress: number) => number>;

/** Learning rate at a progress in [0, 1]: a linear warm-up over the first `warmupShare`, then the schedule. */
export function learningRateAt(
  regime: Pick<Regime, 'learningRate' | 'schedule' | 'warmupShare'>,
  progress: number,
): number {
  const { learningRate, schedule, warmupShare } = regime;
  const p = Math.min(1, Math.max(0, progress));
  if (p < warmupShare) return (learningRate * p) / warmupShare;
  return learningRate * schedules[schedule](warmupShare >= 1 ? 1 : (p - warmupShare) / (1 - warmupShare));
}

/**
 * Decay of the weights' moving average at a 1-based step: rises from 0.18 towards `decay`, so that the average of a
 * short run is not held by the weights it began with.
 */
export const averageDecayAt = (decay: number, step: number): number => Math.min(decay, (1 + step) / (10 + step));
