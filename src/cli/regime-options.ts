import type { Command } from 'commander';
import type { Regime } from '../planner/types.ts';
import { decimal, integer, oneOf, share } from './options.ts';
import type { RegimeOverrides } from './requests.ts';

interface RegimeOption {
  readonly flag: string;
  readonly placeholder: string;
  readonly help: string;
  readonly parse: (text: string) => number | string;
}

const number = (flag: string, help: string, parse: RegimeOption['parse']): RegimeOption => ({
  flag,
  placeholder: 'n',
  help,
  parse,
});

const words = (flag: string, help: string, choices: readonly string[]): RegimeOption => ({
  flag,
  placeholder: 'word',
  help: `${help}: ${choices.join(', ')}`,
  parse: oneOf(flag, choices),
});

/** One option for each choice of a regime; the keys are the regime's own. */
export const regimeOptions = {
  inputSize: number(
    '--input-size',
    'side of the square input in pixels',
    integer('--input-size', { min: 16, max: 512 }),
  ),
  batchSize: number('--batch-size', 'images a step', integer('--batch-size', { min: 1, max: 1024 })),
  steps: number('--steps', 'training steps', integer('--steps', { min: 1, max: 10_000_000 })),
  frozenStages: number(
    '--frozen-stages',
    'first stages that are not trained',
    integer('--frozen-stages', { min: 0, max: 64 }),
  ),
  normStatistics: words('--norm-statistics', 'statistics of trained batch norms', ['batch', 'stored']),
  headStart: words('--head-start', 'what the head starts from', ['random', 'fitted']),
  optimizer: words('--optimizer', 'optimizer', ['sgd', 'adamw']),
  learningRate: number('--learning-rate', 'peak learning rate', decimal('--learning-rate', { min: 1e-7, max: 10 })),
  layerDecay: number(
    '--layer-decay',
    'learning rate of a stage over that of the next, 1 for all the same',
    decimal('--layer-decay', { min: 0.1, max: 1 }),
  ),
  weightDecay: number('--weight-decay', 'weight decay', decimal('--weight-decay', { min: 0, max: 1 })),
  schedule: words('--schedule', 'learning-rate schedule', ['cosine', 'step', 'constant']),
  warmupShare: number(
    '--warmup-share',
    'share of the steps that warm up',
    share('--warmup-share', { min: 0, max: 0.9 }),
  ),
  augmentation: words('--augmentation', 'augmentation', ['none', 'light', 'medium', 'strong']),
  mix: words('--mix', 'blending of images', ['none', 'mixup', 'cutmix']),
  labelSmoothing: number('--label-smoothing', 'label smoothing', decimal('--label-smoothing', { min: 0, max: 0.5 })),
  dropout: number(
    '--dropout',
    'share of the features that drop out before the head',
    decimal('--dropout', { min: 0, max: 0.9 }),
  ),
  ema: number('--ema', "decay of the weights' moving average, 0 for none", decimal('--ema', { min: 0, max: 0.99999 })),
  startShare: number(
    '--start-share',
    'share of the weights that training began with in those that come out of it',
    share('--start-share', { min: 0, max: 1 }),
  ),
  precision: words('--precision', 'precision', ['fp32', 'bf16']),
} as const satisfies Record<keyof Regime, RegimeOption>;

/** Adds them under a heading of their own; `without` names choices that cannot be made there. */
export function addRegimeOptions(command: Command, without: readonly (keyof Regime)[] = []): Command {
  command.optionsGroup('Choices of the regime (the planner makes those not given):');
  for (const [choice, option] of Object.entries(regimeOptions)) {
    if (without.some((name) => name === choice)) continue;
    command.option(`${option.flag} <${option.placeholder}>`, option.help, option.parse);
  }
  return command;
}

/** The choices that were made, out of a command's options. */
// the parsers above produce exactly the types of the regime's fields
export const regimeOverrides = (options: Readonly<Record<string, unknown>>): RegimeOverrides =>
  Object.fromEntries(
    Object.keys(regimeOptions).flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]])),
  );
