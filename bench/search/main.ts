/**
 * `make bench-search`: our NSGA-II against pymoo's on standard problems at equal evaluations, and against random search
 * over recorded candidates. `--table FILE` names a search's state file; `--quick` is a short run that shows that
 * everything works and writes no result; `--strict` exits 1 where a claim does not hold.
 */
import { fileURLToPath } from 'node:url';
import { RunError } from '../../src/lib/errors.ts';
import { exitCode, printClaims, printTable, type Row, writeResult } from '../lib/results.ts';
import { runMain } from '../lib/run-main.ts';
import { searchEnvironment } from '../peers/environment.ts';
import { pythonLines } from '../peers/python-lines.ts';
import { type ProblemName, problems, reached, solve } from './problems.ts';
import { randomRows, reachedOf, readTable, scaledPoints, searchedRows, type Table } from './recorded.ts';
import { claimsOfProblems, claimsOfTable, columns, problemRow, tableRow } from './report.ts';

const log = (line: string): boolean => process.stderr.write(`${line}\n`);
const isQuick = process.argv.includes('--quick');
const names = Object.keys(problems) as ProblemName[];
const effort = { seeds: isQuick ? 2 : 10, population: 100, evaluations: isQuick ? 5_000 : 20_000 };
const evaluationsOfTable = 60;
const shippedTable = fileURLToPath(new URL('../../zoo/default/search/state.json', import.meta.url));

interface PeerRun {
  readonly problem: ProblemName;
  readonly seed: number;
  readonly points: readonly (readonly number[])[];
  readonly evaluations: number;
}

/** Hypervolumes of pymoo by problem, in the order of the seeds. */
async function peerVolumes(python: string): Promise<ReadonlyMap<ProblemName, readonly number[]>> {
  const script = fileURLToPath(new URL('pymoo_nsga2.py', import.meta.url));
  const wanted = JSON.stringify({ ...effort, problems: names });
  const volumes = new Map<ProblemName, number[]>(names.map((name) => [name, []]));
  for await (const { problem, points, evaluations } of pythonLines<PeerRun>(python, script, wanted)) {
    if (evaluations !== effort.evaluations)
      throw new RunError(`pymoo made ${evaluations} evaluations.`, 'Mend the bench.');
    volumes.get(problem)?.push(reached(points));
  }
  return volumes;
}

function ofTable(table: Table): readonly Row[] {
  const points = scaledPoints(table);
  const whole = reachedOf(points, points.keys());
  return Array.from({ length: effort.seeds }, (_, i) =>
    tableRow({
      seed: i + 1,
      whole,
      ours: reachedOf(points, searchedRows(table, i + 1, evaluationsOfTable)),
      random: reachedOf(points, randomRows(points.length, i + 1, evaluationsOfTable)),
    }),
  );
}

async function main(): Promise<number> {
  const { python, versions } = await searchEnvironment({ log });
  log(`pymoo: ${names.join(', ')}, ${effort.seeds} seeds, ${effort.evaluations} evaluations each`);
  const peer = await peerVolumes(python);
  log('nasoa: the same');
  const rows: Row[] = names.map((name) => {
    const ours = Array.from({ length: effort.seeds }, (_, i) =>
      reached(solve(name, i + 1, effort.evaluations, effort.population)),
    );
    return problemRow(name, ours, peer.get(name) ?? []);
  });
  const claims = [...claimsOfProblems(rows)];
  const at = process.argv.indexOf('--table');
  const path = at < 0 ? shippedTable : (process.argv[at + 1] ?? '');
  const table = await readTable(path);
  if (table === undefined) log(`There are no recorded candidates in ${path}: the part over them is left out.`);
  else {
    log(`${table.rows.length} recorded candidates, ${evaluationsOfTable} evaluations of them`);
    const recorded = ofTable(table);
    rows.push(...recorded);
    claims.push(...claimsOfTable(recorded, table.rows.length));
  }
  printTable(rows, Object.keys(columns));
  process.stdout.write('\n');
  printClaims(claims);
  if (isQuick) log('A quick run measures too little to be kept; nothing was written.');
  else log(`Written: ${await writeResult('search', { rows, claims, columns, versions })}`);
  return exitCode(claims);
}

await runMain(main);
