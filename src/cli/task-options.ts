import { stat } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { parseDuration } from '../lib/duration.ts';
import { hasCode, InputError } from '../lib/errors.ts';
import type { Regime } from '../planner/types.ts';
import { decimal, integer, oneOf, share } from './options.ts';
import type { PlanRequest, RegimeOverrides } from './requests.ts';

/** Options that `tune` and `plan` share, as commander gives them. */
export interface TaskOptions extends Record<string, unknown> {
  readonly budget: number;
  readonly zoo?: string;
  readonly seed: number;
  readonly valShare: number;
  readonly maxDamaged: number;
  readonly member?: string;
  readonly withoutExperienceOf?: string;
}

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
const regimeOptions = {
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
  optimizer: words('--optimizer', 'optimizer', ['sgd', 'adamw']),
  learningRate: number('--learning-rate', 'peak learning rate', decimal('--learning-rate', { min: 1e-7, max: 10 })),
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
  ema: number('--ema', "decay of the weights' moving average, 0 for none", decimal('--ema', { min: 0, max: 0.99999 })),
  precision: words('--precision', 'precision', ['fp32', 'bf16']),
} as const satisfies Record<keyof Regime, RegimeOption>;

/** Adds the options of a task, the regime's under a heading of their own. */
export function addTaskOptions(command: Command): Command {
  command
    .addOption(
      new Option('--budget <time>', 'active time to spend, such as 90s, 5m, 1h30m')
        .argParser((text) => parseDuration(text, 'budget'))
        .default(300, '5m'),
    )
    .option('--zoo <folder>', 'zoo to choose from (default: the shipped one and your imported members)')
    .option('--member <name>', 'choose only this member of the zoo')
    .option('--without-experience-of <name>', 'plan as if no run on the data set of that name were known')
    .option('--seed <n>', 'seed of everything random', integer('--seed', { min: 0, max: 4_294_967_295 }), 0)
    .option(
      '--val-share <share>',
      'share of the images that validates, where the data has no split of its own',
      share('--val-share', { min: 0.01, max: 0.9 }),
      0.2,
    )
    .option(
      '--max-damaged <share>',
      'share of unusable files from which on the data is refused',
      share('--max-damaged', { min: 0, max: 1 }),
      0.2,
    );
  command.optionsGroup('Choices of the regime (the planner makes those not given):');
  for (const option of Object.values(regimeOptions)) {
    command.option(`${option.flag} <${option.placeholder}>`, option.help, option.parse);
  }
  return command;
}

/** The part of a request that `tune` and `plan` share. Throws InputError where there is nothing at `path`. */
export async function taskRequest(path: string, options: TaskOptions): Promise<PlanRequest> {
  await requirePath(
    path,
    'data set',
    'Give the path of a folder with one folder of images per class, or of an archive.',
  );
  return {
    path,
    budgetSeconds: options.budget,
    zoo: options.zoo,
    seed: options.seed,
    validationShare: options.valShare,
    maxDamagedShare: options.maxDamaged,
    member: options.member,
    withoutExperienceOf: options.withoutExperienceOf,
    regime: regimeOverrides(options),
  };
}

// the parsers above produce exactly the types of the regime's fields
const regimeOverrides = (options: TaskOptions): RegimeOverrides =>
  Object.fromEntries(
    Object.keys(regimeOptions).flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]])),
  );

/** Throws InputError where nothing can be read at `path`. */
export async function requirePath(path: string, what: string, remedy: string): Promise<void> {
  try {
    await stat(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) {
      throw new InputError(`There is no ${what} at "${path}".`, remedy);
    }
    throw new InputError(`The ${what} at "${path}" cannot be read: ${reason(error)}.`, remedy);
  }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
