/**
 * `make bench-planner`: the one-shot choice of a row of a table of real fine-tuning runs, against searches that try rows.
 * `TRAIN=DIR TEST=DIR` choose for the data sets of one table after learning another; without TEST each data set is left
 * out in turn. It takes hours, most of them for the peers: `ARGS='--keep FILE'` writes each run to a file, and goes on with
 * it after a kill. `--peers random,bohb` runs some of them, `--peers none` none; one that was not run to its end is left out
 * of the result. `--quick` shows that everything works and writes no result.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { InputError } from '../../src/lib/errors.ts';
import { createRng, deriveSeed } from '../../src/lib/rng.ts';
import { exitCode, printClaims, printTable, writeResult } from '../lib/results.ts';
import { runMain } from '../lib/run-main.ts';
import { plannerEnvironment } from '../peers/environment.ts';
import { judgeKinds } from './judges.ts';
import { Kept } from './kept.ts';
import { type PeerRun, type PeerTurn, runPeers } from './peers.ts';
import { workThrough } from './pool.ts';
import {
  budgets,
  catchingUp,
  chanceSamples,
  claimsOf,
  columns,
  peerSamples,
  rowsOf,
  sampleOf,
  summariesOf,
} from './report.ts';
import { planningClaims } from './speed.ts';
import { joined, readTable, type TableDataset, valueWithin } from './table.ts';
import type { Piece } from './work.ts';

const log = (line: string): boolean => process.stderr.write(`${line}\n`);
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    peers: { type: 'string', default: 'all' },
    keep: { type: 'string' },
    strict: { type: 'boolean', default: false },
  },
});
const seeds = options.quick ? [1] : [1, 2, 3];
/** At so many times the budget, each. */
const allPeers: Readonly<Record<string, readonly number[]>> = {
  random: [1, 5],
  bohb: [1, 5, 40],
  smac3: [1, 5, 40],
  optuna: [1, 5],
  'quick-tune': [1, 5],
};
/** Its learning takes minutes a data set, where the others begin at once. */
const seedsOfPeer = (peer: string): readonly number[] => (peer === 'quick-tune' ? seeds.slice(0, 1) : seeds);
const peers = Object.entries(allPeers).filter(
  ([name]) => options.peers === 'all' || options.peers.split(',').includes(name),
);
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
  const tasks = held.map((dataset) => ({ dataset, learn: known(dataset) }));
  const pieces = seeds.flatMap((seed): readonly Omit<Piece, 'methods'>[] => [
    // with a table of its own for the test, one training side serves all
    ...(test === undefined
      ? tasks.map(({ dataset, learn }) => ({ budgets, seed, learn, choose: [dataset], setting: 'one shot' as const }))
      : [{ budgets, seed, learn: known(''), choose: held, setting: 'one shot' as const }]),
    ...streamPieces(names, seed).map((piece) => ({ budgets, ...piece })),
  ]);
  const kept = await Kept.open(options.keep);
  const isKept = ({ setting, seed, choose }: Omit<Piece, 'methods'>, method: string): boolean =>
    choose.every((dataset) =>
      kept.regrets.some(
        (one) => one.setting === setting && one.seed === seed && one.dataset === dataset && one.method === method,
      ),
    );
  const left = pieces.flatMap((piece): readonly Piece[] => {
    const methods = Object.keys(judgeKinds).filter((method) => !isKept(piece, method));
    return methods.length === 0 ? [] : [{ ...piece, methods }];
  });
  log(`nasoa: ${held.length} data sets, ${seeds.length} seeds; ${left.length} of ${pieces.length} to learn`);
  await workThrough(all, left, (found, done) => {
    kept.add({ regrets: found });
    log(`${done} of ${left.length}`);
  });
  log('nasoa: speed and size');
  const ofPlanning = await planningClaims();
  const turnsOf = ([peer, multiples]: readonly [string, readonly number[]]): readonly PeerTurn[] =>
    tasks.flatMap((task) => seedsOfPeer(peer).map((seed) => ({ ...task, peer, multiples, seed })));
  const isMissing = ({ dataset, peer, seed }: PeerTurn): boolean =>
    !kept.runs.some((run) => run.dataset === dataset && run.peer === peer && run.seed === seed);
  const turns = peers.flatMap(turnsOf).filter(isMissing);
  // gigabytes, which nobody needs who runs no peer
  const environment = turns.length + kept.runs.length > 0 ? await plannerEnvironment({ log }) : undefined;
  await runPeers(environment?.python ?? '', { budgets, datasets, turns }, (runs) => {
    kept.add({ runs });
    const [{ peer, dataset, seed }] = runs as [PeerRun];
    log(`${peer}: ${dataset}, seed ${seed}`);
  });
  const unfinished = Object.entries(allPeers).flatMap((peer) => (turnsOf(peer).some(isMissing) ? [peer[0]] : []));
  const chosenFor = datasets.filter(({ name }) => held.includes(name));
  const chance = ({ rows }: TableDataset, budget: number): number =>
    rows.reduce((sum, row) => sum + valueWithin(row, budget), 0) / rows.length;
  const samples = [
    ...kept.regrets.map(sampleOf),
    ...chanceSamples(chosenFor, chance),
    ...peerSamples(
      kept.runs.filter(({ peer }) => !unfinished.includes(peer)),
      datasets,
    ),
  ];
  const summaries = summariesOf(samples);
  const rows = rowsOf(summaries);
  const claims = [...claimsOf(summaries), ...ofPlanning];
  const remarks = catchingUp(summaries);
  printTable(rows, Object.keys(columns));
  process.stdout.write(`\n${remarks.join('\n')}\n\n`);
  printClaims(claims);
  if (unfinished.length > 0) log(`Left out, for they were not run to the end: ${unfinished.join(', ')}.`);
  if (options.quick || unfinished.length === Object.keys(allPeers).length)
    log('Without any peer, or quick, a run measures too little; nothing was written.');
  else {
    const told = unfinished.length === 0 ? columns : { ...columns, method: withoutPeers(unfinished) };
    log(
      `Written: ${await writeResult('planner', { rows, remarks, claims, columns: told, versions: environment?.versions ?? {} })}`,
    );
  }
  return exitCode(claims);
}

const withoutPeers = (names: readonly string[]): string =>
  `${columns['method']}; not run to the end, and so left out: ${names.join(', ')}`;

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
