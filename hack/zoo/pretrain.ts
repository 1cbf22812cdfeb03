/**
 * Pre-trains one member: `node hack/zoo/pretrain.ts NAME ENCODING DATA EPOCHS [SIZE]`. Resumes from its checkpoint after a
 * kill at any moment; writes weights and numbers to `.cache/pretrain/NAME/`, from where `hack/zoo/build.ts` takes them.
 */
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../src/lib/atomic-file.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import { encodeSafetensors } from '../../src/nas/safetensors.ts';
import { TrainingModel } from '../../src/nas/training-model.ts';
import type { Regime } from '../../src/planner/types.ts';
import type { Batch } from '../../src/train/batch.ts';
import { evalBatches, trainBatches } from '../../src/train/batches.ts';
import { freshProgress, readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.ts';
import { openDataset } from '../../src/train/dataset.ts';
import { decodeAll } from '../../src/train/image-cache.ts';
import { trainLoop } from '../../src/train/loop.ts';
import { evaluate } from '../../src/train/metrics.ts';

const [name, encoding, data, epochsText, sizeText = '64'] = process.argv.slice(2);
if (!name || !encoding || !data || !epochsText)
  throw new Error('usage: node hack/zoo/pretrain.ts NAME ENCODING DATA EPOCHS [SIZE]');
const folder = join('.cache', 'pretrain', name);
mkdirSync(folder, { recursive: true });
const [inputSize, epochs, batchSize, seed] = [Number(sizeText), Number(epochsText), 64, 1];

const dataset = await openDataset(data, { seed, scratch: join('.cache', 'scratch', name) });
const store = await decodeAll(dataset, {
  side: inputSize,
  trainSide: Math.round(inputSize * 1.125),
  scratch: '.cache/scratch',
  workers: 2,
});
const regime: Regime = {
  inputSize,
  batchSize,
  steps: Math.floor(store.train.count / batchSize) * epochs,
  frozenStages: 0,
  optimizer: 'sgd',
  learningRate: 0.1,
  weightDecay: 1e-4,
  schedule: 'cosine',
  warmupShare: 0.04,
  augmentation: 'medium',
  mix: 'none',
  labelSmoothing: 0.1,
  ema: 0.999,
  precision: 'fp32',
};
const { classes } = store.dataset;
const network = networkOf(encoding, { classes: classes.length });
const { optimizer, weightDecay, labelSmoothing, precision } = regime;
const model = await TrainingModel.open(network, {
  ...{ batchSize, inputSize, optimizer, weightDecay, labelSmoothing, precision },
  frozenStages: 0,
  clipNorm: 0,
  average: true,
  cachedFeatures: false,
});
const checkpoint = await readCheckpoint(folder);
if (checkpoint) model.restore(checkpoint.state);
else model.start(new Map(), seed);
const from = checkpoint?.progress ?? freshProgress(regime.steps);
const batches = trainBatches(store, { ...regime, seed, startStep: from.step, workers: 1 });
const asStep = (batch: Batch | undefined) => batch && { data: batch.images, targets: batch.targets };

async function validate() {
  const stream = evalBatches(store, 'val', { batchSize: 100, inputSize });
  const logits = new Float32Array(store.val.count * classes.length);
  for (let at = 0, batch = await stream.next(); batch; batch = await stream.next()) {
    logits.set(model.logits(batch.images, batch.rows.length), at);
    at += batch.rows.length * classes.length;
  }
  await stream.close();
  return evaluate(logits, store.val.labels, classes);
}

let shown = 0;
const outcome = await trainLoop({
  ...{ model, regime, seed, from, clock: systemClock },
  source: {
    next: async () => asStep(await batches.next()),
    get waitedSeconds() {
      return batches.waitedSeconds;
    },
  },
  startedSeconds: systemClock.nowSeconds() - from.activeSeconds,
  deadlineSeconds: undefined,
  stretch: 1,
  evaluations: epochs - 1,
  evaluate: async () => (await validate()).accuracy,
  checkpointEverySeconds: 60,
  checkpoint: async (progress) => writeCheckpoint(folder, { progress, decision: '', state: model.state() }),
  onProgress: (progress, left) => {
    if (systemClock.nowSeconds() - shown < 20) return;
    shown = systemClock.nowSeconds();
    const { accuracy, trainingLoss } = progress.curve.at(-1) ?? {};
    const share = progress.waitedSeconds / progress.trainingSeconds;
    console.log(
      name,
      progress.step,
      progress.steps,
      'left',
      Math.round(left ?? 0),
      'accuracy',
      accuracy,
      'loss',
      trainingLoss,
      'waited',
      share.toFixed(3),
    );
  },
  signal: new AbortController().signal,
});
const { accuracy, top5 } = await validate();
await batches.close();
const weights = encodeSafetensors(model.weights(), { encoding }, { dtype: 'F16' });
await writeFileAtomic(join(folder, 'weights.safetensors'), weights);
const record = {
  name,
  encoding,
  inputSize,
  epochs,
  accuracy,
  top5,
  seconds: outcome.activeSeconds,
  regime,
  data: dataset.name,
  images: store.train.count,
  classes: classes.length,
  curve: outcome.curve,
};
await writeFileAtomic(join(folder, 'record.json'), `${JSON.stringify(record, null, 2)}\n`);
console.log(name, 'done', accuracy, top5, JSON.parse(await readFile(join(folder, 'record.json'), 'utf8')).seconds);
model.close();
store.close();
await dataset.close();
