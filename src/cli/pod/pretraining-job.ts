/** Makes one member of a zoo: trains it from nothing by the recipe, or takes over the weights of an import. */
import type { PretrainingJob, TrainerData, TrainerMessage } from '../../crds/trainer-job.ts';
import { InputError } from '../../lib/errors.ts';
import { networkOf } from '../../nas/families/table.ts';
import { encodeSafetensors } from '../../nas/safetensors.ts';
import { proxyInputSize } from '../../nas/search.ts';
import type { Regime } from '../../planner/types.ts';
import type { Checkpoint } from '../../train/checkpoint.ts';
import type { Dataset } from '../../train/dataset.ts';
import type { ImageStore } from '../../train/image-cache.ts';
import { Diverged } from '../../train/loop.ts';
import { pretrainingRecipe, pretrainingRegime } from '../../train/pretraining.ts';
import type { PodContext } from './context.ts';
import { during, Staged } from './failures.ts';
import { importMember } from './member-import.ts';
import { type MemberOrigin, publishMember } from './member-output.ts';
import { measureMember } from './member-steps.ts';
import { openOutput, type PodOutput } from './output.ts';
import { openPodData } from './places.ts';
import { answersOfTeacher } from './teacher.ts';
import {
  decodeImages,
  goesOn,
  type Interrupted,
  type Trained,
  takeOver,
  trainInPod,
  type ZooTraining,
} from './zoo-training.ts';

export async function runPretraining(job: PretrainingJob, context: PodContext): Promise<TrainerMessage> {
  const output = await during('output', () => openOutput(job, context));
  const finished = await during('output', () => output.finished());
  // an earlier pod came to its end, but its last word was lost with it
  if (finished?.kind === 'pretraining' && finished.member === job.member && finished.encoding === job.encoding) {
    return finished;
  }
  if (job.weights !== undefined) return await importMember({ ...job, weights: job.weights }, output, context);
  const data = await during('job', () => dataFor(job));
  const checkpoint = await during('output', () => takeOver(output, context));
  const startedSeconds = context.activity.begin(Math.max(job.spentSeconds, checkpoint?.progress.activeSeconds ?? 0));
  const dataset = await during('data', () => openPodData(data, job.seed, context));
  try {
    return await trainMember({ job, dataset, output, checkpoint, startedSeconds }, context);
  } finally {
    await dataset.close();
  }
}

/** What can be told before any image is read. */
function dataFor({ encoding, member, data }: PretrainingJob): TrainerData {
  networkOf(encoding, { classes: 2 });
  if (data !== undefined) return data;
  throw new InputError(`There are no images to train the member "${member}" on.`, 'Set spec.proxyData, or import it.');
}

interface MemberTraining {
  readonly job: PretrainingJob;
  readonly dataset: Dataset;
  readonly output: PodOutput;
  readonly checkpoint: Checkpoint | undefined;
  readonly startedSeconds: number;
}

async function trainMember(t: MemberTraining, context: PodContext): Promise<TrainerMessage> {
  const { job, dataset, output, startedSeconds } = t;
  const network = networkOf(job.encoding, { classes: dataset.classes.length });
  const at = t.checkpoint?.progress ?? { step: 0, steps: regimeOf(job, dataset.train.length, 1).steps };
  const request = { job, inputSize: proxyInputSize, startedSeconds, at };
  const store = await during('data', () => decodeImages(dataset, request, context));
  try {
    const trained = await trainSteadily(t, store, context);
    if (trained.kind === 'interrupted') return trained;
    const { step, steps } = trained.outcome;
    const measured = await during('run', () =>
      measureMember(network, proxyInputSize, job.memoryPlan, context, { step, steps }),
    );
    const weights = encodeSafetensors(trained.weights, { encoding: job.encoding }, { dtype: 'F16' });
    const origin = originOf(job, store, trained);
    const member = { job, network, nativeSize: proxyInputSize, measured, weights, origin };
    return await during('output', () => publishMember(member, output, context));
  } finally {
    store.close();
  }
}

/** During a training: enough for a curve, however many epochs it has. */
const mostEvaluations = 30;

/** The recipe's learning rate is too high for some architectures; what diverges begins anew with less of it. */
const learningRateShares = [1, 0.25, 0.05] as const;

function regimeOf({ epochs }: PretrainingJob, images: number, learningRateShare: number): Regime {
  const regime = pretrainingRegime({ inputSize: proxyInputSize, images, epochs });
  return { ...regime, learningRate: regime.learningRate * learningRateShare };
}

async function trainSteadily(
  t: MemberTraining,
  store: ImageStore,
  context: PodContext,
): Promise<Trained | Interrupted> {
  const { job, dataset, checkpoint } = t;
  const network = networkOf(job.encoding, { classes: dataset.classes.length });
  const begins = checkpoint?.progress ?? { step: 0, steps: regimeOf(job, store.train.count, 1).steps };
  const answers = await during('zoo', () =>
    answersOfTeacher(job, store, context, (done, total) =>
      context.report({ ...begins, preparing: { what: `answers of ${job.teacher}`, done, total } }),
    ),
  );
  const common = { ...t, network, store, evaluations: Math.min(job.epochs - 1, mostEvaluations), answers };
  const trainings = learningRateShares.map((share) => ({ ...common, regime: regimeOf(job, store.train.count, share) }));
  const begun = Math.max(0, trainings.findIndex(goesOn));
  for (let i = begun; ; i++) {
    const training = trainings[i] as ZooTraining;
    try {
      return await during('run', () => trainInPod(training, context));
    } catch (error) {
      const diverged = error instanceof Staged && error.cause instanceof Diverged;
      if (!diverged || i + 1 === trainings.length) throw error;
      context.log.warn('Begins anew with a lower learning rate', { error: error.cause });
    }
  }
}

function originOf({ epochs, teacher }: PretrainingJob, store: ImageStore, { evaluation }: Trained): MemberOrigin {
  const { name, classes } = store.dataset;
  const { accuracy, top5 } = evaluation;
  const size = `${classes.length} classes, ${store.train.count} images, ${proxyInputSize} px`;
  return {
    pretraining: {
      data: `${name} (${size})`,
      recipe: teacher === undefined ? pretrainingRecipe : `${pretrainingRecipe}, answers of ${teacher}`,
      ...{ epochs, accuracy, top5 },
    },
    licence: 'to be told by whoever owns its training data',
    provenance: `Trained from nothing by nasoa on ${name}.`,
  };
}
