/** What spends the budget on a task. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Zoo } from '../../src/nas/zoo.ts';
import type { Experience } from '../../src/planner/types.ts';
import { drive, launcher, nasoaTune } from '../tune/arms.ts';
import { documentOf } from '../tune/child.ts';
import type { Outcome } from '../tune/runs.ts';
import { bestWithin, bohb, type Trial } from './bohb.ts';
import type { Task } from './tasks.ts';

/** Of the whole process; the longest search is given so many times of it. */
export const budgetSeconds = 60;
export const searchMultiple = 10;
/** Defaults of the members of most accuracy before any task: on every task. */
const leading = {
  'efficientnet-lite2': { member: 'efficientnet-lite2' },
  'efficientnet-lite0': { member: 'efficientnet-lite0' },
} as const;
/**
 * Defaults that were far behind on the first 17 tasks, by the default regimes of before decision 22 (82.4, 80.7 and 65.9 %
 * beside the 84.9 % of EfficientNet-Lite0's own): the one that trains every stage, of a member whose own keeps the first
 * ones, and those of a cut member and of the best of the searched ones.
 */
const others = {
  'efficientnet-lite0, all trained': { member: 'efficientnet-lite0', choices: { frozenStages: 0 } },
  'efficientnet-lite0-6': { member: 'efficientnet-lite0-6' },
  'et-7': { member: 'et-7' },
} as const;
const fixed = { ...leading, ...others } as const;
type FixedName = keyof typeof fixed;
export const fixedNames = Object.keys(fixed) as readonly FixedName[];
export const leadingNames = Object.keys(leading) as readonly FixedName[];

export type ArmName = 'tune' | 'replan' | 'drawn' | 'bohb' | FixedName;
/** On every task; the second only where it may differ from the first. */
export const streamArms: readonly ArmName[] = ['tune', 'replan', ...leadingNames];
/** On every so many tasks, for they would take most of the time: a search of ten budgets more than all others together. */
export const sampledArms: readonly ArmName[] = [...(Object.keys(others) as FixedName[]), 'drawn', 'bohb'];
export const sampledEvery = 4;
export const armNames: readonly ArmName[] = [...streamArms, ...sampledArms];

export type Found = Partial<Outcome> &
  Pick<Outcome, 'accuracy' | 'seconds' | 'versions'> & {
    /** Of a run without plan: evaluations within it. */
    readonly curve?: Experience['curve'];
    /** Of `nasoa tune`: what it has learnt from. */
    readonly experience?: Experience;
    /** Of a search. */
    readonly trials?: readonly Trial[];
  };

export interface ArmPlace {
  readonly task: Task;
  /** The task's images. */
  readonly path: string;
  readonly zoo: Zoo;
  readonly zooFolder: string;
  /** The peers' interpreter. */
  readonly python: string;
  readonly seed: number;
  /** What the stream has learnt from so far. */
  readonly learnt: readonly Experience[];
  /** An empty folder that is removed after the run. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

export function runArm(arm: ArmName, place: ArmPlace): Promise<Found> {
  if (arm === 'tune') return planned(place);
  if (arm === 'replan') return planned(place, ['--replan']);
  if (arm === 'bohb') return searched(place);
  const run = arm === 'drawn' ? ({ kind: 'drawn' } as const) : ({ kind: 'default', ...fixed[arm] } as const);
  const { path, zooFolder, seed, signal } = place;
  return drive({ seed, seconds: budgetSeconds, run }, { path, signal, zoo: { folder: zooFolder, isOther: false } });
}

/**
 * `nasoa tune` with the zoo's experience of the other data sets and that of the stream before, parts of the same data set
 * included: what somebody has who works on similar tasks. What it learns is exported, to be imported before the next task.
 */
async function planned(
  { task, path, seed, learnt, scratch, signal }: ArmPlace,
  more: readonly string[] = [],
): Promise<Found> {
  const dataDir = join(scratch, 'data');
  const command = <T>(...words: readonly string[]) =>
    documentOf<T>(process.execPath, [launcher, 'experience', ...words, '--json'], {
      env: { NASOA_DATA_DIR: dataDir },
      signal,
    });
  if (learnt.length > 0) {
    const file = join(scratch, 'learnt.jsonl');
    await writeFile(file, learnt.map((one) => `${JSON.stringify(one)}\n`).join(''));
    await command('import', file);
  }
  const outcome = await nasoaTune({ path, budgetSeconds, dataset: task.of, seed, dataDir, more, signal });
  const { document } = await command<{ readonly runs: readonly Experience[] }>('export');
  const known = new Set(learnt.map(({ id }) => id));
  const experience = document.runs.find(({ id }) => !known.has(id));
  if (!experience) throw new Error('nasoa tune has kept no experience of its run');
  return { ...outcome, experience };
}

/** BOHB's trials live; decoding the images, and starting processes, is not counted as its time. */
async function searched({ path, zoo, zooFolder, python, seed, signal }: ArmPlace): Promise<Found> {
  let versions: Outcome['versions'] = {};
  const allSeconds = searchMultiple * budgetSeconds;
  const trials = await bohb({
    ...{ python, seed, members: zoo.members, longestSeconds: budgetSeconds, allSeconds },
    run: async (member, wanted, seconds) => {
      const run = { kind: 'wanted', member, wanted } as const;
      const place = { path, signal, zoo: { folder: zooFolder, isOther: false } };
      const found = await drive({ seed, seconds, since: 'training', run }, place);
      versions = found.versions;
      return { regime: found.regime, seconds: found.seconds, accuracy: found.accuracy, hits: found.hits };
    },
  });
  const seconds = trials.reduce((sum, trial) => sum + trial.seconds, 0);
  return { accuracy: bestWithin(trials, allSeconds).held, seconds, trials, versions };
}
