import { stat } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { parseDuration } from '../lib/duration.ts';
import { hasCode, InputError } from '../lib/errors.ts';
import { defaultPredictorName, type PredictorName, predictors } from '../planner/predictors/table.ts';
import { type Preference, preferences } from '../planner/types.ts';
import { integer, share } from './options.ts';
import { addRegimeOptions, regimeOverrides } from './regime-options.ts';
import type { PlanRequest } from './requests.ts';

/** Options that `tune` and `plan` share, as commander gives them. */
export interface TaskOptions extends Record<string, unknown> {
  readonly budget: number;
  readonly targetAccuracy?: number;
  readonly prefer: Preference;
  readonly zoo?: string;
  readonly seed: number;
  readonly valShare: number;
  readonly maxDamaged: number;
  readonly member?: string;
  readonly predictor: PredictorName;
  readonly withoutExperienceOf?: string;
}

export const preferOption = (): Option =>
  new Option(
    '--prefer <what>',
    'what plans are ranked by: expected accuracy, less a part of its uncertainty, or all of it',
  )
    .choices(preferences)
    .default('balanced');

export const replanOption = (): Option =>
  new Option('--replan', 'cut the schedule or switch to a runner-up where the run falls out of its prediction');

/** Adds the options of a task, the regime's under a heading of their own. */
export function addTaskOptions(command: Command): Command {
  command
    .addOption(
      new Option('--budget <time>', 'active time to spend, such as 90s, 5m, 1h30m')
        .argParser((text) => parseDuration(text, 'budget'))
        .default(300, '5m'),
    )
    .option(
      '--target-accuracy <share>',
      'plan the shortest run that is expected to reach it, such as 0.9, in place of the most accurate one',
      share('--target-accuracy', { min: 0.001, max: 1 }),
    )
    .addOption(preferOption())
    .option('--zoo <folder>', 'zoo to choose from (default: the shipped one and your imported members)')
    .option('--member <name>', 'choose only this member of the zoo')
    .addOption(
      new Option('--predictor <name>', 'model of past runs that foresees the accuracy')
        .choices(Object.keys(predictors))
        .default(defaultPredictorName),
    )
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
  return addRegimeOptions(command);
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
    predictor: options.predictor,
    withoutExperienceOf: options.withoutExperienceOf,
    regime: regimeOverrides(options),
    targetAccuracy: options.targetAccuracy,
    prefer: options.prefer,
  };
}

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
