/**
 * One fine-tuning run without profile and plan, in a process of its own: `node driver.ts JOB`, where JOB is the JSON of
 * a `DriverJob`; prints the JSON of a `DriverOutcome`. It does with the images what `nasoa tune` does after planning, by
 * the same code, and counts its seconds alike.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { scratchFolder, workersHere } from '../../src/cli/local/planning.ts';
import { evaluations } from '../../src/cli/local/run.ts';
import { startWeights, taskNetwork } from '../../src/cli/local/start-weights.ts';
import { tensorflowVersion } from '../../src/graph/session.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { loadZoo, memberOf } from '../../src/nas/zoo.ts';
import type { Experience, Regime } from '../../src/planner/types.ts';
import { trainingSide } from '../../src/train/augment.ts';
import { type Dataset, openDataset } from '../../src/train/dataset.ts';
import { type FineTuned, fineTune, NeverBegun } from '../../src/train/fine-tune.ts';
import { decodeAll, type ImageStore } from '../../src/train/image-cache.ts';
import { headerSize } from '../../src/train/image-header.ts';
import { Diverged } from '../../src/train/loop.ts';
import { topClass } from '../../src/train/metrics.ts';
import { choiceOf, type Way } from './ways.ts';

export interface DriverJob {
  /** Folder or archive of images. */
  readonly path: string;
  readonly zoo: string;
  /** Seconds from the first look at the images to the trained weights, or from where `since` says. */
  readonly seconds: number;
  /** Decoded images are nothing that a search would pay for at each of its trials. */
  readonly since?: 'training';
  readonly seed: number;
  readonly run: Way;
}

export interface DriverOutcome {
  readonly accuracy: number;
  /** Of each validation image, 1 where its class was found, else 0; empty where nothing was trained. */
  readonly hits: string;
  readonly seconds: number;
  /** Of the evaluations within the run. */
  readonly curve: Experience['curve'];
  readonly member: string;
  readonly regime: Regime;
  readonly steps: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** Images whose headers tell the resolution of a data set. */
const sampledHeaders = 64;
const headerBytes = 64 * 1024;

async function runJob({ path, zoo: zooFolder, seconds: allowed, since, seed, run }: DriverJob): Promise<DriverOutcome> {
  const openedSeconds = systemClock.nowSeconds();
  const dataset = await openDataset(path, { seed, scratch: scratchFolder() });
  const zoo = await loadZoo(zooFolder);
  const resolution = resolutionOf(dataset);
  const { member, regime, stretch } = choiceOf(run, seed, { zoo, dataset, resolution, seconds: allowed });
  const store = await decodeAll(dataset, {
    side: regime.inputSize,
    trainSide: trainingSide(regime.inputSize, regime.augmentation, resolution),
    ...{ scratch: scratchFolder(), workers: workersHere() },
  });
  const network = taskNetwork(memberOf(zoo, member), { classes: dataset.classes.length, dropout: regime.dropout });
  const startedSeconds = since === 'training' ? systemClock.nowSeconds() : openedSeconds;
  const tuned = await fineTune({
    network,
    weights: run.kind === 'random' ? new Map() : await startWeights(zoo, member, network),
    ...{ regime, store, seed, clock: systemClock, startedSeconds, evaluations, stretch, resume: undefined },
    deadlineSeconds: allowed,
    checkpointEverySeconds: Number.POSITIVE_INFINITY,
    keep: async () => {},
    onProgress: () => {},
    signal: new AbortController().signal,
  }).catch((error: unknown) => {
    // a regime that diverges, or whose time is up before its first step, is no better than guessing
    if (error instanceof Diverged || error instanceof NeverBegun) return undefined;
    throw error;
  });
  const seconds = tuned?.outcome.activeSeconds ?? systemClock.nowSeconds() - startedSeconds;
  const hits = tuned ? hitsOf(tuned, store, dataset) : '';
  const accuracy = tuned ? hits.replaceAll('0', '').length / hits.length : 1 / dataset.classes.length;
  const curve = (tuned?.outcome.curve ?? []).flatMap((point) =>
    point.accuracy === undefined ? [] : [{ seconds: point.seconds, accuracy: point.accuracy }],
  );
  store.close();
  await dataset.close();
  const versions = { tensorflow: await tensorflowVersion() };
  return { accuracy, hits, seconds, curve, member, regime, steps: tuned?.outcome.step ?? 0, versions };
}

function hitsOf({ logits, rows }: FineTuned, { val }: ImageStore, { classes }: Dataset): string {
  if (!logits) throw new Error('a run without a signal is not interrupted');
  const found = topClass(logits, classes.length);
  return Array.from(rows, (row, i) => (found[i] === val.labels[row] ? '1' : '0')).join('');
}

/** Median of the shorter sides of some training images, as the profile of `nasoa tune` finds it. */
function resolutionOf({ train }: Dataset): number {
  const every = Math.max(1, Math.floor(train.length / sampledHeaders));
  const sides = train
    .filter((_, i) => i % every === 0)
    .flatMap(({ path }) => {
      const size = headerSize(beginningOf(path));
      return size ? [Math.min(size.width, size.height)] : [];
    })
    .sort((a, b) => a - b);
  return sides[sides.length >> 1] ?? Number.POSITIVE_INFINITY;
}

function beginningOf(path: string): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const bytes = new Uint8Array(headerBytes);
    return bytes.subarray(0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

// libraries that greet on stdout must not mix with the outcome
console.log = console.error;
const outcome = await runJob(JSON.parse(process.argv[2] ?? '') as DriverJob);
process.stdout.write(`${JSON.stringify(outcome)}\n`);
