/** A training from nothing in a pod, for a candidate or a member of a zoo: it outlives its pod by its checkpoint. */
import { createHash } from 'node:crypto';
import type { CandidateJob, PretrainingJob, TrainerMessage } from '../../crds/trainer-job.ts';
import { InputError, RunError } from '../../lib/errors.ts';
import type { Network } from '../../nas/layers.ts';
import type { Regime } from '../../planner/types.ts';
import { type Checkpoint, readCheckpoint, removeCheckpoint, writeCheckpoint } from '../../train/checkpoint.ts';
import type { Dataset } from '../../train/dataset.ts';
import type { FineTuneOptions } from '../../train/fine-tune.ts';
import { decodeAll, type ImageStore } from '../../train/image-cache.ts';
import type { Evaluation } from '../../train/metrics.ts';
import { type Pretrained, pretrain, pretrainingSide } from '../../train/pretraining.ts';
import { scratchFolder, workersHere } from '../local/planning.ts';
import type { PodContext, PodProgress } from './context.ts';
import { inStepsOf, memoryBounds, smallerRegime } from './memory-plan.ts';
import type { PodOutput } from './output.ts';

type ZooJob = CandidateJob | PretrainingJob;

/** What earlier pods of this job left. A checkpoint that is damaged goes: the training begins anew. */
export async function takeOver(output: PodOutput, { log }: PodContext): Promise<Checkpoint | undefined> {
  await output.restore();
  try {
    return await readCheckpoint(output.checkpoint);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    log.warn('Began anew: the checkpoint cannot be used', { error });
    await removeCheckpoint(output.checkpoint);
    return undefined;
  }
}

export interface DecodeRequest {
  readonly job: ZooJob;
  readonly inputSize: number;
  readonly startedSeconds: number;
  /** Told while images are decoded. */
  readonly at: PodProgress;
}

/** All images of the data set at the sizes of the recipe; the caller closes them. Throws RunError when time is up. */
export async function decodeImages(dataset: Dataset, request: DecodeRequest, context: PodContext): Promise<ImageStore> {
  const { job, inputSize, startedSeconds, at } = request;
  const { clock, env, signal, report } = context;
  const timeUp = new AbortController();
  return await decodeAll(dataset, {
    side: inputSize,
    trainSide: pretrainingSide(inputSize),
    bytesBound: memoryBounds(job.memoryPlan)?.imageBytes,
    ...{ scratch: scratchFolder(env), workers: workersHere(), signal: AbortSignal.any([signal, timeUp.signal]) },
    onProgress: (done, total) => {
      report({ ...at, preparing: { what: 'decoding', done, total } });
      if (clock.nowSeconds() - startedSeconds > job.budgetSeconds) timeUp.abort(tooSlow(dataset));
    },
  });
}

const tooSlow = (dataset: Dataset): RunError =>
  new RunError(
    `The time was up before the images of ${dataset.name} were decoded.`,
    'Make the images smaller, or use a faster node.',
  );

export interface ZooTraining {
  readonly job: ZooJob;
  readonly network: Network;
  /** With all the memory it wants; the job's memory plan makes it smaller. */
  readonly regime: Regime;
  readonly store: ImageStore;
  readonly output: PodOutput;
  readonly startedSeconds: number;
  readonly evaluations: number;
  /** Of whatever training; used where it is of this one. */
  readonly checkpoint: Checkpoint | undefined;
  readonly answers?: FineTuneOptions['answers'];
}

export type Trained = Omit<Pretrained, 'evaluation'> & { readonly kind: 'trained'; readonly evaluation: Evaluation };
export type Interrupted = Extract<TrainerMessage, { readonly kind: 'interrupted' }>;

const checkpointEverySeconds = 60;

/** Throws Diverged, and RunError where time was up before the first step. */
export async function trainInPod(
  t: ZooTraining,
  { clock, signal, report }: PodContext,
): Promise<Trained | Interrupted> {
  const { job, output } = t;
  const regime = smallerRegime(t.regime, job.memoryPlan);
  const decision = `${trainingId(t)} ${regime.batchSize}`;
  const { outcome, weights, evaluation } = await pretrain({
    ...{ network: t.network, regime, store: t.store, seed: job.seed, evaluations: t.evaluations },
    ...{ clock, signal, startedSeconds: t.startedSeconds, deadlineSeconds: job.budgetSeconds, answers: t.answers },
    ...{ resume: resumable(t, regime.batchSize), checkpointEverySeconds },
    keep: async (checkpoint) => {
      await writeCheckpoint(output.checkpoint, { ...checkpoint, decision });
      output.mirror.push();
    },
    onProgress: (_phase, step, steps, secondsLeft, last) => {
      const { accuracy } = last?.curve.findLast((point) => point.accuracy !== undefined) ?? {};
      report({
        ...{ step, steps },
        ...(accuracy === undefined ? {} : { accuracy }),
        ...(secondsLeft === undefined ? {} : { secondsLeft }),
      });
    },
  });
  // also before what follows: a pod that ends there must not cost the training
  await output.mirror.flush();
  if (evaluation === undefined) {
    return { kind: 'interrupted', activeSeconds: outcome.activeSeconds, step: outcome.step };
  }
  if (outcome.step === 0) throw nothingTrained(job.budgetSeconds);
  return { kind: 'trained', outcome, weights, evaluation };
}

/** Whether the checkpoint is one of this training, whatever memory it had. */
export const goesOn = (t: ZooTraining): boolean => t.checkpoint?.decision.split(' ')[0] === trainingId(t);

/** The checkpoint in steps of this pod's batch; undefined where it is of another training. */
function resumable(t: ZooTraining, batchSize: number): Checkpoint | undefined {
  const { checkpoint } = t;
  if (checkpoint === undefined || !goesOn(t)) return undefined;
  const batchThen = Number(checkpoint.decision.split(' ')[1]);
  return { ...checkpoint, progress: inStepsOf(checkpoint.progress, batchThen, batchSize) };
}

const nothingTrained = (budgetSeconds: number): RunError =>
  new RunError(
    `The ${Math.round(budgetSeconds)} seconds were over before the first training step.`,
    'Use a faster node, or smaller networks.',
  );

/** Two trainings of one id go through the same steps: one may go on from the checkpoint of the other. */
function trainingId({ job, network, regime, store }: ZooTraining): string {
  const { train, val } = store;
  const parts = [job.task.uid, network.encoding, network.classes, job.seed, regime, train.count, val.count];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
