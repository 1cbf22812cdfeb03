/** What the benchmark measures and keeps: one record a run. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../src/lib/errors.ts';
import type { Prediction, Regime } from '../../src/planner/types.ts';
import type { Replanned } from '../../src/train/result.ts';

/** The arms in the order in which they run; `random` needs the plan of `tune`. */
export const armNames = ['tune', 'random', 'default', 'lite0', 'lite2'] as const;
export type ArmName = (typeof armNames)[number];

/** What is run once. */
export interface Task {
  readonly dataset: string;
  readonly budgetSeconds: number;
  readonly arm: ArmName;
  /** 0 for the first; the seed of everything random. */
  readonly repeat: number;
}

/** What a run has shown. */
export interface Outcome {
  /** Top-1 on the validation split after the run, 0 to 1. */
  readonly accuracy: number;
  /** As the budget counts them: from the first look at the data to the trained weights. */
  readonly seconds: number;
  /** Of the whole process, its start and everything after the training included. */
  readonly wallSeconds: number;
  readonly member: string;
  readonly inputSize: number;
  readonly steps: number;
  /** Of the arms that run in our engine. */
  readonly regime?: Regime;
  /** What the planner expected, and from how many finished runs. */
  readonly predicted?: Prediction;
  readonly experiences?: number;
  /** What became of the plan within the run, where something did. */
  readonly replanned?: Replanned['action'];
  readonly versions: Readonly<Record<string, string>>;
}

export interface Run extends Task, Outcome {
  readonly finishedAt: string;
  /** The zoo's, see `zooFingerprint`. */
  readonly zoo: string;
  /** Processor that it ran on. */
  readonly cpu: string;
}

const keyOf = ({ dataset, budgetSeconds, arm, repeat }: Task): string =>
  [dataset, budgetSeconds, arm, repeat].join(' ');

/** The runs of that task, one a processor that did it. */
export const runsOf = (runs: readonly Run[], task: Task): readonly Run[] =>
  runs.filter((run) => keyOf(run) === keyOf(task));

/** The run of that task, undefined where it was not done yet. */
export const runOf = (runs: readonly Run[], task: Task): Run | undefined => runsOf(runs, task)[0];

/** Every task, so ordered that the arms of a data set follow each other: a drift of the machine falls on all of them. */
export const tasksOf = (o: {
  readonly datasets: readonly string[];
  readonly budgets: readonly number[];
  readonly arms: readonly ArmName[];
  readonly repeats: number;
}): readonly Task[] =>
  Array.from({ length: o.repeats }, (_, repeat) => repeat).flatMap((repeat) =>
    o.budgets.flatMap((budgetSeconds) =>
      o.datasets.flatMap((dataset) =>
        armNames.filter((arm) => o.arms.includes(arm)).map((arm) => ({ dataset, budgetSeconds, arm, repeat })),
      ),
    ),
  );

/** Tasks whose runs are compared with each other: a list for each data set, budget and repeat. */
export const comparisonsOf = (tasks: readonly Task[]): readonly (readonly Task[])[] => [
  ...Map.groupBy(tasks, ({ dataset, budgetSeconds, repeat }) => [dataset, budgetSeconds, repeat].join(' ')).values(),
];

/** Twelve digits that change with the zoo's members or its experience: runs of another zoo are other runs. */
export async function zooFingerprint(zooFolder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of ['index.json', 'experience.jsonl', 'experience.jsonl.gz']) {
    hash.update(name).update(await contentOf(join(zooFolder, name)));
  }
  return hash.digest('hex').slice(0, 12);
}

async function contentOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return '';
    throw error;
  }
}
