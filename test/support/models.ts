import { createRng } from '../../src/lib/rng.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import type { TrainingOptions } from '../../src/nas/training-graph.ts';
import { TrainingModel } from '../../src/nas/training-model.ts';

export const aNetwork = (encoding = '0-_16_1-2@2', classes = 4) => networkOf(encoding, { classes });

export const trainingOptions = (o: Partial<TrainingOptions> = {}): TrainingOptions => ({
  batchSize: 8,
  inputSize: 16,
  frozenStages: 0,
  optimizer: 'sgd',
  weightDecay: 1e-4,
  labelSmoothing: 0,
  clipNorm: 0,
  average: false,
  precision: 'fp32',
  cachedFeatures: false,
  ...o,
});

/** An open model with weights of seed 1; the caller closes it. */
export async function aModel(o: Partial<TrainingOptions> = {}, encoding?: string): Promise<TrainingModel> {
  const model = await TrainingModel.open(aNetwork(encoding), trainingOptions(o));
  model.start(new Map(), 1);
  return model;
}

/** Images whose class is written in their brightness and colour, with one-hot targets. */
export function aBatch(seed: number, { rows = 8, size = 16, classes = 4 } = {}) {
  const rng = createRng(seed);
  const images = new Int32Array(rows * size * size * 3);
  const targets = new Float32Array(rows * classes);
  for (let row = 0; row < rows; row++) {
    const label = rng.int(classes);
    targets[row * classes + label] = 1;
    for (let i = 0; i < size * size * 3; i++) {
      const base = (label * 60 + (i % 3 === label % 3 ? 40 : 0)) % 256;
      images[row * size * size * 3 + i] = Math.min(255, Math.max(0, Math.round(base + 20 * rng.normal())));
    }
  }
  return { images, targets };
}

export const settings = (step: number, learningRate = 0.05) => ({ learningRate, step, averageDecay: 0.9, seed: 3 });
