/**
 * `make bench-tune`: what a time limit buys on five data sets, by `nasoa tune` and by what one would do without it.
 * Options (ARGS="..."): `--datasets pets,insects --budgets 60,180 --arms tune,random,default,lite0,lite2 --repeats 1 --zoo
 * FOLDER`; the result is written only where nothing is left out and the zoo is the shipped one. It takes three hours: `--keep
 * FILE` writes each run to a file, and goes on with those of the same zoo after a kill; `--strict` exits 1 where a claim does
 * not hold.
 */
import { preciseProcessor } from '../../src/lib/processor.ts';
import { loadZoo } from '../../src/nas/zoo.ts';
import { KeptLines } from '../lib/kept-lines.ts';
import { ofOneProcessor, versionsOf } from '../lib/processors.ts';
import { exitCode, printClaims, printTable, writeResult } from '../lib/results.ts';
import { wordsOf } from '../lib/run-main.ts';
import { peerEnvironment } from '../peers/environment.ts';
import { arms } from './arms.ts';
import { archiveOf, type DatasetName, unpackedFolder } from './datasets.ts';
import { type Options, parseOptions } from './options.ts';
import { claimsOf, columns, rowsOf } from './report.ts';
import { comparisonsOf, type Outcome, type Run, runOf, runsOf, type Task, tasksOf, zooFingerprint } from './runs.ts';

const log = (line: string): boolean => process.stderr.write(`${line}\n`);

const describe = ({ dataset, budgetSeconds, arm, repeat }: Task): string =>
  `${dataset}, ${budgetSeconds} s, ${arms[arm].title}${repeat > 0 ? `, repeat ${repeat}` : ''}`;

const describeOutcome = ({ accuracy, seconds, member, inputSize, steps }: Outcome): string =>
  `accuracy ${accuracy.toFixed(3)} in ${seconds.toFixed(1)} s (${member}, ${inputSize} px, ${steps} steps)`;

/** Folders of the data sets, unpacked where they are not yet. */
async function prepareData(names: readonly DatasetName[]): Promise<ReadonlyMap<string, string>> {
  const archives = await Promise.all(names.map((name) => archiveOf(name)));
  const folders = new Map<string, string>();
  for (const [i, name] of names.entries()) {
    folders.set(name, await unpackedFolder(name, archives[i] as string));
  }
  return folders;
}

/** Does every task that has no run yet, one after the other, and keeps each run at once. */
async function runAll(options: Options, signal: AbortSignal): Promise<readonly Run[]> {
  const folders = await prepareData(options.datasets);
  const tasks = tasksOf(options);
  const zoo = await zooFingerprint(options.zoo.folder);
  const { cpu } = preciseProcessor();
  const kept = await KeptLines.open<Run>(options.keep);
  const runs = (): readonly Run[] => {
    const known = kept.all.filter((run) => run.zoo === zoo);
    return comparisonsOf(tasks).flatMap((arms) =>
      ofOneProcessor(
        arms.flatMap((task) => runsOf(known, task)),
        { here: cpu, all: arms.length },
      ),
    );
  };
  const known = tasks.filter((task) => runOf(runs(), task)).length;
  if (known > 0) log(`${known} of ${tasks.length} runs are there already.`);
  // made before anything is timed, for it may take minutes
  const python = options.arms.some((arm) => arms[arm].isPeer) ? (await peerEnvironment({ log })).python : undefined;
  for (const [i, task] of tasks.entries()) {
    if (runOf(runs(), task)) continue;
    log(`[${i + 1} of ${tasks.length}] ${describe(task)}`);
    const path = folders.get(task.dataset) as string;
    const outcome = await arms[task.arm].run(task, { path, zoo: options.zoo, runs: runs(), python, signal });
    log(`  ${describeOutcome(outcome)}`);
    kept.add({ ...task, ...outcome, finishedAt: new Date().toISOString(), zoo, cpu });
  }
  return tasks.flatMap((task) => runOf(runs(), task) ?? []);
}

async function main(signal: AbortSignal): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  await loadZoo(options.zoo.folder);
  const runs = await runAll(options, signal);
  const [rows, claims] = [rowsOf(runs), claimsOf(runs)];
  printTable(rows, Object.keys(columns));
  process.stdout.write('\n');
  printClaims(claims);
  if (options.isWhole) {
    log(`Written: ${await writeResult('tune', { rows, claims, columns, versions: versionsOf(runs) })}`);
  } else log('This is not the whole benchmark with the shipped zoo: the result is not kept.');
  return exitCode(claims);
}

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
try {
  process.exitCode = await main(stop.signal);
} catch (error) {
  log(
    stop.signal.aborted ? 'Stopped; with --keep the same command goes on after the last finished run.' : wordsOf(error),
  );
  process.exitCode = 1;
}
