/** The peers' runs, in Python: each is told the rows as configurations of categories and numbers. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonLines } from '../peers/python-lines.ts';
import type { TableDataset, TableRow } from './table.ts';
import { mostEpochs } from './view.ts';

const script = fileURLToPath(new URL('peers.py', import.meta.url));

export interface PeerRun {
  readonly peer: string;
  readonly dataset: string;
  readonly budget: number;
  readonly multiple: number;
  readonly seed: number;
  /** Best accuracy of any trial. */
  readonly value: number;
}

/** All budgets and multiples of a peer on a data set, with one seed. */
export interface PeerTurn {
  readonly peer: string;
  readonly multiples: readonly number[];
  readonly seed: number;
  readonly dataset: string;
  /** Data sets of the training side, for a peer that learns from others. */
  readonly learn: readonly string[];
}

export interface PeerJob {
  readonly budgets: readonly number[];
  readonly datasets: readonly TableDataset[];
  readonly turns: readonly PeerTurn[];
}

export type PeerListener = (runs: readonly PeerRun[]) => void;

/** Turns are dealt out to as many processes as there are processors. */
export async function runPeers(
  python: string,
  { datasets, turns, budgets }: PeerJob,
  onTurn: PeerListener,
): Promise<void> {
  const described = Object.fromEntries(
    datasets.map(({ name, images, classes, resolution, channels, rows }) => [
      name,
      {
        features: { images, classes, resolution, channels },
        rows: rows.map((row) => ({ ...row, configuration: categories(row) })),
      },
    ]),
  );
  const folder = await mkdtemp(join(tmpdir(), 'nasoa-peers-'));
  try {
    const count = Math.min(availableParallelism(), turns.length);
    await Promise.all(
      Array.from({ length: count }, async (_, process) => {
        const file = join(folder, `job-${process}.json`);
        const dealt = turns.filter((_turn, i) => i % count === process);
        await writeFile(file, JSON.stringify({ budgets, epochs: mostEpochs, datasets: described, turns: dealt }));
        // Quick-Tune keeps its best model in a file of the folder that it runs in
        const own = await mkdtemp(join(folder, 'work-'));
        for await (const runs of pythonLines<readonly PeerRun[]>(python, script, file, own)) onTurn(runs);
      }),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** One column a choice, in place of one a value. */
function categories({ configuration }: TableRow): Readonly<Record<string, string | number>> {
  const whole: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(configuration)) {
    const [, choice, option] = /^cat:([^:]+):(.*)$/.exec(name) ?? [];
    if (choice === undefined || option === undefined) whole[name] = value;
    else if (value === 1) whole[choice] = option;
  }
  return whole;
}
