/**
 * `make bench-grouped`: forward and both gradients of the search space's grouped 3x3 convolutions, in every form that
 * TensorFlow offers on this CPU; the reason for the engine's choice of form.
 * `--quick` is a short run that shows that everything works and writes no result; `--strict` exits 1 where a claim does not hold.
 */
import { readFile } from 'node:fs/promises';
import { tensorflowVersion } from '../../src/graph/session.ts';
import { exitCode, printClaims, printTable, type Row, writeResult } from '../lib/results.ts';
import { runMain } from '../lib/run-main.ts';
import { allCases, fewCases } from './cases.ts';
import { type Effort, measure, type Timed } from './measure.ts';
import { claimsOf, columns, rowOf } from './report.ts';

const fullEffort: Effort = { warmUpSteps: 4, rounds: 6, stepsPerRound: 4 };
const quickEffort: Effort = { warmUpSteps: 1, rounds: 2, stepsPerRound: 1 };

const log = (line: string): boolean => process.stderr.write(`${line}\n`);

/** Whether this processor has instructions for bfloat16. */
async function computesBf16(): Promise<boolean> {
  const [, flags = ''] = /^flags\s*: (.*)$/m.exec(await readFile('/proc/cpuinfo', 'utf8')) ?? [];
  return flags.split(' ').some((flag) => flag === 'avx512_bf16' || flag === 'amx_bf16');
}

async function main(): Promise<number> {
  const quick = process.argv.includes('--quick');
  const cases = quick ? fewCases : allCases(await computesBf16());
  const [rows, timed]: [Row[], Timed[]] = [[], []];
  for (const [i, one] of cases.entries()) {
    const { size, channels, groups, stride, precision } = one;
    log(
      `[${i + 1} of ${cases.length}] ${precision}: ${size} px, ${channels} channels, ${groups} groups, stride ${stride}`,
    );
    const measured = await measure(one, quick ? quickEffort : fullEffort);
    timed.push(measured);
    rows.push(rowOf(one, measured));
  }
  const claims = claimsOf(timed);
  printTable(rows, Object.keys(columns));
  process.stdout.write('\n');
  printClaims(claims);
  const versions = { tensorflow: await tensorflowVersion() };
  if (quick) log('A quick run measures too little to be kept; nothing was written.');
  else log(`Written: ${await writeResult('grouped', { rows, claims, columns, versions })}`);
  return exitCode(claims);
}

await runMain(main);
