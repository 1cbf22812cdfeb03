/**
 * `make bench-step`: a training step of our engine against PyTorch's best, interleaved on this machine.
 * `--quick` is a short run that shows that everything works and writes no result; `--strict` exits 1 where a claim does not hold.
 */
import { join } from 'node:path';
import { cacheDir } from '../../src/lib/user-dirs.ts';
import { exitCode, printClaims, printTable, type Row, writeResult } from '../lib/results.ts';
import { runMain } from '../lib/run-main.ts';
import { peerEnvironment, requireCompiler } from '../peers/environment.ts';
import { architectures, taskOf } from './architectures.ts';
import { type Launch, oursLaunch, peerLaunch } from './engine.ts';
import { type Contender, type Effort, fullEffort, interleave, quickEffort, screen } from './measure.ts';
import type { Variant } from './protocol.ts';
import { claimsOf, columns, type Measurement, precisions, rowsOf, summary } from './report.ts';

const log = (line: string): boolean => process.stderr.write(`${line}\n`);

/** Screens the peer's variants, then times ours and its best at each precision side by side. */
async function measure(name: string, encoding: string, peer: Launch, effort: Effort) {
  log(`${name}: ${encoding}`);
  const task = taskOf(encoding);
  const contenders: Contender[] = [];
  const variants: Variant[] = [];
  for (const precision of precisions) {
    const [best] = await screen(peer, task, precision, effort, log);
    if (!best) throw new Error('screening gave no variant');
    variants.push(best.variant);
    // to ours layout and compilation mean nothing: it has one graph
    contenders.push({ name: `nasoa ${precision}`, launch: oursLaunch, variant: best.variant });
    contenders.push({ name: `PyTorch ${precision}`, launch: peer, variant: best.variant });
  }
  const timed = await interleave(contenders, task, effort);
  contenders.forEach((contender, i) => {
    const result = timed[i];
    if (result) log(summary(contender.name, result));
  });
  const [fp32, bf16] = variants;
  const [ours32, peer32, ours16, peer16] = timed;
  if (!fp32 || !bf16 || !ours32 || !peer32 || !ours16 || !peer16) throw new Error('a contender has no result');
  const measurement: Measurement = {
    architecture: name,
    encoding,
    pairs: {
      fp32: { ours: ours32, peer: peer32, variant: fp32 },
      bf16: { ours: ours16, peer: peer16, variant: bf16 },
    },
  };
  return { rows: rowsOf(measurement), versions: { ...peer32.versions, ...ours32.versions } };
}

async function main(): Promise<number> {
  const quick = process.argv.includes('--quick');
  await requireCompiler();
  const { python } = await peerEnvironment({ log });
  const peer = peerLaunch(python, join(cacheDir(), 'peers', 'inductor'));
  const rows: Row[] = [];
  let versions: Readonly<Record<string, string>> = {};
  for (const [name, encoding] of Object.entries(architectures)) {
    const measured = await measure(name, encoding, peer, quick ? quickEffort : fullEffort);
    rows.push(...measured.rows);
    versions = { ...versions, ...measured.versions };
  }
  const claims = claimsOf(rows);
  printTable(
    rows,
    Object.keys(columns).filter((column) => column !== 'encoding'),
  );
  process.stdout.write('\n');
  printClaims(claims);
  if (quick) log('A quick run measures too little to be kept; nothing was written.');
  else log(`Written: ${await writeResult('step', { rows, claims, columns, versions })}`);
  return exitCode(claims);
}

await runMain(main);
