/** What a finished run leaves behind: result, report, model, experience. */
import { mkdir } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join, relative } from 'node:path';
import sharp from 'sharp';
import { tensorflowVersion } from '../../graph/session.ts';
import { writeFileAtomic } from '../../lib/atomic-file.ts';
import type { Clock } from '../../lib/clock.ts';
import { processorHere } from '../../lib/processor.ts';
import { networkOf } from '../../nas/families/table.ts';
import { memberOf, type Zoo, type ZooMember } from '../../nas/zoo.ts';
import { type Experience, factsOf } from '../../planner/types.ts';
import type { Dataset } from '../../train/dataset.ts';
import { exportModel } from '../../train/export.ts';
import { type FineTuned, labelsOf } from '../../train/fine-tune.ts';
import type { ImageStore } from '../../train/image-cache.ts';
import { evaluate, softmax, topClass } from '../../train/metrics.ts';
import { modelCard } from '../../train/model-card.ts';
import { renderReport } from '../../train/report/render.ts';
import type { Mistake } from '../../train/report/report-data.ts';
import { outputNames, type TuneResult } from '../../train/result.ts';
import { createImageReader } from '../../train/stored-images.ts';
import { nasoaVersion } from '../version.ts';
import type { Decision, RunDecision } from './decision.ts';

export interface Finished {
  /** Folder to write into. */
  readonly out: string;
  readonly zoo: Zoo;
  readonly decision: RunDecision;
  /** All images that were found, also those that there was no time for. */
  readonly dataset: Dataset;
  readonly store: ImageStore;
  readonly tuned: FineTuned;
  /** Of the validation rows in `tuned.rows` [n, classes]. */
  readonly logits: Float32Array;
  readonly clock: Clock;
}

const mostSkippedListed = 200;
const mostMistakes = 24;
const thumbnailSide = 96;

/** Writes the model first and `result.json` last: where that is, everything is. */
export async function writeOutputs(f: Finished): Promise<TuneResult> {
  const { out, decision, store, tuned } = f;
  const member = memberOf(f.zoo, decision.plan.member);
  const result = await resultOf(f);
  const { classes } = store.dataset;
  await mkdir(out, { recursive: true });
  await exportModel({
    folder: join(out, outputNames.model),
    network: networkOf(member.encoding, { classes: classes.length }),
    weights: tuned.weights,
    inputSize: decision.plan.regime.inputSize,
    classes,
    card: modelCard(result, member),
    accuracy: result.accuracy,
  });
  const report = renderReport({ result, mistakes: await worstMistakes(f), member });
  await writeFileAtomic(join(out, outputNames.report), report);
  await writeFileAtomic(join(out, outputNames.result), `${JSON.stringify(result, null, 2)}\n`);
  return result;
}

async function resultOf({ decision, dataset: found, store, tuned, logits, clock }: Finished): Promise<TuneResult> {
  const { plan, replanned, request, profileSeconds, planningSeconds } = decision;
  const { dataset } = store;
  const { outcome, rows } = tuned;
  const damaged = dataset.skipped.length - found.skipped.length;
  const labels = labelsOf(store, rows);
  const { accuracy, top5, macroF1, perClass, confusion } = evaluate(logits, labels, dataset.classes);
  const last = { seconds: outcome.activeSeconds, step: outcome.step, accuracy };
  const curve = [...outcome.curve, last];
  const { trainingSeconds: training, evaluationSeconds } = outcome;
  const before = profileSeconds + planningSeconds;
  const preparationSeconds = Math.max(0, outcome.activeSeconds - before - training - evaluationSeconds);
  const skippedFiles = dataset.skipped.slice(0, mostSkippedListed).map(({ path, reason }) => ({ file: path, reason }));
  return {
    version: 1,
    dataset: dataset.name,
    finishedAt: clock.date().toISOString(),
    ...{ accuracy, top5, macroF1 },
    activeSeconds: outcome.activeSeconds,
    budgetSeconds: plan.budgetSeconds,
    stopped: outcome.stopped === 'budget' ? 'budget' : 'completed',
    steps: outcome.step,
    resumed: outcome.resumed,
    plan,
    ...(replanned === undefined ? {} : { replanned }),
    predicted: plan.predicted,
    images: found.train.length + found.val.length - damaged,
    trainingImages: dataset.train.length,
    validationImages: rows.length,
    classes: dataset.classes.length,
    skipped: dataset.skipped.length,
    skippedFiles,
    ...{ perClass, confusion, curve },
    phases: [
      { name: 'profile', seconds: profileSeconds },
      { name: 'planning', seconds: planningSeconds },
      { name: 'preparation', seconds: preparationSeconds },
      { name: 'training', seconds: training },
      { name: 'evaluation', seconds: evaluationSeconds },
    ],
    waitingShare: training > 0 ? outcome.waitedSeconds / training : 0,
    seed: request.seed,
    versions: { nasoa: nasoaVersion(), node: process.versions.node, tensorflow: await tensorflowVersion() },
    machine: machineFacts(),
  };
}

function machineFacts(): Record<string, string> {
  const { cpu, cores } = processorHere();
  const memoryGb = (totalmem() / 2 ** 30).toFixed(0);
  return { processor: cpu, cores: String(cores), memory: `${memoryGb} GiB` };
}

/** The validation images whose wrong class got the highest probability, with the picture that the model saw. */
async function worstMistakes({ store, logits, tuned }: Finished): Promise<readonly Mistake[]> {
  const { classes, val, root } = store.dataset;
  const predicted = topClass(logits, classes.length);
  const wrong = [...tuned.rows]
    .map((row, i) => {
      const probabilities = softmax(logits.subarray(i * classes.length, (i + 1) * classes.length));
      const called = predicted[i] as number;
      return { row, called, probability: probabilities[called] as number };
    })
    .filter(({ row, called }) => called !== store.val.labels[row])
    .sort((a, b) => b.probability - a.probability)
    .slice(0, mostMistakes);
  const read = createImageReader(store.val.region);
  return Promise.all(
    wrong.map(async ({ row, called, probability }) => {
      const { bytes, offset } = read(store.val.slots[row] as number);
      const { side } = store.val;
      const pixels = Buffer.from(bytes.slice(offset, offset + side * side * 3));
      const picture = sharp(pixels, { raw: { width: side, height: side, channels: 3 } });
      const encoded = await picture.resize(thumbnailSide, thumbnailSide).jpeg({ quality: 80 }).toBuffer();
      return {
        thumbnail: `data:image/jpeg;base64,${encoded.toString('base64')}`,
        file: relative(root, val[row]?.path ?? ''),
        trueClass: classes[store.val.labels[row] as number] ?? '',
        predictedClass: classes[called] ?? '',
        probability,
      };
    }),
  );
}

/** The run as it is learnt. */
export function experienceOf(result: TuneResult, { id, features }: Decision, member: ZooMember): Experience {
  return {
    id,
    finishedAt: result.finishedAt,
    // a name for people, whatever the folder is called
    dataset: result.dataset.replaceAll(/[\p{Cc}/\\]/gu, ' ').slice(0, 200),
    features,
    member: factsOf(member),
    // the steps that were run, which may be fewer or more than planned
    regime: { ...result.plan.regime, steps: result.steps },
    budgetSeconds: result.budgetSeconds,
    accuracy: result.accuracy,
    activeSeconds: result.activeSeconds,
    curve: result.curve.flatMap(({ seconds, accuracy: reached }) =>
      reached === undefined ? [] : [{ seconds, accuracy: reached }],
    ),
  };
}
