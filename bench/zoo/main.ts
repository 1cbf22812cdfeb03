/**
 * `make bench-zoo`: the zoo's own members and peers of several sizes, all trained from nothing on the same images by the
 * same recipe for as many epochs in this engine, and their training steps timed here. `ARGS='--keep FILE'` keeps each
 * training's accuracy, and goes on with what is missing, a killed training included; `--search FOLDER` takes
 * the members that a search would give instead of a zoo's; `--train-only --part 1/8` trains a part and times nothing, for
 * several processes on a GPU; `--quick` shows that everything works and writes no result.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { tensorflowVersion, usesGpu } from '../../src/graph/session.ts';
import { writeFileAtomic } from '../../src/lib/atomic-file.ts';
import { RunError } from '../../src/lib/errors.ts';
import { preciseProcessor } from '../../src/lib/processor.ts';
import { KeptLines } from '../lib/kept-lines.ts';
import { atLeast, exitCode, printClaims, printTable, type Row, writeResult } from '../lib/results.ts';
import { runMain } from '../lib/run-main.ts';
import { archiveOf } from '../tune/datasets.ts';
import { compare, type Level } from './levels.ts';
import { type Contestant, ours, ownContestants, peerContestants, searchedContestants } from './networks.ts';
import { frontDrawing } from './plot.ts';
import { accuracyOf, Images, stepSeconds } from './training.ts';

interface Trained {
  readonly name: string;
  readonly encoding: string;
  readonly epochs: number;
  readonly accuracy: number;
  /** What trained it: accuracies do not depend on it but for rounding. */
  readonly device: string;
}

const columns = {
  network: 'network; "first stride 1": its first convolution does not halve the images',
  family: 'what it belongs to',
  accuracy: 'top-1 on the validation images, in percent',
  ms: 'milliseconds of a training step of 64 images of 64 px, here',
} as const;

const timesAhead = 1.7;
const timedRounds = 15;
const unfinishedIn = fileURLToPath(new URL('../../.cache/bench-zoo', import.meta.url));
const drawing = fileURLToPath(new URL('../../docs/zoo-front.svg', import.meta.url));

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      keep: { type: 'string' },
      zoo: { type: 'string', default: fileURLToPath(new URL('../../zoo/default', import.meta.url)) },
      search: { type: 'string' },
      size: { type: 'string', default: '10' },
      data: { type: 'string' },
      epochs: { type: 'string', default: '10' },
      part: { type: 'string', default: '1/1' },
      'train-only': { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
    },
  });
  const { quick } = values;
  const epochs = quick ? 1 : Number(values.epochs);
  const { zoo, search } = values;
  const own = search === undefined ? await ownContestants(zoo) : await searchedContestants(search, Number(values.size));
  const all = [...own, ...peerContestants];
  const chosen = quick ? [all[0], peerContestants[0]].filter((one) => one !== undefined) : all;
  const kept = await KeptLines.open<Trained>(values.keep);
  await train(chosen, kept, { data: values.data, epochs, part: values.part });
  if (values['train-only']) return 0;
  const trained = chosen.map((one) => ({ ...one, accuracy: found(kept.all, one, epochs)?.accuracy ?? Number.NaN }));
  const seconds = await stepSeconds(
    trained.map((one) => one.network(classes)),
    { rounds: quick ? 2 : timedRounds, signal: stop.signal },
    (i, s) => process.stderr.write(`${trained[i]?.name}: ${(1000 * s).toFixed(1)} ms\n`),
  );
  const points = trained.map((one, i) => ({ ...one, seconds: seconds[i] ?? Number.NaN }));
  const rows: Row[] = points.map(({ name, family, accuracy, seconds: s }) => ({
    ...{ network: name, family, accuracy: round(100 * accuracy, 1), ms: round(1000 * s, 2) },
  }));
  printTable(rows);
  const levels = compare(points);
  const claims = levels.map(claimOf);
  printClaims(claims);
  if (quick) return 0;
  await writeFileAtomic(drawing, frontDrawing(points, { epochs }));
  const devices = [...new Set(kept.all.map(({ device }) => device))].join(', ');
  const versions = { tensorflow: await tensorflowVersion(), trainedOn: devices, epochs: String(epochs) };
  const command = `make bench-zoo ARGS='--keep bench/results/zoo-runs.jsonl'`;
  process.stderr.write(`Written: ${await writeResult('zoo', { rows, claims, columns, versions, command })}\n`);
  return exitCode(claims);
}

/** Of tiny-imagenet-100. */
const classes = 100;

const stopped = new RunError('Stopped.', 'With --keep FILE the same command goes on where it was.');
/** Ends a training once it is kept, and what is timed at once. */
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(stopped));

async function train(
  contestants: readonly Contestant[],
  kept: KeptLines<Trained>,
  { data, epochs, part }: { readonly data: string | undefined; readonly epochs: number; readonly part: string },
): Promise<void> {
  const [nth = 1, of = 1] = part.split('/').map(Number);
  const missing = contestants.filter((one) => found(kept.all, one, epochs) === undefined);
  const mine = missing.filter((_, i) => i % of === nth - 1);
  if (mine.length === 0) return;
  const { signal } = stop;
  const path = data ?? (await archiveOf('tiny-imagenet-100'));
  const images = await Images.open(path, join(tmpdir(), `nasoa-bench-zoo-${process.pid}`), signal);
  const device = (await usesGpu()) ? 'a GPU' : preciseProcessor().cpu;
  try {
    for (const one of mine) {
      const network = one.network(images.dataset.classes.length);
      const unfinished = join(unfinishedIn, `${one.name} after ${epochs}`.replaceAll(/[^\w.]+/g, '-'));
      const accuracy = await accuracyOf(network, images, { epochs, seed: 1, unfinished, signal });
      kept.add({ name: one.name, encoding: network.encoding, epochs, accuracy, device });
      process.stderr.write(`${one.name}: ${(100 * accuracy).toFixed(1)} % after ${epochs} epochs\n`);
    }
  } finally {
    await images.close();
  }
}

const found = (all: readonly Trained[], { name, network }: Contestant, epochs: number): Trained | undefined => {
  const { encoding } = network(classes);
  return all.find((one) => one.name === name && one.encoding === encoding && one.epochs === epochs);
};

function claimOf({ family, accuracy, ownSeconds, seconds }: Level) {
  const bound = family === 'EfficientNet' || family === 'RegNetY' ? timesAhead : 1;
  const name = `times the step of ${ours} that ${family} takes at ${(100 * accuracy).toFixed(1)} %`;
  return seconds === undefined
    ? atLeast(`${name}: none is as accurate`, Number.POSITIVE_INFINITY, bound)
    : atLeast(name, round(seconds / ownSeconds, 2), bound);
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

await runMain(main);
