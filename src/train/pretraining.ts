/** How a network gets its weights from nothing: in full for a zoo's member, and briefly for a candidate of a search. */
import type { Clock } from '../lib/clock.ts';
import type { Network } from '../nas/layers.ts';
import { proxyInputSize } from '../nas/search.ts';
import { addedChoices, type Regime } from '../planner/types.ts';
import { trainingSide } from './augment.ts';
import type { Checkpoint } from './checkpoint.ts';
import { type FineTuned, type FineTuneOptions, fineTune, labelsOf } from './fine-tune.ts';
import type { ImageStore } from './image-cache.ts';
import { type Evaluation, evaluate } from './metrics.ts';

/** For people, as the zoo's index has it. */
export const pretrainingRecipe =
  'SGD with Nesterov momentum, batch 64, cosine from 0.1, label smoothing 0.1, crops, flips and colour, moving average of weights';

const recipe = {
  batchSize: 64,
  frozenStages: 0,
  optimizer: 'sgd',
  learningRate: 0.1,
  ...addedChoices,
  weightDecay: 1e-4,
  schedule: 'cosine',
  warmupShare: 0.04,
  augmentation: 'medium',
  mix: 'none',
  labelSmoothing: 0.1,
  ema: 0.999,
  precision: 'fp32',
} as const satisfies Partial<Regime>;

/** `images`: of the training split. */
export function pretrainingRegime(o: {
  readonly inputSize: number;
  readonly images: number;
  readonly epochs: number;
}): Regime {
  const batchSize = Math.min(recipe.batchSize, o.images);
  return { ...recipe, inputSize: o.inputSize, batchSize, steps: Math.floor(o.images / batchSize) * o.epochs };
}

/** Side in pixels at which the training images of the recipe are stored. */
export const pretrainingSide = (inputSize: number): number => trainingSide(inputSize, recipe.augmentation);

/** A short training ranks networks nearly as a long one does, if all get the same: so many steps of the same images. */
const proxy = { steps: 800, epochs: 20, validationImages: 4000 } as const;

/** The recipe cut short, at the proxy's size: so many steps, and fewer of few images. */
export function proxyRegime(images: number, steps: number = proxy.steps): Regime {
  const regime = pretrainingRegime({ inputSize: proxyInputSize, images, epochs: proxy.epochs });
  return { ...regime, steps: Math.min(regime.steps, steps) };
}

/** Images that a proxy training sees at most. */
export const proxyImages = { visits: proxy.steps * recipe.batchSize, validation: proxy.validationImages } as const;

export interface PretrainOptions {
  readonly network: Network;
  readonly regime: Regime;
  readonly store: ImageStore;
  readonly seed: number;
  readonly clock: Clock;
  /** The clock's reading at which the active seconds were 0. */
  readonly startedSeconds: number;
  /** Active seconds at which training must have ended; undefined runs every step. */
  readonly deadlineSeconds: number | undefined;
  /** During the run. */
  readonly evaluations: number;
  readonly resume: Checkpoint | undefined;
  readonly checkpointEverySeconds: number;
  readonly keep: FineTuneOptions['keep'];
  readonly onProgress: FineTuneOptions['onProgress'];
  readonly signal: AbortSignal;
  readonly answers?: FineTuneOptions['answers'];
}

export interface Pretrained extends Pick<FineTuned, 'outcome' | 'weights'> {
  /** Undefined where it was interrupted. */
  readonly evaluation: Evaluation | undefined;
}

/** Throws Diverged where the loss became no number. */
export async function pretrain(o: PretrainOptions): Promise<Pretrained> {
  const { outcome, weights, logits, rows } = await fineTune({ ...o, weights: new Map(), stretch: 1 });
  const evaluation = logits && evaluate(logits, labelsOf(o.store, rows), o.store.dataset.classes);
  return { outcome, weights, evaluation };
}
