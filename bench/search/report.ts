import { atLeast, type Claim, type Row } from '../lib/results.ts';
import { mean } from '../lib/statistics.ts';

/** Bounds that the project has set itself. */
const ofPeer = 0.99;
const ofTable = 0.97;
const seedsWon = 0.9;

export const columns: Readonly<Record<string, string>> = {
  problem: 'standard problem, or the table of recorded candidates',
  seed: 'seed of a run over the table; the standard problems are means over the seeds',
  ours: 'hypervolume that our NSGA-II reached',
  oursLow: 'the least of any seed',
  peer: 'hypervolume that pymoo reached with as many evaluations; over the table, random search',
  peerLow: 'the least of any seed',
  ratio: 'ours / peer',
  ofTable: 'share of the hypervolume of the whole table',
};

const rounded = (value: number): number => Number(value.toFixed(4));

export const problemRow = (problem: string, ours: readonly number[], peer: readonly number[]): Row => ({
  problem,
  seed: null,
  ours: rounded(mean(ours)),
  oursLow: rounded(Math.min(...ours)),
  peer: rounded(mean(peer)),
  peerLow: rounded(Math.min(...peer)),
  ratio: rounded(mean(ours) / mean(peer)),
  ofTable: null,
});

export const tableRow = (o: {
  readonly seed: number;
  readonly whole: number;
  readonly ours: number;
  readonly random: number;
}): Row => ({
  problem: 'recorded candidates',
  seed: o.seed,
  ours: rounded(o.ours),
  oursLow: null,
  peer: rounded(o.random),
  peerLow: null,
  ratio: rounded(o.ours / o.random),
  ofTable: rounded(o.ours / o.whole),
});

export const claimsOfProblems = (rows: readonly Row[]): readonly Claim[] =>
  rows.map(({ problem, ratio }) => atLeast(`hypervolume over pymoo's, ${problem}`, Number(ratio), ofPeer));

export function claimsOfTable(rows: readonly Row[], candidates: number): readonly Claim[] {
  const won = rows.filter(({ ours, peer }) => Number(ours) > Number(peer)).length;
  return [
    atLeast('recorded candidates', candidates, 200),
    atLeast('share of the seeds in which the search beats random search', won / rows.length, seedsWon),
    atLeast(
      'hypervolume over that of the whole table, mean of the seeds',
      rounded(mean(rows.map((row) => Number(row.ofTable)))),
      ofTable,
    ),
  ];
}
