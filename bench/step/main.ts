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
import {
  type Contender,
  describeVariant,
  type Effort,
  fullEffort,
  interleave,
  quickEffort,
  screen,
} from './measure.ts';
import type { Precision } from './protocol.ts';
import { claimsOf, columns, type Pair, precisions, rowsOf, summary } from './report.ts';

const log = (line: string): boolean => process.stderr.write(`${line}\n`);

/** Screening is short: the two quickest variants of a precision are timed at length. */
const finalists = 2;

/** Screens the peer's variants, then times ours and its quickest at each precision side by side. */
async function measure(name: string, encoding: string, peer: Launch, effort: Effort) {
  log(`${name}: ${encoding}`);
  const task = taskOf(encoding);
  const contenders: Contender[] = [];
  for (const precision of precisions) {
    // to ours layout and compilation mean nothing: it has one graph
    const variant = { layout: 'nchw', compile: false, precision } as const;
    contenders.push({ name: `${oursLaunch.name} ${precision}`, launch: oursLaunch, variant });
    const screened = await screen(peer, task, precision, effort, log);
    for (const { variant } of screened.slice(0, finalists)) {
      contenders.push({ name: `${peer.name} ${precision} ${describeVariant(variant)}`, launch: peer, variant });
    }
  }
  const timed = await interleave(contenders, task, effort);
  const results = contenders.flatMap((contender, i) => {
    const result = timed[i];
    if (result === undefined) return [];
    log(summary(contender.name, result));
    return [{ ...contender, result }];
  });
  const quickest = (launch: Launch, precision: Precision) => {
    const [best] = results
      .filter((one) => one.launch === launch && one.variant.precision === precision)
      .sort((a, b) => a.result.medianSeconds - b.result.medianSeconds);
    if (best === undefined) throw new Error(`${launch.name} has no result at ${precision}`);
    return best;
  };
  const pairOf = (precision: Precision): Pair => {
    const { result, variant } = quickest(peer, precision);
    return { ours: quickest(oursLaunch, precision).result, peer: result, variant };
  };
  const pairs = { fp32: pairOf('fp32'), bf16: pairOf('bf16') };
  const rows = rowsOf({ architecture: name, encoding, pairs });
  return { rows, versions: { ...pairs.fp32.peer.versions, ...pairs.fp32.ours.versions } };
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
