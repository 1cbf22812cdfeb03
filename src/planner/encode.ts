import { bounded, logit } from './logit.ts';
import { type PriorTerms, priorTerms, type RunDescription } from './prior.ts';

const log = (value: number): number => Math.log(bounded(value, 1e-9, 1e12));

const epochsOf = ({ features, regime }: RunDescription): number =>
  (regime.steps * regime.batchSize) / Math.max(1, features.images);
const headOnly = ({ member, regime }: RunDescription): number => Number(regime.frozenStages >= member.stages);
const frozenShare = ({ member, regime }: RunDescription): number => regime.frozenStages / Math.max(1, member.stages);
const startLogit = ({ features }: RunDescription): number =>
  logit(features.nearestMeanAccuracy + 1 / Math.max(2, features.classes));
/** Logarithm of the learning rate over an ordinary one of its optimizer. */
const relativeRate = ({ optimizer, learningRate }: RunDescription['regime']): number =>
  log(learningRate / (optimizer === 'adamw' ? 1e-3 : 0.02));
const is = (condition: boolean): number => (condition ? 1 : 0);

/** What predictors see of a run, one entry a number; all are bounded. The first is the prior that they correct. */
const inputs: Readonly<Record<string, (run: RunDescription, terms: PriorTerms) => number>> = {
  prior: (_, { untrained, head, training }) => untrained + head + training,
  priorHead: (_, { head }) => head,
  priorTraining: (_, { training }) => training,
  priorScaleLoss: (_, { scaleLoss }) => scaleLoss,
  rateFit: (_, { fit }) => fit,

  logImages: ({ features }) => log(features.images),
  logClasses: ({ features }) => log(features.classes),
  logImagesPerClass: ({ features }) => log(features.imagesPerClassMean),
  imbalance: ({ features }) => features.imagesPerClassDeviation / Math.max(1, features.imagesPerClassMean),
  logResolution: ({ features }) => log(features.resolution),
  colourShare: ({ features }) => features.colourShare,
  pixelMean: ({ features }) => features.pixelMean,
  pixelDeviation: ({ features }) => features.pixelDeviation,
  // the evidence of features that say nothing depends on the number of classes: taken off
  separability: ({ features }) =>
    features.separability + (Math.log((2 * Math.PI) / Math.max(2, features.classes)) + 1) / 2,
  startLogit,

  logParameters: ({ member }) => log(member.parametersM),
  logMacs: ({ member }) => log(member.macsM),
  memberLogit: ({ member }) => logit(member.accuracy),
  logNativeSize: ({ member }) => log(member.nativeSize),

  relativeSize: ({ member, regime }) => Math.log2(regime.inputSize / Math.max(1, member.nativeSize)),
  relativeSizeSquared: ({ member, regime }) => Math.log2(regime.inputSize / Math.max(1, member.nativeSize)) ** 2,
  sizeOfResolution: ({ features, regime }) => log(regime.inputSize / Math.max(1, features.resolution)),
  logBatch: ({ regime }) => log(regime.batchSize),
  logSteps: ({ regime }) => log(regime.steps),
  logEpochs: (run) => log(epochsOf(run)),
  logSamples: ({ regime }) => log(regime.steps * regime.batchSize),
  frozenShare,
  headOnly,
  storedStatistics: (run) => (1 - headOnly(run)) * is(run.regime.normStatistics === 'stored'),
  fittedHead: ({ regime }) => is(regime.headStart === 'fitted'),
  rateOfFitted: ({ regime }) => is(regime.headStart === 'fitted') * relativeRate(regime),
  rateOfStored: ({ regime }) => is(regime.normStatistics === 'stored') * relativeRate(regime),
  epochsOfFitted: (run) => is(run.regime.headStart === 'fitted') * log(epochsOf(run)),
  adamw: ({ regime }) => is(regime.optimizer === 'adamw'),
  logRateSgd: ({ regime }) => (regime.optimizer === 'sgd' ? relativeRate(regime) : 0),
  logRateAdamw: ({ regime }) => (regime.optimizer === 'adamw' ? relativeRate(regime) : 0),
  rateSquaredSgd: ({ regime }) => (regime.optimizer === 'sgd' ? relativeRate(regime) ** 2 : 0),
  rateSquaredAdamw: ({ regime }) => (regime.optimizer === 'adamw' ? relativeRate(regime) ** 2 : 0),
  logLayerDecay: ({ regime }) => log(regime.layerDecay),
  weightDecay: ({ regime }) => is(regime.weightDecay > 0),
  cosine: ({ regime }) => is(regime.schedule === 'cosine'),
  constant: ({ regime }) => is(regime.schedule === 'constant'),
  warmup: ({ regime }) => regime.warmupShare,
  augmented: ({ regime }) => is(regime.augmentation !== 'none'),
  mediumOrStrong: ({ regime }) => is(regime.augmentation === 'medium' || regime.augmentation === 'strong'),
  strong: ({ regime }) => is(regime.augmentation === 'strong'),
  mixup: ({ regime }) => is(regime.mix === 'mixup'),
  cutmix: ({ regime }) => is(regime.mix === 'cutmix'),
  labelSmoothing: ({ regime }) => regime.labelSmoothing,
  dropout: ({ regime }) => regime.dropout,
  averaged: ({ regime }) => is(regime.ema > 0),
  startShare: ({ regime }) => regime.startShare,
  startShareSquared: ({ regime }) => regime.startShare ** 2,
  bf16: ({ regime }) => is(regime.precision === 'bf16'),

  epochsOfHead: (run) => headOnly(run) * log(epochsOf(run)),
  startOfHead: (run) => headOnly(run) * startLogit(run),
  memberOfFrozen: (run) => frozenShare(run) * logit(run.member.accuracy),
  epochsAugmented: (run) => is(run.regime.augmentation !== 'none') * log(epochsOf(run)),
};

const functions = Object.values(inputs);

/** Names of the predictor's inputs, in order. */
export const inputNames: readonly string[] = Object.keys(inputs);

/** Index of the prior's log odds among the inputs. */
export const priorIndex = 0;

const largest = 50;

/** The predictor's view of a run; always finite, each input within +-50. */
export function encode(run: RunDescription): Float64Array {
  const x = new Float64Array(functions.length);
  const terms = priorTerms(run);
  for (let i = 0; i < x.length; i++) {
    const value = functions[i]?.(run, terms) ?? 0;
    x[i] = Number.isNaN(value) ? 0 : bounded(value, -largest, largest);
  }
  return x;
}
