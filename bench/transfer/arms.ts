/** Ways to spend a budget on a data set, each in a process of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TuneResult } from '../../src/train/result.ts';
import { documentOf } from '../tune/child.ts';
import type { DriverJob, DriverOutcome } from '../tune/driver.ts';
import type { Run, Slot } from './report.ts';

export interface ArmPlace extends Slot {
  /** The data set's folder, which carries its name. */
  readonly path: string;
  readonly zoo: string;
  /** The peers' interpreter. */
  readonly python: string;
  readonly signal: AbortSignal;
}

type Found = Omit<Run, keyof Slot | 'arm'>;

const launcher = fileURLToPath(new URL('../../bin/nasoa.js', import.meta.url));
const driver = fileURLToPath(new URL('../tune/driver.ts', import.meta.url));
const peer = fileURLToPath(new URL('../tune/lite0.py', import.meta.url));
const seed = 1;

/** `nasoa tune` with that member alone. */
export async function member(name: string, { path, dataset, budgetSeconds, signal }: ArmPlace): Promise<Found> {
  const home = await mkdtemp(join(tmpdir(), 'nasoa-bench-transfer-'));
  try {
    const args = [
      ...[launcher, 'tune', path, '--json', '--quiet', '--member', name, '--without-experience-of', dataset],
      ...['--budget', `${budgetSeconds}s`, '--seed', String(seed), '--out', join(home, 'out')],
    ];
    const env = { NASOA_DATA_DIR: join(home, 'data') };
    const { document } = await documentOf<TuneResult>(process.execPath, args, { env, signal });
    const { accuracy, activeSeconds: seconds, steps, plan, versions } = document;
    const { regime } = plan;
    const tensorflow = versions['tensorflow'] ?? 'unknown';
    return { accuracy, seconds, steps, regime, member: name, inputSize: regime.inputSize, versions: { tensorflow } };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** The same member and regime from nothing, in as many seconds. */
export async function fromRandom(
  { member: name = '', regime, seconds }: Run,
  { path, zoo, signal }: ArmPlace,
): Promise<Found> {
  if (regime === undefined) throw new Error('a member was run without a regime');
  const job: DriverJob = { path, zoo, seconds, seed, run: { kind: 'random', member: name, regime } };
  const { document } = await documentOf<DriverOutcome>(process.execPath, [driver, JSON.stringify(job)], { signal });
  const { accuracy, steps, versions } = document;
  return {
    ...{ accuracy, steps, versions, member: name, regime },
    seconds: document.seconds,
    inputSize: regime.inputSize,
  };
}

interface PeerOutcome {
  readonly accuracy: number;
  readonly seconds: number;
  readonly steps: number;
  readonly size: number;
  readonly versions: Readonly<Record<string, string>>;
}

export async function lite0At(size: number, { path, budgetSeconds, python, signal }: ArmPlace): Promise<Found> {
  const args = ['-B', peer, '--data', path, '--budget', String(budgetSeconds), '--size', String(size)];
  const { document } = await documentOf<PeerOutcome>(python, [...args, '--seed', String(seed)], { signal });
  const { accuracy, seconds, steps, versions } = document;
  return { accuracy, seconds, steps, versions, inputSize: size };
}
