import type { MemberInfo } from '../nas/member.ts';

export type { MemberInfo, StepTime } from '../nas/member.ts';

/** Features of a data set that a plan is based on. All are cheap: counts, a sample of pixels, one forward pass. */
export interface DatasetFeatures {
  /** Training images. */
  readonly images: number;
  readonly classes: number;
  readonly imagesPerClassMean: number;
  readonly imagesPerClassDeviation: number;
  /** Median of the shorter sides in pixels, before any scaling. */
  readonly resolution: number;
  /** Share of the sampled images that are not grey, 0 to 1. */
  readonly colourShare: number;
  /** Mean and standard deviation of the pixels of the sample, 0 to 1, over all channels. */
  readonly pixelMean: number;
  readonly pixelDeviation: number;
  /** LogME of the sample's features in the zoo's smallest member (You et al., ICML 2021). */
  readonly separability: number;
  /** Leave-one-out nearest-class-mean accuracy of the sample in the same features, 0 to 1, minus chance. */
  readonly nearestMeanAccuracy: number;
}

/** Every choice of one fine-tuning run but the network. */
export interface Regime {
  /** Side of the square input in pixels. */
  readonly inputSize: number;
  readonly batchSize: number;
  readonly steps: number;
  /** 0 trains everything; the member's `stages` trains the head alone. */
  readonly frozenStages: number;
  /** What the batch norms of trained stages go by: each batch's own statistics, or those that they were pre-trained with. */
  readonly normStatistics: 'batch' | 'stored';
  /** What the head starts from: random numbers, or a fit in closed form to the features of some training images. */
  readonly headStart: 'random' | 'fitted';
  readonly optimizer: 'sgd' | 'adamw';
  /** Peak learning rate at the end of the warm-up. */
  readonly learningRate: number;
  /** Learning rate of a stage over that of the stage after it; the head has the whole. 1: all have the same. */
  readonly layerDecay: number;
  readonly weightDecay: number;
  readonly schedule: 'cosine' | 'step' | 'constant';
  readonly warmupShare: number;
  readonly augmentation: AugmentationLevel;
  /** Share of batches blended by mixup or cutmix, 0 to 1. */
  readonly mix: 'none' | 'mixup' | 'cutmix';
  readonly labelSmoothing: number;
  /** Share of the pooled features that drop out before the head. */
  readonly dropout: number;
  /** Decay of the weights' moving average; 0 switches it off. */
  readonly ema: number;
  /** Share of the weights that training began with in those that come out of it, 0 to 1. */
  readonly startShare: number;
  readonly precision: 'fp32' | 'bf16';
}

/** What runs had before a regime chose it: records of them lack it. */
export const addedChoices = {
  normStatistics: 'batch',
  headStart: 'random',
  layerDecay: 1,
  dropout: 0,
  startShare: 0,
} as const satisfies Partial<Regime>;

export type AugmentationLevel = 'none' | 'light' | 'medium' | 'strong';

/**
 * Whether a run computes the activations at the end of its frozen stages once and reuses them: nothing may change an
 * image between two visits. The trainer and the planner both ask here.
 */
export const usesCachedFeatures = (regime: Pick<Regime, 'frozenStages' | 'augmentation' | 'mix'>): boolean =>
  regime.frozenStages > 0 && regime.augmentation === 'none' && regime.mix === 'none';

/** Training images to whose features a head is fitted at most. */
export const mostFitted = 2048;
/** The same where activations are not cached: to read more costs more than it brings. */
const mostFittedApart = 768;

/** How many training images the fit of the head takes; 0 where it starts at random. The trainer and the planner ask here. */
export function fittedImages(
  regime: Pick<Regime, 'headStart' | 'frozenStages' | 'augmentation' | 'mix'>,
  trainImages: number,
): number {
  if (regime.headStart !== 'fitted') return 0;
  return Math.min(trainImages, usesCachedFeatures(regime) ? mostFitted : mostFittedApart);
}

/** Of the images that a run trains on: four evaluations of so many take a twenty-fifth of its time. */
const evaluatedShare = 0.03;
const [fewestEvaluated, mostEvaluated] = [100, 1000] as const;

/** Validation images of each evaluation within a run: enough for a curve, and few enough to cost little. */
export function evaluatedImages({ steps, batchSize }: Pick<Regime, 'steps' | 'batchSize'>, images: number): number {
  return Math.min(images, mostEvaluated, Math.max(fewestEvaluated, evaluatedShare * steps * batchSize));
}

/** Steps up to which as few images as possible are evaluated, and those from which on as many. */
export const evaluationLimits = (batchSize: number, images: number): readonly [fewest: number, most: number] => [
  Math.min(images, fewestEvaluated) / (evaluatedShare * batchSize),
  Math.min(images, mostEvaluated) / (evaluatedShare * batchSize),
];

