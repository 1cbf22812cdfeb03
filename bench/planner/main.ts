/**
 * `make bench-planner`: the one-shot choice of a row of a table of real fine-tuning runs, against searches that try rows.
 * `TRAIN=DIR TEST=DIR` choose for the data sets of one table after learning another; without TEST each data set is left
 * out in turn. `ARGS=--no-peers` leaves the peers out; `ARGS=--quick` shows that everything works and writes no result.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { InputError } from '../../src/lib/errors.ts';
import { createRng, deriveSeed } from '../../src/lib/rng.ts';
import { exitCode, printClaims, printTable, type Row, writeResult } from '../lib/results.ts';
import { runMain } from '../lib/run-main.ts';
import { plannerEnvironment } from '../peers/environment.ts';
import { type PeerRun, type PeerTask, runPeers } from './peers.ts';
import { workThrough } from './pool.ts';
import { budgets, catchingUp, chanceSamples, claimsOf, columns, peerSamples, rowsOf, sampleOf } from './report.ts';
import { joined, readTable, valueWithin } from './table.ts';
import type { Piece } from './work.ts';

const log = (line: string): boolean => process.stderr.write(`${line}\n`);
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    'no-peers': { type: 'boolean', default: false },
    strict: { type: 'boolean', default: false },
  },
});
const seeds = options.quick ? [1] : [1, 2, 3];
const peers = {
  random: [1, 5],
  bohb: [1, 5, 40],
  smac3: [1, 5, 40],
  optuna: [1, 5],
  'quick-tune': [1, 5],
} as const;
/** Data sets of a stream that are looked at: the first ones know too little. */
const streamed = 9;

function folders(): { readonly train: string; readonly test: string | undefined } {
  const shared = process.env['NASOA_SHARED'] ?? fileURLToPath(new URL('../../../shared', import.meta.url));
  const train = process.env['TRAIN'] || `${shared}/tables/quicktune`;
  if (existsSync(train)) return { train, test: process.env['TEST'] || undefined };
  throw new InputError(`There is no table in "${train}".`, 'Give one: make bench-planner TRAIN=DIR');
}

async function main(): Promise<number> {
  const { train, test } = folders();
  const all = test === undefined ? [train] : [train, test];
  const tables = await Promise.all(all.map(readTable));
  const { datasets } = joined(tables);
  const names = datasets.map(({ name }) => name);
  const held = (tables.at(-1)?.datasets ?? []).map(({ name }) => name).slice(0, options.quick ? 2 : undefined);
  const known = (name: string): readonly string[] =>
    test === undefined ? names.filter((other) => other !== name) : names.filter((other) => !held.includes(other));
  const tasks = held.map((dataset): PeerTask => ({ dataset, learn: known(dataset) }));
  const common = { folders: all, budgets };
  const pieces = seeds.flatMap((seed): readonly Piece[] => [
    // with a table of its own for the test, one training side serves all
    ...(test === undefined
      ? tasks.map(({ dataset, learn }) => ({ ...common, seed, learn, choose: [dataset], setting: 'one shot' as const }))
      : [{ ...common, seed, learn: known(''), choose: held, setting: 'one shot' as const }]),
    ...streamPieces(names, seed).map((piece) => ({ ...common, ...piece })),
  ]);
  log(`nasoa: ${held.length} data sets, ${seeds.length} seeds`);
  const regrets = await workThrough(all, pieces, (done) => log(`${done} of ${pieces.length}`));
  const chosenFor = datasets.filter(({ name }) => held.includes(name));
  const samples = [
    ...regrets.map(sampleOf),
    ...chanceSamples(
      chosenFor,
      ({ rows }, budget) => rows.reduce((sum, row) => sum + valueWithin(row, budget), 0) / rows.length,
    ),
  ];
  let versions: Readonly<Record<string, string>> = {};
  if (!options['no-peers']) {
    const environment = await plannerEnvironment({ log });
    versions = environment.versions;
    const runs: PeerRun[] = [];
    await runPeers(environment.python, { budgets, seeds, peers, datasets, tasks }, (run) => {
      const isLast =
        run.budget === budgets.at(-1) && run.multiple === Math.max(...(peers[run.peer as keyof typeof peers] ?? []));
      runs.push(run);
      if (isLast) log(`${run.peer}: ${run.dataset}, seed ${run.seed}`);
    });
    samples.push(...peerSamples(runs, datasets));
  }
  const rows: readonly Row[] = rowsOf(samples);
  const claims = claimsOf(rows);
  printTable(rows, Object.keys(columns));
  process.stdout.write(`\n${catchingUp(rows).join('\n')}\n\n`);
  printClaims(claims);
  if (options.quick || options['no-peers']) log('Without the peers, or quick, a run is not kept; nothing was written.');
  else log(`Written: ${await writeResult('planner', { rows, claims, columns, versions })}`);
  return exitCode(claims);
}

/** The last data sets of a random order, each with those that came before it. */
function streamPieces(names: readonly string[], seed: number) {
  if (names.length <= streamed || options.quick) return [];
  const order = createRng(deriveSeed(seed, 'stream')).shuffle(names);
  return Array.from({ length: streamed }, (_, i) => {
    const at = order.length - streamed + i;
    return { seed, learn: order.slice(0, at), choose: [order[at] as string], setting: 'stream' as const };
  });
}

await runMain(main);
