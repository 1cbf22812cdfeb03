/**
 * `make bench-online`: a stream of 40 small tasks, each with a minute, by `nasoa tune` as it learns, beside fixed defaults, a
 * random choice and BOHB with up to ten times the budget (these two and the defaults that are far behind on every fourth
 * task, after the stream). It takes five hours: `ARGS='--keep FILE'` writes each run to a file, and goes on with it after a
 * kill. `--tasks N` stops after the first N tasks, of which no result is written; `--strict` exits 1 where a claim does not
 * hold.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { InputError } from '../../src/lib/errors.ts';
import { preciseProcessor } from '../../src/lib/processor.ts';
import { loadZoo, shippedZooDir } from '../../src/nas/zoo.ts';
import { KeptLines } from '../lib/kept-lines.ts';
import { versionsOf } from '../lib/processors.ts';
import { exitCode, printClaims, printTable, writeResult } from '../lib/results.ts';
import { runMain } from '../lib/run-main.ts';
import { plannerEnvironment } from '../peers/environment.ts';
import { archiveOf, unpackedFolder } from '../tune/datasets.ts';
import { type ArmName, runArm, sampledArms, sampledEvery, streamArms } from './arms.ts';
import { mayBeReplanned } from './replans.ts';
import { claimsOf, columns, type Run, remarksOf, rowsOf } from './report.ts';
import { stream, type Task, taskFolder } from './tasks.ts';

const tasksInto = fileURLToPath(new URL('../../.cache/bench-online', import.meta.url));
const log = (line: string): boolean => process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      ...{ keep: { type: 'string' }, tasks: { type: 'string' } },
      strict: { type: 'boolean', default: false },
    },
  });
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  const all = stream();
  const count = values.tasks === undefined ? all.length : Number(values.tasks);
  if (!Number.isInteger(count) || count < 1)
    throw new InputError(`--tasks "${values.tasks}" is no number of tasks.`, `Give 1 to ${all.length}.`);
  const tasks = all.slice(0, count);
  const zooFolder = shippedZooDir();
  const zoo = await loadZoo(zooFolder);
  // made before anything is timed, for it may take minutes
  const { python, versions: peers } = await plannerEnvironment({ log });
  const kept = await KeptLines.open<Run>(values.keep);
  const runOf = (task: Task, arm: ArmName) => kept.all.find((run) => run.task === task.name && run.arm === arm);
  const { cpu } = preciseProcessor();
  const isLeftOut = (arm: ArmName, task: Task): boolean =>
    arm === 'replan' && !mayBeReplanned(runOf(task, 'tune') ?? {});
  const run = async (arm: ArmName, task: Task, seed: number): Promise<void> => {
    if (runOf(task, arm) || isLeftOut(arm, task)) return;
    const whole = await unpackedFolder(task.of, await archiveOf(task.of));
    const path = await taskFolder(task, whole, tasksInto);
    const scratch = await mkdtemp(join(tmpdir(), 'nasoa-bench-online-'));
    try {
      const learnt = tasks.slice(0, seed).flatMap((before) => runOf(before, 'tune')?.experience ?? []);
      const place = { task, path, zoo, zooFolder, python, seed, learnt, scratch, signal: stop.signal };
      const found = await runArm(arm, place);
      kept.add({ task: task.name, arm, cpu, ...found });
      log(
        `[${seed + 1} of ${tasks.length}] ${task.name}, ${arm}: ${(100 * found.accuracy).toFixed(1)} % in ${found.seconds.toFixed(1)} s`,
      );
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  };
  for (const [seed, task] of tasks.entries()) {
    for (const arm of streamArms) await run(arm, task, seed);
  }
  for (const [seed, task] of tasks.entries()) {
    if (seed % sampledEvery !== 0) continue;
    for (const arm of sampledArms) await run(arm, task, seed);
  }
  const names = tasks.map(({ name }) => name);
  const [rows, claims] = [rowsOf(kept.all, names), claimsOf(kept.all, names)];
  const remarks = remarksOf(kept.all, names);
  printTable(rows, Object.keys(columns));
  process.stdout.write(`\n${remarks.join('\n')}\n\n`);
  printClaims(claims);
  const versions = { hpbandster: peers.hpbandster, ...versionsOf(kept.all) };
  if (tasks.length < all.length) log('A part shows too little to be kept; nothing was written.');
  else log(`Written: ${await writeResult('online', { rows, claims, columns, remarks, versions })}`);
  return exitCode(claims);
}

await runMain(main);
