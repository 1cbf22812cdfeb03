import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { InputError } from '../../src/lib/errors.ts';
import { shippedZooDir } from '../../src/nas/zoo.ts';
import { type DatasetName, datasetNames } from './datasets.ts';
import { type ArmName, armNames } from './runs.ts';

const wantedBudgets = [60, 180] as const;

export interface Options {
  readonly datasets: readonly DatasetName[];
  /** In seconds. */
  readonly budgets: readonly number[];
  readonly arms: readonly ArmName[];
  readonly repeats: number;
  readonly zoo: { readonly folder: string; readonly isOther: boolean };
  /** File of runs to go on with. */
  readonly keep: string | undefined;
  /** Whether everything is measured that the benchmark is for: only then is its result kept. */
  readonly isWhole: boolean;
}

/** Throws InputError where an argument is wrong. */
export function parseOptions(args: readonly string[]): Options {
  const values = parse(args);
  const datasets = words('--datasets', values.datasets, datasetNames);
  const arms = words('--arms', values.arms, armNames);
  const budgets = values.budgets?.split(',').map((text) => positive('--budgets', text)) ?? wantedBudgets;
  const isWhole =
    values.zoo === undefined &&
    datasets.length === datasetNames.length &&
    arms.length === armNames.length &&
    wantedBudgets.every((seconds) => budgets.includes(seconds));
  return {
    ...{ datasets, arms, isWhole, budgets: [...new Set(budgets)] },
    repeats: Math.ceil(positive('--repeats', values.repeats ?? '1')),
    zoo: { folder: resolve(values.zoo ?? shippedZooDir()), isOther: values.zoo !== undefined },
    keep: values.keep,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...{ datasets: { type: 'string' }, budgets: { type: 'string' }, arms: { type: 'string' } },
        ...{ repeats: { type: 'string' }, zoo: { type: 'string' } },
        ...{ keep: { type: 'string' }, strict: { type: 'boolean' } },
      },
    }).values;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `${message.split('. ')[0]}.`,
      'There are --datasets, --budgets, --arms, --repeats, --zoo, --keep and --strict.',
    );
  }
}

function words<T extends string>(option: string, text: string | undefined, all: readonly T[]): readonly T[] {
  if (text === undefined) return all;
  const given = text.split(',');
  const unknown = given.find((word) => !all.some((one) => one === word));
  if (unknown === undefined) return all.filter((word) => given.includes(word));
  throw new InputError(`"${unknown}" of ${option} is unknown.`, `Give a list of ${all.join(',')}.`);
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InputError(`"${text}" of ${option} is no number above 0.`, 'Give seconds or counts, such as 60,180.');
}
