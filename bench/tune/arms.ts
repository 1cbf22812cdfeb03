import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../../src/lib/errors.ts';
import type { TuneResult } from '../../src/train/result.ts';
import { documentOf } from './child.ts';
import type { DriverJob, DriverOutcome } from './driver.ts';
import { type ArmName, type Outcome, type Run, runOf, type Task } from './runs.ts';

export interface ArmContext {
  /** The data set's folder, which carries its name. */
  readonly path: string;
  /** Folder of the zoo, and whether it is another one than nasoa ships. */
  readonly zoo: { readonly folder: string; readonly isOther: boolean };
  /** What was measured so far. */
  readonly runs: readonly Run[];
  /** The peers' interpreter; undefined where no arm needs it. */
  readonly python: string | undefined;
  readonly signal: AbortSignal;
}

export interface Arm {
  readonly title: string;
  /** Whether it runs in the peers' Python. */
  readonly isPeer?: true;
  readonly run: (task: Task, context: ArmContext) => Promise<Outcome>;
}

/** What every program that spends a budget is told. */
interface Launch {
  readonly path: string;
  readonly budgetSeconds: number;
  /** Further arguments. */
  readonly more: readonly string[];
  readonly signal: AbortSignal;
}

/** Every way to spend a budget that is compared; each runs in a process of its own. */
export const arms: Readonly<Record<ArmName, Arm>> = {
  tune: { title: 'nasoa tune', run: tune },
  random: { title: 'same plan, random weights', run: random },
  default: { title: 'default regime, middle member', run: everyday },
  lite0: { title: 'EfficientNet-Lite0, PyTorch', isPeer: true, run: lite(0) },
  lite2: { title: 'EfficientNet-Lite2, PyTorch', isPeer: true, run: lite(2) },
};

export const launcher = fileURLToPath(new URL('../../bin/nasoa.js', import.meta.url));
const driver = fileURLToPath(new URL('driver.ts', import.meta.url));
const peer = fileURLToPath(new URL('lite.py', import.meta.url));

function tune({ dataset, budgetSeconds, repeat }: Task, { path, zoo, signal }: ArmContext): Promise<Outcome> {
  const more = zoo.isOther ? ['--zoo', zoo.folder] : [];
  return nasoaTune({ path, dataset, budgetSeconds, seed: repeat, more, signal });
}

export interface TuneLaunch extends Launch {
  /** Whose experience in the zoo is left out. */
  readonly dataset: string;
  readonly seed: number;
  /** Where the own experience is kept; there is none, and none is kept, where it is missing. */
  readonly dataDir?: string;
}

/** The command line as a user runs it, but that the zoo's experience of this very data set is left out. */
export async function nasoaTune(o: TuneLaunch): Promise<Outcome> {
  const home = await mkdtemp(join(tmpdir(), 'nasoa-bench-tune-'));
  try {
    const args = [
      ...[launcher, 'tune', o.path, '--json', '--quiet'],
      ...['--budget', `${o.budgetSeconds}s`, '--seed', String(o.seed), '--out', join(home, 'out')],
      ...['--without-experience-of', o.dataset, ...o.more],
    ];
    const env = { NASOA_DATA_DIR: o.dataDir ?? join(home, 'data') };
    const { document, wallSeconds } = await documentOf<TuneResult>(process.execPath, args, { env, signal: o.signal });
    const { accuracy, activeSeconds, steps, plan, predicted, replanned, versions } = document;
    return {
      ...{ accuracy, wallSeconds, steps, predicted },
      seconds: activeSeconds,
      member: plan.member,
      regime: plan.regime,
      inputSize: plan.regime.inputSize,
      experiences: plan.predictor.experiences,
      ...(replanned === undefined ? {} : { replanned: replanned.action }),
      versions: { tensorflow: versions['tensorflow'] ?? 'unknown' },
    };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** In the very seconds that `tune` used, its profile and planning included. */
async function random(task: Task, context: ArmContext): Promise<Outcome> {
  const planned = runOf(context.runs, { ...task, arm: 'tune' });
  if (!planned?.regime) {
    throw new InputError(
      'The arm random takes its plan from the arm tune, which was not run.',
      'Add tune to --arms, or leave random out.',
    );
  }
  const { member, regime, seconds } = planned;
  return drive({ seed: task.repeat, seconds, run: { kind: 'random', member, regime } }, context);
}

/** What somebody does who knows the trade but not the data, with all the time there is. */
function everyday(task: Task, context: ArmContext): Promise<Outcome> {
  return drive({ seed: task.repeat, seconds: task.budgetSeconds, run: { kind: 'default' } }, context);
}

/** A run without profile and plan. */
export async function drive(
  job: Omit<DriverJob, 'path' | 'zoo'>,
  { path, zoo, signal }: Pick<ArmContext, 'path' | 'zoo' | 'signal'>,
): Promise<Outcome & DriverOutcome> {
  const whole: DriverJob = { path, zoo: zoo.folder, ...job };
  const args = [driver, JSON.stringify(whole)];
  const { document, wallSeconds } = await documentOf<DriverOutcome>(process.execPath, args, { signal });
  return { ...document, inputSize: document.regime.inputSize, wallSeconds };
}

/** What `lite.py` prints. */
interface LiteOutcome {
  readonly accuracy: number;
  readonly seconds: number;
  readonly steps: number;
  readonly size: number;
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Fine-tuned at each of the input sizes that do best for a few thousand images in that time on two cores, and a head on
 * frozen features: the best by the validation split, which is more than a user of any of them could know beforehand.
 */
function lite(variant: LiteVariant): Arm['run'] {
  return async ({ budgetSeconds, repeat }, { path, python, signal }) => {
    if (python === undefined) throw new Error('EfficientNet-Lite needs the Python of the peers');
    const sizes = budgetSeconds < 100 ? [96, 128] : [128, 160];
    const ways = [...sizes.map((size) => ({ size, mode: 'finetune' })), { size: 128, mode: 'frozen' }];
    let best: Outcome | undefined;
    for (const { size, mode } of ways) {
      const more = ['--size', String(size), '--mode', mode, '--seed', String(repeat)];
      const outcome = await liteRun(variant, { path, budgetSeconds, python, signal, more });
      if (best === undefined || outcome.accuracy > best.accuracy) best = outcome;
    }
    return best as Outcome;
  };
}

/** One that the peers' packages have weights of. */
export type LiteVariant = 0 | 2;

export async function liteRun(variant: LiteVariant, o: Launch & { readonly python: string }): Promise<Outcome> {
  const what = ['--variant', String(variant), '--data', o.path, '--budget', String(o.budgetSeconds)];
  const args = ['-B', peer, ...what, ...o.more];
  const { document, wallSeconds } = await documentOf<LiteOutcome>(o.python, args, { signal: o.signal });
  const { accuracy, seconds, steps, size, versions } = document;
  return { accuracy, seconds, wallSeconds, member: `efficientnet-lite${variant}`, inputSize: size, steps, versions };
}
