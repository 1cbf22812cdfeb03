/**
 * `make bench-headline`: a training step at 224 px of published networks of the space against peers of equal published
 * accuracy, both in this engine and in turn, beside what their authors measured on a V100. `ARGS='--batch 4'` where
 * memory is scarce; `ARGS=--quick` shows that everything works and writes no result.
 */
import { execFile } from 'node:child_process';
import { parseArgs, promisify } from 'node:util';
import { tensorflowVersion, usesGpu } from '../../src/graph/session.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import type { Network } from '../../src/nas/layers.ts';
import { TrainingModel } from '../../src/nas/training-model.ts';
import { medianStepSeconds } from '../../src/train/step-time.ts';
import { atLeast, exitCode, printClaims, printTable, type Row, writeResult } from '../lib/results.ts';
import { runMain } from '../lib/run-main.ts';
import { geometricMean, median } from '../lib/statistics.ts';
import { peers } from '../zoo/peers/table.ts';
import { type Pair, pairs } from './pairs.ts';

const inputSize = 224;
const classes = 1000;
/** Rounds in which each of two networks takes a step: at least so many, and so many seconds' worth. */
const [fewestRounds, secondsOfRounds, mostRounds] = [5, 20, 25] as const;

const columns = {
  ours: 'network of the space',
  peer: 'network of equal published accuracy',
  top1: 'published top-1 on ImageNet of ours, in percent',
  peerTop1: 'of the peer',
  ms: 'milliseconds of a training step of ours, here',
  peerMs: 'of the peer, here',
  times: 'how many times as long the peer takes, here',
  published: 'the same on a V100, by the authors (64 images)',
} as const;

function peerNetwork({ peer: { family, model } }: Pair): Network {
  const found = peers.find((one) => one.family === family && one.model === model);
  if (found === undefined) throw new Error(`there is no peer ${family} ${model}`);
  return found.network({ classes });
}

const open = (network: Network, batchSize: number): Promise<TrainingModel> =>
  TrainingModel.open(network, {
    ...{ batchSize, inputSize, frozenStages: 0, optimizer: 'sgd', weightDecay: 1e-4, labelSmoothing: 0.1 },
    ...{ clipNorm: 0, average: false, precision: 'fp32', cachedFeatures: false },
  });

/** Median seconds of both, step by step in turn: a drift of the machine falls on both. */
async function timed(pair: Pair, batchSize: number, quick: boolean): Promise<readonly [number, number]> {
  const models = [await open(networkOf(pair.ours.encoding, { classes }), batchSize)];
  try {
    models.push(await open(peerNetwork(pair), batchSize));
    const measuring = { clock: systemClock, signal: new AbortController().signal };
    const seconds: number[][] = [[], []];
    const began = systemClock.nowSeconds();
    const wanted = (round: number): boolean =>
      quick ? round < 1 : round < fewestRounds || systemClock.nowSeconds() - began < secondsOfRounds;
    for (const model of models) model.start(new Map(), 1);
    for (let round = 0; round < mostRounds && wanted(round); round++) {
      for (const [i, model] of models.entries()) {
        // the first step of a model allocates and tunes
        const counts = { warmUp: round === 0 ? 1 : 0, steps: 1 };
        seconds[i]?.push(await medianStepSeconds(model, counts, measuring));
      }
    }
    const [ours = Number.NaN, peer = Number.NaN] = seconds.map(median);
    return [ours, peer];
  } finally {
    for (const model of models) model.close();
  }
}

/** Of the GPU that the steps ran on; undefined where there was none. */
async function gpuName(): Promise<string | undefined> {
  if (!(await usesGpu())) return undefined;
  const { stdout } = await promisify(execFile)('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader']);
  return stdout.split('\n', 1)[0];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { batch: { type: 'string' }, quick: { type: 'boolean' }, strict: { type: 'boolean' } },
  });
  const batch = Number(values.batch ?? 8);
  const quick = values.quick ?? false;
  const rows: Row[] = [];
  for (const pair of quick ? pairs.slice(2, 4) : pairs) {
    const { ours, peer } = pair;
    const [seconds, peerSeconds] = await timed(pair, batch, quick);
    rows.push({
      ...{ ours: ours.name, peer: `${peer.family} ${peer.model}`, top1: ours.top1, peerTop1: peer.top1 },
      ...{ ms: Math.round(1000 * seconds), peerMs: Math.round(1000 * peerSeconds) },
      times: Number((peerSeconds / seconds).toFixed(2)),
      published: Number((peer.stepMs / ours.stepMs).toFixed(2)),
    });
    printTable(rows.slice(-1));
  }
  const claims = [
    ...rows.map((row) => atLeast(`${row['ours']} against ${row['peer']}: times as fast here`, Number(row['times']), 1)),
    atLeast('geometric mean of all', geometricMean(rows.map((row) => Number(row['times']))), 1),
  ];
  process.stdout.write('\n');
  printTable(rows);
  printClaims(claims);
  const command = batch === 8 ? 'make bench-headline' : `make bench-headline ARGS='--batch ${batch}'`;
  const gpu = await gpuName();
  const name = gpu === undefined ? 'headline' : 'headline-gpu';
  const versions = { tensorflow: await tensorflowVersion(), ...(gpu === undefined ? {} : { gpu }) };
  const result = { rows, claims, columns, command, versions };
  if (!quick) process.stderr.write(`Written: ${await writeResult(name, result)}\n`);
  return exitCode(claims);
}

await runMain(main);
