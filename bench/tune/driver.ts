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
import { RunError } from '../../src/lib/errors.ts';
import { loadZoo, memberOf, type Zoo } from '../../src/nas/zoo.ts';
import { defaultRegime, maximumEpochs } from '../../src/planner/regime.ts';
import { defaultRunCosts } from '../../src/planner/run-time.ts';
import { calibrate } from '../../src/planner/timing.ts';
import type { Regime } from '../../src/planner/types.ts';
import { trainingSide } from '../../src/train/augment.ts';
import { type Dataset, openDataset } from '../../src/train/dataset.ts';
import { fineTune } from '../../src/train/fine-tune.ts';
import { decodeAll } from '../../src/train/image-cache.ts';
import { headerSize } from '../../src/train/image-header.ts';
import { accuracyOf } from '../../src/train/metrics.ts';
import { middleMember } from './middle-member.ts';

export interface DriverJob {
  /** Folder or archive of images. */
  readonly path: string;
  readonly zoo: string;
  /** Seconds from the first look at the images to the trained weights. */
  readonly seconds: number;
  readonly seed: number;
  /** A given member and regime from random weights, or the default regime on the zoo's middle member. */
  readonly run:
    | { readonly kind: 'random'; readonly member: string; readonly regime: Regime }
    | { readonly kind: 'default' };
}

export interface DriverOutcome {
  readonly accuracy: number;
  readonly seconds: number;
  readonly member: string;
  readonly regime: Regime;
  readonly steps: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** Images whose headers tell the resolution of a data set. */
const sampledHeaders = 64;
const headerBytes = 64 * 1024;

interface Choice {
  readonly member: string;
  readonly regime: Regime;
  /** How much longer than the regime says the run may become where time is left. */
  readonly stretch: number;
}

/**
 * The regime's length comes from the step times that the zoo ships, for nothing is measured beforehand; where this
 * machine is faster it may become as long as its time and the most useful epochs allow.
 */
function defaultChoice(zoo: Zoo, dataset: Dataset, resolution: number, seconds: number): Choice {
  const member = middleMember(zoo.members);
  const counts = { trainImages: dataset.train.length, validationImages: dataset.val.length };
  const classes = dataset.classes.length;
  const perClass = counts.trainImages / classes;
  // a default does not depend on what the images show
  const unseen = { colourShare: 1, pixelMean: 0.5, pixelDeviation: 0.25, separability: 0, nearestMeanAccuracy: 0 };
  const known = { images: counts.trainImages, classes, imagesPerClassMean: perClass, imagesPerClassDeviation: 0 };
  const regime = defaultRegime({
    ...{ member, counts, seconds, cacheBytes: 0, timing: calibrate(zoo.members, []) },
    features: { ...known, ...unseen, resolution },
    costs: { ...defaultRunCosts, workers: workersHere() },
  });
  if (!regime) {
    throw new RunError(`The default regime of ${member.name} does not fit into ${seconds} s.`, 'Give a larger budget.');
  }
  const most = (maximumEpochs * counts.trainImages) / regime.batchSize;
  return { member: member.name, regime, stretch: Math.max(1, most / regime.steps) };
}

/**
 * What was never trained has neither stages worth freezing, nor statistics to go by, nor features that a head could be
 * fitted to; without such a head it bears the larger learning rate that the default regime has had for it.
 */
const fromNothing = (regime: Regime): Regime => ({
  ...regime,
  ...{ frozenStages: 0, normStatistics: 'batch', headStart: 'random' },
  learningRate: (regime.headStart === 'fitted' ? 3 : 1) * regime.learningRate,
});

async function runJob({ path, zoo: zooFolder, seconds, seed, run }: DriverJob): Promise<DriverOutcome> {
  const startedSeconds = systemClock.nowSeconds();
  const dataset = await openDataset(path, { seed, scratch: scratchFolder() });
  const zoo = await loadZoo(zooFolder);
  const resolution = resolutionOf(dataset);
  // what a plan leaves unused because pre-trained weights need no more is still time for random ones
  const choice: Choice =
    run.kind === 'random'
      ? { member: run.member, regime: fromNothing(run.regime), stretch: Number.POSITIVE_INFINITY }
      : defaultChoice(zoo, dataset, resolution, seconds);
  const { member, regime, stretch } = choice;
  const store = await decodeAll(dataset, {
    side: regime.inputSize,
    trainSide: trainingSide(regime.inputSize, regime.augmentation, resolution),
    ...{ scratch: scratchFolder(), workers: workersHere() },
  });
  const network = taskNetwork(memberOf(zoo, member), { classes: dataset.classes.length });
  const { outcome, logits, rows } = await fineTune({
    network,
    weights: run.kind === 'random' ? new Map() : await startWeights(zoo, member, network),
    ...{ regime, store, seed, clock: systemClock, startedSeconds, evaluations, stretch, resume: undefined },
    deadlineSeconds: seconds,
    checkpointEverySeconds: Number.POSITIVE_INFINITY,
    keep: async () => {},
    onProgress: () => {},
    signal: new AbortController().signal,
  });
  if (!logits) throw new Error('a run without a signal is not interrupted');
  const labels = rows.map((row) => store.val.labels[row] as number);
  const accuracy = accuracyOf(logits, labels, dataset.classes.length);
  store.close();
  await dataset.close();
  const versions = { tensorflow: await tensorflowVersion() };
  return { accuracy, seconds: outcome.activeSeconds, member, regime, steps: outcome.step, versions };
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
