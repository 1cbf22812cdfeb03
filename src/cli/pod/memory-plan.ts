/** What a run does with less memory than planned: batch and caches are halved, as often as the plan says. */
import type { Regime } from '../../planner/types.ts';
import type { Progress } from '../../train/checkpoint.ts';
import { defaultBytesBound } from '../../train/image-cache.ts';
import type { Prepared } from '../local/run.ts';

/** Bytes of cached activations that a plan reckons with. */
const plannedCacheBytes = 1.5e9;

/**
 * The regime with its batch halved `halvings` times. As many images are seen as before, and the learning rate follows
 * the batch: in proportion for SGD (Goyal et al., 2017), by its root for AdamW (Malladi et al., 2022).
 */
export function smallerRegime(regime: Regime, halvings: number): Regime {
  const batchSize = Math.max(1, Math.floor(regime.batchSize / 2 ** halvings));
  const ratio = batchSize / regime.batchSize;
  const learningRate = regime.learningRate * (regime.optimizer === 'sgd' ? ratio : Math.sqrt(ratio));
  return { ...regime, batchSize, learningRate, steps: Math.ceil(regime.steps / ratio) };
}

export const memoryBounds = (halvings: number): Prepared['memory'] =>
  halvings === 0
    ? undefined
    : { imageBytes: Math.floor(defaultBytesBound() / 2 ** halvings), cacheBytes: plannedCacheBytes / 2 ** halvings };

/** Progress counted in steps of a batch of `from`, in steps of one of `to`. */
export function inStepsOf(progress: Progress, from: number, to: number): Progress {
  if (from === to) return progress;
  const steps = (count: number): number => Math.round((count * from) / to);
  return {
    ...progress,
    step: steps(progress.step),
    steps: Math.max(steps(progress.steps), steps(progress.step)),
    curve: progress.curve.map((point) => ({ ...point, step: steps(point.step) })),
  };
}
