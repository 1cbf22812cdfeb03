import type { Regime } from '../planner/types.ts';

/** A share as people read it: `0.9137` -> `91.4 %`. */
export const percent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)} %`;

/** `12345.6` -> `12,346`. */
export const count = (n: number): string => Math.round(n).toLocaleString('en-US');

/** Short but exact enough to type again: `0.0008`, `0.05`, `1e-5`. */
export const compact = (n: number): string => String(Number(n.toPrecision(3)));

const augmentationWords: Readonly<Record<Regime['augmentation'], string>> = {
  none: 'no augmentation',
  light: 'light augmentation',
  medium: 'medium augmentation',
  strong: 'strong augmentation',
};

const optimizerWords: Readonly<Record<Regime['optimizer'], string>> = { sgd: 'SGD with momentum', adamw: 'AdamW' };

/** Which part of the network learns, of `stages` that can be frozen. */
export function frozenWords(frozenStages: number, stages: number | undefined): string {
  if (frozenStages === 0) return 'the whole network';
  if (stages !== undefined && frozenStages >= stages) return 'the head only';
  const of = stages === undefined ? '' : ` of ${stages}`;
  return `all but the first ${frozenStages === 1 ? 'stage' : `${frozenStages} stages`}${of}`;
}

/** A regime as label and value, one for each choice. `stages` is the member's number of stages where it is known. */
export function regimeFacts(regime: Regime, stages?: number): readonly (readonly [string, string])[] {
  const warmup = regime.warmupShare > 0 ? `, ${percent(regime.warmupShare, 0)} warm-up` : '';
  const mix = regime.mix === 'none' ? '' : `, ${regime.mix}`;
  const decay = regime.layerDecay < 1 ? `, times ${compact(regime.layerDecay)} for each stage towards the input` : '';
  return [
    ['Input', `${regime.inputSize} × ${regime.inputSize} px`],
    ['Trained', frozenWords(regime.frozenStages, stages)],
    ['Batch norms', regime.normStatistics === 'stored' ? 'by their stored statistics' : "by each batch's statistics"],
    ['Head', regime.headStart === 'fitted' ? 'fitted to features first' : 'from random numbers'],
    ['Steps', `${count(regime.steps)} of ${regime.batchSize} images`],
    ['Optimizer', `${optimizerWords[regime.optimizer]}, weight decay ${compact(regime.weightDecay)}`],
    ['Learning rate', `${compact(regime.learningRate)}, ${regime.schedule} schedule${warmup}${decay}`],
    ['Augmentation', `${augmentationWords[regime.augmentation]}${mix}`],
    ['Label smoothing', regime.labelSmoothing > 0 ? compact(regime.labelSmoothing) : 'none'],
    ['Dropout', regime.dropout > 0 ? percent(regime.dropout, 0) : 'none'],
    ['Weight average', regime.ema > 0 ? `decay ${compact4(regime.ema)}` : 'none'],
    [
      'Final weights',
      regime.startShare > 0 ? `${percent(regime.startShare, 0)} of the way back to their start` : 'as trained',
    ],
    ['Precision', regime.precision],
  ];
}

/** A regime in one sentence. */
export function regimeSentence(regime: Regime, stages?: number): string {
  const mix = regime.mix === 'none' ? '' : ` and ${regime.mix}`;
  return (
    `Train ${frozenWords(regime.frozenStages, stages)} at ${regime.inputSize} px for ${count(regime.steps)} steps of ` +
    `${regime.batchSize} images with ${optimizerWords[regime.optimizer]}, learning rate ${compact(regime.learningRate)} ` +
    `(${regime.schedule}), ${augmentationWords[regime.augmentation]}${mix}.`
  );
}

// three digits would round 0.9995 to 1
const compact4 = (n: number): string => String(Number(n.toPrecision(5)));
