/**
 * Puts finished pre-trainings (`hack/zoo/pretrain.ts`) into a zoo: `node hack/zoo/build.ts NAME...`, cheapest first.
 * Costs are computed and training steps measured here, so the machine should be idle.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { costOf, shapesOf, stageShares } from '../../src/nas/cost.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import type { Network } from '../../src/nas/layers.ts';
import { TrainingModel } from '../../src/nas/training-model.ts';
import { addMember, shippedZooDir } from '../../src/nas/zoo.ts';
import type { StepTime } from '../../src/planner/types.ts';

interface Record {
  readonly name: string;
  readonly encoding: string;
  readonly inputSize: number;
  readonly epochs: number;
  readonly accuracy: number;
  readonly top5: number;
  readonly data: string;
  readonly images: number;
  readonly classes: number;
}

/** Input sizes and batches between which the planner interpolates. */
const measuredSizes = [32, 64, 96] as const;
const measuredBatches = [16, 64] as const;
/** The first two allocate and tune; of the others the median counts, for single steps vary by a third on a busy host. */
const steps = 23;
const licence = 'Apache-2.0; trained on research data (Tiny ImageNet), which is not included';

async function measure(network: Network, point: Omit<StepTime, 'seconds'>): Promise<StepTime> {
  const model = await TrainingModel.open(network, {
    ...{
      ...point,
      optimizer: 'adamw',
      weightDecay: 0.01,
      labelSmoothing: 0.1,
      clipNorm: 5,
      average: false,
      precision: 'fp32',
    },
  });
  model.start(new Map(), 1);
  const { inputSize, batchSize, cachedFeatures } = point;
  const perRow = cachedFeatures ? (model.boundaryShape ?? []).reduce((a, b) => a * b, 1) : inputSize * inputSize * 3;
  const data = cachedFeatures
    ? new Float32Array(batchSize * perRow).fill(0.5)
    : new Int32Array(batchSize * perRow).map((_, i) => (i * 31) % 256);
  const targets = new Float32Array(batchSize * network.classes).map((_, i) => (i % network.classes === 0 ? 1 : 0));
  const seconds: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const before = performance.now();
    model.step(data, targets, { learningRate: 1e-4, step, averageDecay: 0, seed: 0 });
    if (step > 2) seconds.push((performance.now() - before) / 1000);
  }
  model.close();
  return { ...point, seconds: Number((seconds.toSorted((a, b) => a - b)[seconds.length >> 1] as number).toPrecision(4)) };
}

/** The whole network at every size and batch; frozen stages, with images and from a cache, at one of them. */
function pointsOf(network: Network, nativeSize: number): Omit<StepTime, 'seconds'>[] {
  const whole = measuredSizes.flatMap((inputSize) =>
    measuredBatches.map((batchSize) => ({ inputSize, batchSize, frozenStages: 0, cachedFeatures: false })),
  );
  const frozen = network.stages.flatMap((_, k) =>
    [false, true].map((cachedFeatures) => ({
      inputSize: nativeSize,
      batchSize: 64,
      frozenStages: k + 1,
      cachedFeatures,
    })),
  );
  return [...whole, ...frozen];
}

const boundaryValuesOf = (network: Network, size: number): number[] => {
  const shapes = shapesOf(network, size);
  return [{ size, channels: 3 }, ...network.stages.map((s) => shapes[s.end] as { size: number; channels: number })].map(
    (s) => s.size * s.size * s.channels,
  );
};

const names = process.argv.slice(2);
await rm(join(shippedZooDir(), 'index.json'), { force: true });
for (const name of names) {
  const folder = join('.cache', 'pretrain', name);
  const record = JSON.parse(await readFile(join(folder, 'record.json'), 'utf8')) as Record;
  const { encoding, inputSize: nativeSize, epochs, accuracy, top5, data, images, classes } = record;
  const network = networkOf(encoding, { classes });
  const { parameters, macs } = costOf(network, nativeSize);
  const measured: StepTime[] = [];
  for (const point of pointsOf(network, nativeSize)) measured.push(await measure(network, point));
  const member = await addMember(
    shippedZooDir(),
    {
      ...{ name, encoding, nativeSize, accuracy, licence, classes, steps: measured },
      parametersM: parameters / 1e6,
      macsM: macs / 1e6,
      stages: network.stages.length,
      stageShare: stageShares(network, nativeSize),
      boundaryValues: boundaryValuesOf(network, nativeSize),
      pretraining: {
        data: `${data} (${classes} classes, ${images} images, ${nativeSize} px)`,
        recipe:
          'SGD with Nesterov momentum, batch 64, cosine from 0.1, label smoothing 0.1, crops, flips and colour, moving average of weights',
        ...{ epochs, accuracy, top5 },
      },
      provenance: `Trained from nothing by nasoa (hack/zoo/pretrain.ts) on ${data}.`,
    },
    await readFile(join(folder, 'weights.safetensors')),
  );
  console.log(
    member.name,
    member.parametersM.toFixed(2),
    'M',
    member.accuracy.toFixed(3),
    measured.map((s) => s.seconds).join(' '),
  );
}
