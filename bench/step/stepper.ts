import { tensorflowVersion } from '../../src/graph/session.ts';
import { createRng } from '../../src/lib/rng.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import { TrainingModel } from '../../src/nas/training-model.ts';
import type { Precision } from './protocol.ts';

export interface StepperOptions {
  readonly encoding: string;
  readonly classes: number;
  readonly size: number;
  readonly batch: number;
  readonly threads: number;
  readonly precision: Precision;
}

/** A network of ours with its optimizer and input batches, ready to step. */
export interface Stepper {
  /** One whole training step (normalisation, forward, loss, backward, update); returns its seconds. */
  step(): number;
  /** Peak resident memory of this process so far. */
  peakMemoryBytes(): number;
  close(): void;
  /** Versions for the record, such as tensorflow's. */
  readonly versions?: Readonly<Record<string, string>>;
}

/** Opens our engine; the caller does the warm-up steps. Does the same step as `peer.py`, whose constants are the terms. */
export async function openStepper({
  encoding,
  classes,
  size,
  batch,
  threads,
  precision,
}: StepperOptions): Promise<Stepper> {
  process.env['TF_NUM_INTRAOP_THREADS'] = String(threads);
  const network = networkOf(encoding, { classes });
  const model = await TrainingModel.open(network, {
    ...{ batchSize: batch, inputSize: size, frozenStages: 0, optimizer: 'sgd', weightDecay: 5e-5 },
    ...{ labelSmoothing: 0.1, clipNorm: 0, average: false, precision, cachedFeatures: false },
  });
  model.start(new Map(), 0);
  const rng = createRng(0);
  const images = Int32Array.from({ length: batch * size * size * 3 }, () => rng.int(256));
  const targets = new Float32Array(batch * classes);
  for (let row = 0; row < batch; row++) targets[row * classes + rng.int(classes)] = 1;
  let step = 0;
  return {
    step: () => {
      const before = performance.now();
      model.step(images, targets, { learningRate: 0.01, step: ++step, averageDecay: 0, seed: 0 });
      return (performance.now() - before) / 1000;
    },
    // Linux reports it in KiB
    peakMemoryBytes: () => process.resourceUsage().maxRSS * 1024,
    close: () => model.close(),
    versions: { tensorflow: await tensorflowVersion() },
  };
}
