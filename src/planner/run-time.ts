import { frozenShare } from './step-cost.ts';
import type { Timing } from './timing.ts';
import {
  type AugmentationLevel,
  fittedImages,
  type MemberInfo,
  mostFitted,
  type Regime,
  usesCachedFeatures,
} from './types.ts';

/** How many images a run handles. */
export interface RunCounts {
  readonly trainImages: number;
  readonly validationImages: number;
}

/** What a run costs beside its steps, on this machine and for this data set. */
export interface RunCosts {
  /** Reading, decoding and scaling one image, all workers together; measured by the profile. */
  readonly decodeSecondsPerImage: number;
  /** Building the graph, loading the weights, opening the session. */
  readonly startSeconds: number;
  /** Fitting a head to the features of as many images as it takes at most. */
  readonly headFitSeconds: number;
  /** The first step allocates and tunes: it takes as long as this many more. */
  readonly firstStepExtra: number;
  /** Evaluations during the run; the one after its end does not count. */
  readonly evaluations: number;
  /** Validation images of each, where there are so many. */
  readonly evaluatedImages: number;
  /** Preparing one training image in the workers, per pixel of the input; a worker's time, shared by `workers`. */
  readonly augmentSecondsPerPixel: Readonly<Record<AugmentationLevel, number>>;
  readonly workers: number;
}

/** Of an ordinary 2-core machine and photographs of some hundred pixels; the profile replaces what it measured. */
export const defaultRunCosts: RunCosts = {
  decodeSecondsPerImage: 0.0015,
  startSeconds: 1.5,
  headFitSeconds: 1.5,
  firstStepExtra: 3,
  evaluations: 4,
  evaluatedImages: 1000,
  augmentSecondsPerPixel: { none: 1e-9, light: 5e-9, medium: 2e-8, strong: 2.5e-8 },
  workers: 2,
};

export interface RunEstimate {
  readonly seconds: number;
  /** Standard deviation of the logarithm of the seconds. */
  readonly deviation: number;
  /** Most steps that stay within given seconds, at least 0. */
  stepsWithin(seconds: number): number;
  /** Seconds of a run of that many steps. */
  secondsOf(steps: number): number;
}

/**
 * Active seconds of a whole run: start, decoding of the images it sees (each once), computing cached activations,
 * training steps and evaluations. Piecewise linear and increasing in the steps: until every image was seen once, a step
 * also pays for its new images.
 */
export function runSeconds(
  member: MemberInfo,
  regime: Regime,
  counts: RunCounts,
  timing: Timing,
  costs: RunCosts,
): RunEstimate {
  const cachedFeatures = usesCachedFeatures(regime);
  const { inputSize, batchSize, frozenStages, precision } = regime;
  const step = timing.stepSeconds(member, { inputSize, batchSize, frozenStages, cachedFeatures, precision });
  // a whole network of frozen stages without a cache is a forward pass
  const forward = timing.stepSeconds(member, {
    inputSize,
    batchSize,
    frozenStages: member.stages,
    cachedFeatures: false,
    precision,
  }).seconds;
  const share = cachedFeatures ? frozenShare(member, frozenStages) : 0;
  const boundaryPerImage = (share * forward) / batchSize;
  const newImage = costs.decodeSecondsPerImage + boundaryPerImage;
  const evaluated = Math.min(counts.validationImages, costs.evaluatedImages);
  const evaluation = (evaluated * (1 - share) * forward) / batchSize;
  const preparing =
    (batchSize * inputSize ** 2 * costs.augmentSecondsPerPixel[regime.augmentation]) / Math.max(1, costs.workers);
  const perStep = step.seconds + (cachedFeatures ? 0 : preparing);
  const fitted = fittedImages(regime, counts.trainImages);
  const fitting = (fitted * (1 - share) * forward) / batchSize + costs.headFitSeconds * (fitted / mostFitted) ** 2;
  const fixed =
    costs.startSeconds +
    fitting +
    costs.firstStepExtra * step.seconds +
    counts.validationImages * newImage +
    costs.evaluations * evaluation;
  const secondsOf = (steps: number) =>
    fixed + steps * perStep + Math.min(counts.trainImages, fitted + steps * batchSize) * newImage;
  const stepsWithin = (seconds: number): number => {
    const left = seconds - fixed - fitted * newImage;
    if (!(left > 0)) return 0;
    const firstPass = left / (perStep + batchSize * newImage);
    if (fitted + firstPass * batchSize <= counts.trainImages) return Math.floor(firstPass);
    return Math.floor((left - (counts.trainImages - fitted) * newImage) / perStep);
  };
  return { seconds: secondsOf(regime.steps), deviation: step.deviation, stepsWithin, secondsOf };
}
