import { parseArgs } from 'node:util';
import { preciseProcessor } from '../../src/lib/processor.ts';
import { loadZoo, shippedZooDir } from '../../src/nas/zoo.ts';
import { KeptLines } from '../lib/kept-lines.ts';
import { ofOneProcessor, versionsOf } from '../lib/processors.ts';
import { exitCode, printClaims, printTable, writeResult } from '../lib/results.ts';
import { runMain } from '../lib/run-main.ts';
import { peerEnvironment } from '../peers/environment.ts';
import { archiveOf, datasetNames, unpackedFolder } from '../tune/datasets.ts';
import type { Outcome } from '../tune/runs.ts';
import { type ArmPlace, fromRandom, lite0At, member } from './arms.ts';
import { bestMember, claimsOf, columns, inSlot, type Run, rowsOf, type Slot } from './report.ts';

const wantedBudgets = [60, 180] as const;
const peerSizes = [96, 128] as const;
const log = (line: string): boolean => process.stderr.write(`${line}\n`);

const list = (text: string | undefined): readonly string[] | undefined => text?.split(',');

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      ...{ keep: { type: 'string' }, datasets: { type: 'string' }, budgets: { type: 'string' } },
      ...{ members: { type: 'string' }, strict: { type: 'boolean', default: false } },
    },
  });
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  const zoo = await loadZoo(shippedZooDir());
  const members = list(values.members) ?? zoo.members.map(({ name }) => name);
  const datasets = datasetNames.filter((name) => list(values.datasets)?.includes(name) ?? true);
  const budgets: readonly number[] = list(values.budgets)?.map(Number) ?? wantedBudgets;
  const isWhole = [values.members, values.datasets, values.budgets].every((part) => part === undefined);
  // made before anything is timed, for it may take minutes
  const { python } = await peerEnvironment({ log });
  const kept = await KeptLines.open<Run>(values.keep);
  const { cpu } = preciseProcessor();
  const all = members.length + 1 + peerSizes.length;
  const comparable = (slot: Slot): readonly Run[] => ofOneProcessor(inSlot(kept.all, slot), { here: cpu, all });
  const slots = budgets.flatMap((budgetSeconds) => datasets.map((dataset) => ({ dataset, budgetSeconds })));
  for (const slot of slots) {
    const { dataset, budgetSeconds } = slot;
    const path = await unpackedFolder(dataset, await archiveOf(dataset));
    const place: ArmPlace = { ...slot, path, python, signal: stop.signal };
    const once = async (arm: string, run: () => Promise<Outcome>): Promise<void> => {
      if (comparable(slot).some((one) => one.arm === arm)) return;
      const found = await run();
      kept.add({ ...slot, arm, cpu, ...found });
      log(
        `${dataset}, ${budgetSeconds} s, ${arm}: ${(100 * found.accuracy).toFixed(1)} % in ${found.seconds.toFixed(1)} s`,
      );
    };
    for (const name of members) await once(name, () => member(name, place));
    const best = bestMember(comparable(slot), slot, members);
    if (best !== undefined) await once('random', () => fromRandom(best, place));
    for (const size of peerSizes) await once(`lite0 ${size}`, () => lite0At(size, place));
  }
  const runs = slots.flatMap(comparable);
  const [rows, claims] = [rowsOf(runs, members), claimsOf(runs, members)];
  printTable(rows, Object.keys(columns));
  process.stdout.write('\n');
  printClaims(claims);
  if (isWhole) log(`Written: ${await writeResult('transfer', { rows, claims, columns, versions: versionsOf(runs) })}`);
  else log('A part shows too little to be kept; nothing was written.');
  return exitCode(claims);
}

await runMain(main);
