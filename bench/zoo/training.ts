/** What `make bench-zoo` measures of a network: accuracy after a training like all others', and the time of a step. */
import { availableParallelism } from 'node:os';
import { systemClock } from '../../src/lib/clock.ts';
import type { Network } from '../../src/nas/layers.ts';
import { TrainingModel } from '../../src/nas/training-model.ts';
import { readCheckpoint, removeCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.ts';
import { type Dataset, openDataset } from '../../src/train/dataset.ts';
import { decodeAll, type ImageStore } from '../../src/train/image-cache.ts';
import { type Pretrained, pretrain, pretrainingRegime, pretrainingSide } from '../../src/train/pretraining.ts';
import { comparedBatch, medianStepSeconds } from '../../src/train/step-time.ts';
import type { Answers } from '../../src/train/teacher.ts';
import { median } from '../lib/statistics.ts';

export const inputSize = 64;

/** Images, decoded once for all trainings of a process. */
export class Images {
  readonly dataset: Dataset;
  readonly store: ImageStore;

  private constructor(dataset: Dataset, store: ImageStore) {
    this.dataset = dataset;
    this.store = store;
  }

  /** `scratch`: a folder for decoded images. */
  static async open(path: string, scratch: string, signal: AbortSignal): Promise<Images> {
    const dataset = await openDataset(path, { seed: 0, valShare: 0.2, scratch, signal });
    const workers = Math.max(1, Math.min(4, availableParallelism()));
    const shape = { side: inputSize, trainSide: pretrainingSide(inputSize) };
    const store = await decodeAll(dataset, { ...shape, scratch, workers, signal, onProgress: () => {} });
    return new Images(dataset, store);
  }

  async close(): Promise<void> {
    this.store.close();
    await this.dataset.close();
  }
}

export interface Training {
  readonly epochs: number;
  readonly seed: number;
  /** The folder of an unfinished training's checkpoint, gone once it is finished. */
  readonly unfinished: string;
  readonly signal: AbortSignal;
  /** Of a teacher, to the training images. */
  readonly answers?: Answers | undefined;
}

const checkpointEverySeconds = 60;

export interface Made {
  /** On the validation images. */
  readonly accuracy: number;
  readonly weights: Pretrained['weights'];
}

/**
 * A network after `epochs` by the recipe of pre-trainings. A killed training goes on where it was. Throws Diverged, and the
 * signal's reason where it is interrupted.
 */
export async function trainFromNothing(
  network: Network,
  { store }: Images,
  { epochs, seed, unfinished, signal, answers }: Training,
): Promise<Made> {
  const regime = pretrainingRegime({ inputSize, images: store.train.count, epochs });
  const decision = `${network.encoding}, ${regime.steps} steps, seed ${seed}`;
  const checkpoint = await readCheckpoint(unfinished);
  const { evaluation, weights } = await pretrain({
    ...{ network, regime, store, seed, signal, answers, clock: systemClock, startedSeconds: systemClock.nowSeconds() },
    ...{ deadlineSeconds: undefined, evaluations: 0, checkpointEverySeconds },
    resume: checkpoint?.decision === decision ? checkpoint : undefined,
    keep: (reached) => writeCheckpoint(unfinished, { ...reached, decision }),
    onProgress: () => {},
  });
  if (evaluation === undefined) throw signal.reason;
  await removeCheckpoint(unfinished);
  return { accuracy: evaluation.accuracy, weights };
}

const open = (network: Network): Promise<TrainingModel> =>
  TrainingModel.open(network, {
    ...{ batchSize: comparedBatch, inputSize, frozenStages: 0, optimizer: 'sgd', weightDecay: 1e-4 },
    ...{ labelSmoothing: 0.1, clipNorm: 0, average: true, precision: 'fp32', cachedFeatures: false },
  });

export interface Timing {
  readonly rounds: number;
  readonly signal: AbortSignal;
}

/**
 * Median seconds of a training step of each network. Each is timed in turn with the same reference, step by step, and
 * what the reference took meanwhile is divided out: a drift of the machine over the minutes falls on both.
 */
export async function stepSeconds(
  networks: readonly Network[],
  { rounds, signal }: Timing,
  onTimed: (index: number, seconds: number) => void,
): Promise<readonly number[]> {
  const [first] = networks;
  if (first === undefined) return [];
  const reference = await open(first);
  try {
    reference.start(new Map(), 1);
    const pairs: (readonly [own: number, reference: number])[] = [];
    for (const [i, network] of networks.entries()) {
      const pair = await timedBeside(reference, network, { rounds, signal });
      pairs.push(pair);
      onTimed(i, pair[0]);
    }
    const usual = median(pairs.map(([, seconds]) => seconds));
    return pairs.map(([own, beside]) => (own / beside) * usual);
  } finally {
    reference.close();
  }
}

async function timedBeside(
  reference: TrainingModel,
  network: Network,
  { rounds, signal }: Timing,
): Promise<readonly [number, number]> {
  const model = await open(network);
  try {
    model.start(new Map(), 1);
    const seconds: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      for (const [i, one] of [model, reference].entries()) {
        const counts = { warmUp: round === 0 ? 2 : 0, steps: 1 };
        seconds[i as 0 | 1].push(await medianStepSeconds(one, counts, { clock: systemClock, signal }));
      }
    }
    return [median(seconds[0]), median(seconds[1])];
  } finally {
    model.close();
  }
}
