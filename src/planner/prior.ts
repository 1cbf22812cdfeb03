import { bounded, logit } from './logit.ts';
import { type AugmentationLevel, type DatasetFeatures, fittedImages, type MemberFacts, type Regime } from './types.ts';

/** A run as it is planned: all that is known of it beforehand. */
export interface RunDescription {
  readonly features: DatasetFeatures;
  readonly member: MemberFacts;
  readonly regime: Regime;
}

/** A pre-trained accuracy at which a member adds and takes nothing; the smallest member, which separates the classes, has about it. */
const ordinaryAccuracy = 0.4;

/** How augmentation stretches training (epochs that count for one) and how far it lifts where training leads. */
const augmentationEffects: Readonly<Record<AugmentationLevel, { readonly stretch: number; readonly lift: number }>> = {
  none: { stretch: 0.8, lift: 0.85 },
  light: { stretch: 1, lift: 1 },
  medium: { stretch: 1.25, lift: 1.05 },
  strong: { stretch: 1.6, lift: 1.08 },
};

/** The terms of the prior, in log odds but for the first; predictors may weigh each anew. */
export interface PriorTerms {
  /** Share of the gains that the learning rate leaves, 0 to 1. */
  readonly fit: number;
  /** Chance. */
  readonly untrained: number;
  /** From chance to where the head settles on unchanged features, as far as the run gets. */
  readonly head: number;
  /** Gained by training beyond that. */
  readonly training: number;
  /** Lost by the input size; part of `head` already. */
  readonly scaleLoss: number;
}

/**
 * What anybody who fine-tunes networks believes before any experience, as a small formula in log odds of the accuracy.
 * Predictors learn a correction on top, so an empty experience still gives a sane plan and a few runs are not wasted on
 * the obvious. It rises with training (with diminishing return), the member's own accuracy and the separability, and
 * falls away from a sound learning rate and input size. The constants are rules of thumb, not fitted to anything.
 */
export function priorLogit(run: RunDescription): number {
  const { untrained, head, training } = priorTerms(run);
  return untrained + head + training;
}

export function priorTerms({ features, member, regime }: RunDescription): PriorTerms {
  const chance = 1 / Math.max(2, features.classes);
  const untrained = logit(chance);
  // the nearest class mean in the smallest member is soon reached by any head
  const nearestMean = logit(Math.max(chance, features.nearestMeanAccuracy + chance));
  const quality = logit(member.accuracy) - logit(ordinaryAccuracy);
  const lost = scaleLoss(features, member, regime);
  const settled = Math.max(0.1, nearestMean + quality - untrained - lost);
  const fit = rateFit(member, regime);
  return {
    fit,
    untrained,
    head: settled * headProgress(features, regime) * fit ** 0.5,
    training: gainOfTraining(features, member, regime) * fit,
    scaleLoss: lost,
  };
}

/** Share of the way that a new head has gone from chance to where it settles on unchanged features. */
function headProgress(features: DatasetFeatures, regime: Regime): number {
  const { steps, batchSize } = regime;
  // each image of a fit in closed form says as much as in several visits
  const fittedPerClass = fittedImages(regime, features.images) / Math.max(1, features.classes);
  const seenPerClass = (steps * batchSize) / Math.max(1, features.classes);
  const trained = (1 - Math.exp(-seenPerClass / 40)) * (1 - Math.exp(-steps / 30));
  return Math.max(trained, 1 - Math.exp(-fittedPerClass / 10));
}

/** Log odds gained over the nearest class mean. */
function gainOfTraining(features: DatasetFeatures, member: MemberFacts, regime: Regime): number {
  const epochs = (regime.steps * regime.batchSize) / Math.max(1, features.images);
  const trainedShare = 1 - regime.frozenStages / Math.max(1, member.stages);
  const { stretch, lift } = augmentationEffects[regime.augmentation];
  const mixing = regime.mix === 'none' ? 1 : 1.3;
  // few images a class: the whole network has little to learn from
  const plenty = bounded(Math.log10(Math.max(1, features.imagesPerClassMean)) / 3, 0.1, 1);
  const ceiling = lift * (0.5 + 2 * plenty * trainedShare ** 0.5);
  // a head settles within some epochs, a network takes longer; no run gets far in a few dozen steps
  // with a head that fits, every step from the first on changes what matters
  const start = regime.headStart === 'fitted' ? 0.4 : 1;
  const patience = start * (3 + 5 * trainedShare) * stretch * mixing;
  const progress =
    (1 - Math.exp(-epochs / patience)) * (1 - Math.exp(-regime.steps / (start * (40 + 60 * trainedShare))));
  const schedule = { cosine: 1, step: 0.98, constant: 0.92 }[regime.schedule];
  return ceiling * progress * schedule;
}

/** Share of the gain that the learning rate leaves: 1 at a sound rate, half about a decade away from it. */
function rateFit(member: MemberFacts, regime: Regime): number {
  const { optimizer, batchSize, learningRate, frozenStages } = regime;
  const forNetwork = optimizer === 'adamw' ? 1e-3 * Math.sqrt(batchSize / 32) : 0.02 * (batchSize / 32) ** 0.75;
  // a head that fits already is not to be shaken
  const fitted = regime.headStart === 'fitted' ? 1 / 3 : 1;
  const sound = fitted * (frozenStages < member.stages ? forNetwork : forNetwork * 6);
  const decades = Math.log10(Math.max(1e-9, learningRate) / sound);
  return Math.exp(-0.7 * decades ** 2);
}

/** Loss by reading at a scale the member was not trained for, or by throwing detail away. */
function scaleLoss(features: DatasetFeatures, member: MemberFacts, regime: Regime): number {
  const octaves = Math.log2(regime.inputSize / Math.max(1, member.nativeSize));
  const scale = octaves < 0 ? 0.4 * octaves ** 2 - 0.2 * octaves : 0.3 * octaves ** 2 - 0.3 * octaves;
  const detailLost = Math.log2(Math.max(1, Math.min(features.resolution, 256) / regime.inputSize));
  return scale + 0.1 * detailLost;
}
