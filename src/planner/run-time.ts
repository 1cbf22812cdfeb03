import { frozenShare } from './step-cost.ts';
import type { Timing } from './timing.ts';
import {
  type AugmentationLevel,
  evaluatedImages,
  evaluationLimits,
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
  /** Preparing one training image in the workers, per pixel of the input; a worker's time, shared by `workers`. */
  readonly augmentSecondsPerPixel: Readonly<Record<AugmentationLevel, number>>;
  readonly workers: number;
}

/** Of an ordinary 2-core machine and photographs of some hundred pixels; the profile replaces what it measured. */
export const defaultRunCosts: RunCosts = {
  decodeSecondsPerImage: 0.0015,
  startSeconds: 1.5,
  headFitSeconds: 1,
  firstStepExtra: 3,
  evaluations: 4,
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
  /** Seconds of all evaluations within a run of that many steps. */
  const evaluating = (steps: number) =>
    (costs.evaluations * evaluatedImages({ steps, batchSize }, counts.validationImages) * (1 - share) * forward) /
    batchSize;
  const preparing =
    (batchSize * inputSize ** 2 * costs.augmentSecondsPerPixel[regime.augmentation]) / Math.max(1, costs.workers);
  const perStep = step.seconds + (cachedFeatures ? 0 : preparing);
  const fitted = fittedImages(regime, counts.trainImages);
  const fitting = (fitted * (1 - share) * forward) / batchSize + (costs.headFitSeconds * fitted) / mostFitted;
  const fixed = costs.startSeconds + fitting + costs.firstStepExtra * step.seconds + counts.validationImages * newImage;
  const secondsOf = (steps: number) =>
    fixed + evaluating(steps) + steps * perStep + Math.min(counts.trainImages, fitted + steps * batchSize) * newImage;
  /** Steps of `each` seconds within what `fixedSeconds` leave. */
  const within = (seconds: number, fixedSeconds: number, each: number): number => {
    const left = seconds - fixedSeconds - fitted * newImage;
    if (!(left > 0)) return 0;
    const firstPass = left / (each + batchSize * newImage);
    if (fitted + firstPass * batchSize <= counts.trainImages) return Math.floor(firstPass);
    return Math.floor((left - (counts.trainImages - fitted) * newImage) / each);
  };
  // the images of an evaluation are as many for few steps, rise with them, and are as many again for many
  const [few, many] = evaluationLimits(batchSize, counts.validationImages);
  const slope = many > few ? (evaluating(many) - evaluating(few)) / (many - few) : 0;
  const stepsWithin = (seconds: number): number => {
    const short = within(seconds, fixed + evaluating(few), perStep);
    if (short <= few) return short;
    const middle = within(seconds, fixed + evaluating(few) - slope * few, perStep + slope);
    if (middle <= many) return Math.max(middle, Math.floor(few));
    return Math.max(within(seconds, fixed + evaluating(many), perStep), Math.floor(many));
  };
  return { seconds: secondsOf(regime.steps), deviation: step.deviation, stepsWithin, secondsOf };
}
