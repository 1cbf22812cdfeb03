import { join } from 'node:path';
import { systemClock } from '../../src/lib/clock.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import type { Regime } from '../../src/planner/types.ts';
import { trainingSide } from '../../src/train/augment.ts';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.ts';
import { openDataset } from '../../src/train/dataset.ts';
import { type FineTuned, type FineTuneOptions, fineTune } from '../../src/train/fine-tune.ts';
import { decodeAll, type ImageStore } from '../../src/train/image-cache.ts';
import { aFolder } from './image-files.ts';
import { aRegime } from './report-data.ts';
import { colourImages, randomWeights, testMembers } from './zoo.ts';

/** Decoded pictures of four colours, and real fine-tuning runs over them; `close` removes everything. */
export interface SmallRuns {
  readonly store: ImageStore;
  readonly folder: string;
  run(regime: Partial<Regime>, options?: Partial<FineTuneOptions>): Promise<FineTuned>;
  /** Stops after each of these steps, then goes on from the checkpoint on disk, to the end. */
  runInParts(regime: Partial<Regime>, stops: readonly number[]): Promise<FineTuned>;
  close(): Promise<void>;
}

export const smallRegime = (over: Partial<Regime> = {}): Regime => ({
  ...aRegime(),
  ...{ inputSize: 24, batchSize: 8, steps: 12, frozenStages: 0, optimizer: 'adamw', learningRate: 3e-3 },
  ...{ weightDecay: 0.01, schedule: 'cosine', warmupShare: 0.1, augmentation: 'none', mix: 'none' },
  ...{ labelSmoothing: 0.1, ema: 0, precision: 'fp32', normStatistics: 'batch', headStart: 'random' },
  ...over,
});

export async function smallRuns(): Promise<SmallRuns> {
  const { path: folder, [Symbol.asyncDispose]: remove } = await aFolder();
  await colourImages(join(folder, 'set'), 12);
  const dataset = await openDataset(join(folder, 'set'), { seed: 1, scratch: join(folder, 'scratch'), valShare: 0.25 });
  const { inputSize } = smallRegime();
  const trainSide = trainingSide(inputSize, 'strong');
  const store = await decodeAll(dataset, { side: inputSize, trainSide, workers: 1, scratch: join(folder, 'scratch') });
  const networkWith = (dropout: number) => networkOf(testMembers.square, { classes: dataset.classes.length, dropout });
  const weights = randomWeights(networkWith(0), 5);

  const run: SmallRuns['run'] = (regime, options = {}) =>
    fineTune({
      network: networkWith(smallRegime(regime).dropout),
      ...{ weights, store, seed: 7, clock: systemClock, startedSeconds: systemClock.nowSeconds() },
      ...{ deadlineSeconds: undefined, stretch: 1, evaluations: 0, resume: undefined },
      regime: smallRegime(regime),
      checkpointEverySeconds: Number.POSITIVE_INFINITY,
      keep: async () => {},
      onProgress: () => {},
      signal: new AbortController().signal,
      ...options,
    });

  const runInParts: SmallRuns['runInParts'] = async (regime, stops) => {
    const at = join(folder, 'checkpoint');
    let resume: Checkpoint | undefined;
    for (const stop of stops) {
      const controller = new AbortController();
      const part = await run(regime, {
        resume,
        signal: controller.signal,
        keep: (checkpoint) => writeCheckpoint(at, { ...checkpoint, decision: 'test' }),
        onProgress: (phase, done) => {
          if (phase === 'training' && done >= stop) controller.abort();
        },
      });
      if (part.outcome.stopped !== 'interrupted') throw new Error(`stopped: ${part.outcome.stopped}`);
      resume = await readCheckpoint(at);
    }
    return run(regime, { resume });
  };

  return {
    ...{ store, folder, run, runInParts },
    close: async () => {
      store.close();
      await dataset.close();
      await remove();
    },
  };
}
