/**
 * Pre-trains one member: `node hack/zoo/pretrain.ts NAME ENCODING DATA EPOCHS [SIZE]`. Resumes from its checkpoint after a
 * kill at any moment; writes weights and numbers to `.cache/pretrain/NAME/`, from where `hack/zoo/build.ts` takes them.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../src/lib/atomic-file.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import { encodeSafetensors } from '../../src/nas/safetensors.ts';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.ts';
import { openDataset } from '../../src/train/dataset.ts';
import { decodeAll } from '../../src/train/image-cache.ts';
import { pretrain, pretrainingRegime, pretrainingSide } from '../../src/train/pretraining.ts';

const [name, encoding, data, epochsText, sizeText = '64'] = process.argv.slice(2);
if (!name || !encoding || !data || !epochsText)
  throw new Error('usage: node hack/zoo/pretrain.ts NAME ENCODING DATA EPOCHS [SIZE]');
const folder = join('.cache', 'pretrain', name);
mkdirSync(folder, { recursive: true });
const [inputSize, epochs, seed] = [Number(sizeText), Number(epochsText), 1];

const dataset = await openDataset(data, { seed, scratch: join('.cache', 'scratch', name) });
const store = await decodeAll(dataset, {
  side: inputSize,
  trainSide: pretrainingSide(inputSize),
  scratch: '.cache/scratch',
  workers: 2,
});
const { classes } = store.dataset;
const regime = pretrainingRegime({ inputSize, images: store.train.count, epochs });
const resume = await readCheckpoint(folder);
let shown = 0;
const { outcome, weights, evaluation } = await pretrain({
  network: networkOf(encoding, { classes: classes.length }),
  ...{ regime, store, seed, resume, clock: systemClock, deadlineSeconds: undefined, evaluations: epochs - 1 },
  startedSeconds: systemClock.nowSeconds() - (resume?.progress.activeSeconds ?? 0),
  checkpointEverySeconds: 60,
  keep: (checkpoint) => writeCheckpoint(folder, { ...checkpoint, decision: '' }),
  onProgress: (_phase, step, steps, left, progress) => {
    if (systemClock.nowSeconds() - shown < 20 || progress === undefined) return;
    shown = systemClock.nowSeconds();
    const { accuracy, trainingLoss } = progress.curve.at(-1) ?? {};
    const waited = (progress.waitedSeconds / progress.trainingSeconds).toFixed(3);
    console.log(
      name,
      step,
      steps,
      'left',
      Math.round(left ?? 0),
      'accuracy',
      accuracy,
      'loss',
      trainingLoss,
      'waited',
      waited,
    );
  },
  signal: new AbortController().signal,
});
if (evaluation === undefined) throw new Error('nobody could interrupt it');
const { accuracy, top5 } = evaluation;
await writeFileAtomic(join(folder, 'weights.safetensors'), encodeSafetensors(weights, { encoding }, { dtype: 'F16' }));
const record = {
  ...{ name, encoding, inputSize, epochs, accuracy, top5, regime },
  seconds: outcome.activeSeconds,
  data: dataset.name,
  images: store.train.count,
  classes: classes.length,
  curve: outcome.curve,
};
await writeFileAtomic(join(folder, 'record.json'), `${JSON.stringify(record, null, 2)}\n`);
console.log(name, 'done', accuracy, top5, outcome.activeSeconds);
store.close();
await dataset.close();