/** What the predictor expects, or what a run showed. */
export interface Prediction {
  /** Top-1 accuracy on the validation split, 0 to 1, with an interval of the plan's `coverage`. */
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
  /** Active seconds of decoding, training and evaluation, without profile and planning. */
  readonly seconds: number;
}

export interface Choice {
  readonly member: string;
  readonly regime: Regime;
  readonly predicted: Prediction;
}

/**
 * By what candidates are ranked: the expected accuracy; that less what is doubted of it and a part of the interval's lower
 * half, for the best of thousands of guesses is a lucky guess; or less all of the lower half, where a bad run costs most.
 */
export type Preference = (typeof preferences)[number];
export const preferences = ['mean', 'balanced', 'lower-bound'] as const;

/** `Low`: the data set is unlike all that the predictor has learnt from, and the plan is a safe choice. */
export type Confidence = 'Usual' | 'Low';

/** A data set of finished runs, by its best run. */
export interface PastTask {
  readonly dataset: string;
  /** How many it has: several parts of one data set differ in them. Plans of earlier versions do not say. */
  readonly images?: number;
  readonly member: string;
  readonly accuracy: number;
  /** Active seconds of the run. */
  readonly seconds: number;
  /** From the data set of the plan; below 1 the two are of a kind. */
  readonly distance: number;
}

/** The shortest run to an accuracy was asked for, not the best within the budget. */
export interface Target {
  readonly accuracy: number;
  /** Whether the plan is expected to reach it; else it is the most accurate one. */
  readonly isExpected: boolean;
}

export interface BudgetPoint {
  readonly budgetSeconds: number;
  readonly member: string;
  /** Expected top-1 accuracy, 0 to 1. */
  readonly accuracy: number;
}

/** The best candidate that chooses otherwise in one respect. */
export interface Reason {
  readonly dimension:
    | 'member'
    | 'inputSize'
    | 'frozenStages'
    | 'optimizer'
    | 'augmentation'
    | 'mix'
    | 'batchSize'
    | 'schedule';
  readonly choice: string;
  readonly alternative: string;
  /** Cautious accuracy that it is predicted to lose, 0 to 1. */
  readonly loss: number;
}

export interface Plan extends Choice {
  readonly budgetSeconds: number;
  /** Nominal coverage of the intervals, such as 0.8. */
  readonly coverage: number;
  readonly confidence: Confidence;
  /** Why the confidence is low. */
  readonly doubt?: string;
  /** Data sets of finished runs that are most like this one, three at most. */
  readonly nearest: readonly PastTask[];
  /** What mattered most in the choice, five reasons at most; none where a target was given. */
  readonly reasons: readonly Reason[];
  /** Where the shortest time to an accuracy was asked for. */
  readonly target?: Target;
  /** What smaller and larger budgets would buy, five at most, the smallest first. */
  readonly tradeOff: readonly BudgetPoint[];
  readonly predictor: { readonly name: string; readonly version: number; readonly experiences: number };
  /** Candidates considered, and how many of them fit into the budget. */
  readonly candidates: number;
  readonly fitting: number;
  /** Up to five next best choices of clearly different member or regime. */
  readonly runnersUp: readonly Choice[];
  /** A sample of candidates for the report's plot: seconds against predicted accuracy. */
  readonly cloud: readonly { readonly member: string; readonly seconds: number; readonly accuracy: number }[];
}

/** One finished run, as the predictor learns it. Carries no images and no names of files. */
export interface Experience {
  /** Unique for a run, so that an import merges without doubling. */
  readonly id: string;
  /** ISO 8601. */
  readonly finishedAt: string;
  /** A name for people; never a path. */
  readonly dataset: string;
  readonly features: DatasetFeatures;
  readonly member: MemberFacts;
  readonly regime: Regime;
  readonly budgetSeconds: number;
  readonly accuracy: number;
  readonly activeSeconds: number;
  /** Accuracy on the validation split over active seconds, ascending in time. */
  readonly curve: readonly { readonly seconds: number; readonly accuracy: number }[];
}

/** The part of a member that an experience keeps, so that it stays of use when the zoo changes. */
export type MemberFacts = Pick<
  MemberInfo,
  'name' | 'encoding' | 'parametersM' | 'macsM' | 'nativeSize' | 'accuracy' | 'stages'
>;

/** The part of a member that an experience keeps. */
export const factsOf = ({
  name,
  encoding,
  parametersM,
  macsM,
  nativeSize,
  accuracy,
  stages,
}: MemberFacts): MemberFacts => ({
  ...{ name, encoding, parametersM, macsM, nativeSize, accuracy, stages },
});
