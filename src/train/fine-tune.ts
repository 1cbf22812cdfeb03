/** One fine-tuning run of a chosen member and regime over decoded images: model, data, loop, last evaluation. */
import type { Clock } from '../lib/clock.ts';
import { InputError, RunError } from '../lib/errors.ts';
import { elementsOf, type HostTensor } from '../nas/host-tensor.ts';
import type { Network } from '../nas/layers.ts';
import { TrainingModel } from '../nas/training-model.ts';
import { evaluatedImages, fittedImages, type Regime, usesCachedFeatures } from '../planner/types.ts';
import type { BatchStream } from './batch.ts';
import { trainBatches } from './batches.ts';
import { type Checkpoint, freshProgress, type Progress } from './checkpoint.ts';
import { fitHead } from './head-fit.ts';
import type { ImageStore } from './image-cache.ts';
import { type LoopOptions, type LoopOutcome, type StepSource, trainLoop } from './loop.ts';
import { accuracyOf } from './metrics.ts';
import { embedded, evaluationBatch, evenRows, validationLogits } from './passes.ts';
import { type Activations, activationSource, cacheActivations, imageSource } from './step-source.ts';
import type { Answers } from './teacher.ts';

export interface FineTuneOptions {
  readonly network: Network;
  /** Weights to start from by published name, without the head, whose classes are others; empty starts from nothing. */
  readonly weights: ReadonlyMap<string, HostTensor>;
  readonly regime: Regime;
  readonly store: ImageStore;
  readonly seed: number;
  readonly clock: Clock;
  /** The clock's reading at which the active seconds were 0. */
  readonly startedSeconds: number;
  /** Active seconds at which training must have ended; undefined runs every step of the regime. */
  readonly deadlineSeconds: number | undefined;
  /** See `LoopOptions`. */
  readonly stretch: number;
  readonly plannedSeconds?: number | undefined;
  readonly judge?: LoopOptions['judge'];
  /** Evaluations during the run, besides the one after it. */
  readonly evaluations: number;
  /** Images of an evaluation during the run; by the regime unless given. */
  readonly evaluationImages?: number;
  /** Seconds that the evaluation after it may take; with more images than that it takes as many as it can, evenly. */
  readonly lastEvaluationSeconds?: number;
  /** Shares of the start to evaluate as well after the run, where the regime has one. */
  readonly otherShares?: readonly number[];
  /** Bytes that cached activations may take; beyond it the frozen stages run in each step. 1.5 GB unless given. */
  readonly cacheBytes?: number;
  /** Of a teacher, to the images that are trained on; they are not mixed then. */
  readonly answers?: Answers | undefined;
  readonly resume: Checkpoint | undefined;
  /** Of a choice that was given up before this one. */
  readonly spent?: Pick<Progress, 'trainingSeconds' | 'evaluationSeconds' | 'waitedSeconds'> | undefined;
  readonly checkpointEverySeconds: number;
  /** Keeps a checkpoint; its decision is the caller's. */
  readonly keep: (checkpoint: Omit<Checkpoint, 'decision'>) => Promise<void>;
  readonly onProgress: (
    phase: 'features' | 'training',
    done: number,
    total: number,
    secondsLeft: number | undefined,
    last: Progress | undefined,
  ) => void;
  readonly signal: AbortSignal;
}

export interface FineTuned {
  readonly outcome: LoopOutcome;
  /** Logits [n, classes] of `rows`, once the run has ended; undefined where it was interrupted or abandoned. */
  readonly logits: Float32Array | undefined;
  /** Rows of the validation split in the last evaluation: all, unless there was no time for that many. */
  readonly rows: Int32Array;
  /** The same logits with each of the other shares of the start. */
  readonly otherLogits?: ReadonlyMap<number, Float32Array>;
  readonly weights: ReadonlyMap<string, HostTensor>;
}

const defaultCacheBytes = 1.5e9;

export async function fineTune(o: FineTuneOptions): Promise<FineTuned> {
  const model = await openModel(o);
  let batches: BatchStream | undefined;
  try {
    if (o.resume) restore(model, o.resume);
    else model.start(o.weights, o.seed);
    const from = o.resume
      ? { ...o.resume.progress, resumed: o.resume.progress.resumed + 1 }
      : { ...freshProgress(o.regime.steps), ...o.spent };
    const cached = model.options.cachedFeatures ? await cacheBoth(model, o) : undefined;
    const ready = cached !== 'interrupted' && (o.resume !== undefined || (await startHead(model, o, cached?.train)));
    if (!ready) {
      const activeSeconds = Math.max(from.activeSeconds, o.clock.nowSeconds() - o.startedSeconds);
      return { ...unfinished, outcome: { ...from, activeSeconds, stopped: 'interrupted' } };
    }
    const common = { batchSize: model.options.batchSize, seed: o.seed, startStep: from.step };
    let source: StepSource;
    if (cached) source = activationSource(cached.train, { ...common, classes: o.network.classes });
    else {
      batches = trainBatches(o.store, { ...o.regime, ...common });
      source = imageSource(batches, o.answers);
    }
    const some = evaluationRows(o);
    const keep = (progress: Progress) => o.keep({ progress, state: model.state() });
    const outcome = await trainLoop({
      ...{ model, source, from, regime: o.regime, seed: o.seed, clock: o.clock, signal: o.signal },
      ...{ startedSeconds: o.startedSeconds, deadlineSeconds: o.deadlineSeconds, stretch: o.stretch },
      plannedSeconds: o.plannedSeconds,
      judge: o.judge,
      evaluations: o.evaluations,
      // a forward pass is less than half of a step
      evaluationSteps: some.length / model.options.batchSize / 2,
      evaluate: async (secondsAllowed) => {
        const until = o.clock.nowSeconds() + secondsAllowed;
        const isOver = () => o.clock.nowSeconds() > until;
        const logits = await validationLogits(model, o.store, cached?.val, some, { isOver });
        return logits && accuracyOf(logits, labelsOf(o.store, some), o.network.classes);
      },
      checkpointEverySeconds: o.checkpointEverySeconds,
      checkpoint: keep,
      onProgress: (progress, left) => o.onProgress('training', progress.step, progress.steps, left, progress),
    });
    if (outcome.stopped === 'abandoned') return { ...unfinished, outcome };
    // also at the end: a kill during what follows must not cost the training
    if (outcome.step > 0) await keep(outcome);
    if (outcome.stopped === 'interrupted') return { ...unfinished, outcome };
    const last = await lastEvaluation(model, o, cached?.val);
    const otherLogits = await otherShares(model, o, cached?.val, last.rows);
    return { outcome, weights: model.weights(), ...last, otherLogits };
  } finally {
    await batches?.close();
    model.close();
  }
}

const unfinished = { logits: undefined, rows: new Int32Array(), weights: new Map<string, HostTensor>() };

function restore(model: TrainingModel, { state }: Checkpoint): void {
  try {
    model.restore(state);
  } catch (cause) {
    const message = `The checkpoint does not fit the network ${model.network.encoding} and its regime.`;
    throw new InputError(message, 'Begin anew with another --out.', { cause });
  }
}

async function openModel({
  network,
  regime,
  store,
  cacheBytes = defaultCacheBytes,
}: FineTuneOptions): Promise<TrainingModel> {
  const { inputSize, frozenStages, normStatistics, optimizer, layerDecay, weightDecay, labelSmoothing, precision } =
    regime;
  const options = {
    ...{ inputSize, frozenStages, normStatistics, optimizer, layerDecay, weightDecay, labelSmoothing, precision },
    batchSize: Math.min(regime.batchSize, Math.max(1, store.train.count)),
    // only adaptive optimizers step out of bounds early on; SGD is held by its warm-up
    clipNorm: optimizer === 'adamw' ? 5 : 0,
    average: regime.ema > 0,
    startShare: regime.startShare,
    cachedFeatures: usesCachedFeatures(regime),
  };
  const model = await TrainingModel.open(network, options);
  const bytes = 4 * elementsOf(model.boundaryShape ?? []) * (store.train.count + store.val.count);
  if (!options.cachedFeatures || bytes <= cacheBytes) return model;
  model.close();
  return TrainingModel.open(network, { ...options, cachedFeatures: false });
}

/** Fits the head where the regime asks for it; false when the signal came. */
async function startHead(model: TrainingModel, o: FineTuneOptions, cached: Activations | undefined): Promise<boolean> {
  const { store, signal, network } = o;
  const rows = evenRows(store.train.count, fittedImages(o.regime, store.train.count));
  if (rows.length < 2) return true;
  const total = rows.length;
  const features = await embedded(model, store, cached, rows, (done) => {
    o.onProgress('features', done, total, undefined, undefined);
    return !signal.aborted;
  });
  if (signal.aborted) return false;
  const labels = rows.map((row) => store.train.labels[row] as number);
  const { classes } = network;
  const { weight, bias } = await fitHead({ features, n: total, d: features.length / total, labels, classes });
  model.setHead(weight, bias);
  return true;
}

/** The time was up before the first training step: there is nothing to keep. */
export class NeverBegun extends RunError {
  constructor() {
    super(
      'The time was up before the frozen stages had seen every image.',
      'Allow more time with --budget, or train everything with --frozen-stages 0.',
    );
  }
}

interface Cached {
  readonly train: Activations;
  readonly val: Activations;
}

async function cacheBoth(model: TrainingModel, o: FineTuneOptions): Promise<Cached | 'interrupted'> {
  const total = o.store.train.count + o.store.val.count;
  const { signal } = o;
  const options = (before: number) => ({
    ...{ batchSize: evaluationBatch, signal },
    onProgress: (done: number) => {
      o.onProgress('features', before + done, total, undefined, undefined);
      if (o.clock.nowSeconds() - o.startedSeconds > (o.deadlineSeconds ?? Number.POSITIVE_INFINITY)) {
        throw new NeverBegun();
      }
    },
  });
  const train = await cacheActivations(model, o.store, 'train', options(0));
  const val = train && (await cacheActivations(model, o.store, 'val', options(train.count)));
  return train && val ? { train, val } : 'interrupted';
}

/** True classes of rows of the validation split. */
export const labelsOf = (store: ImageStore, rows: Int32Array): Int32Array =>
  rows.map((row) => store.val.labels[row] as number);

const evaluationRows = ({ store, regime, evaluationImages }: FineTuneOptions): Int32Array =>
  evenRows(store.val.count, evaluationImages ?? Math.round(evaluatedImages(regime, store.val.count)));

async function lastEvaluation(
  model: TrainingModel,
  o: FineTuneOptions,
  cached: Activations | undefined,
): Promise<Pick<FineTuned, 'rows' | 'logits'>> {
  const { store, clock, lastEvaluationSeconds = Number.POSITIVE_INFINITY } = o;
  const { count } = store.val;
  const some = evaluationRows(o);
  const began = clock.nowSeconds();
  const logits = await validationLogits(model, store, cached, some);
  if (some.length === count) return { rows: some, logits };
  const took = clock.nowSeconds() - began;
  const fits = took > 0 ? Math.floor(((lastEvaluationSeconds - took) / took) * some.length) : count;
  if (fits <= some.length) return { rows: some, logits };
  const rows = evenRows(count, fits);
  return { rows, logits: await validationLogits(model, store, cached, rows) };
}

async function otherShares(
  model: TrainingModel,
  { store, regime, otherShares = [] }: FineTuneOptions,
  cached: Activations | undefined,
  rows: Int32Array,
): Promise<ReadonlyMap<number, Float32Array>> {
  const found = new Map<number, Float32Array>();
  for (const share of regime.startShare > 0 ? otherShares : []) {
    const logits = await validationLogits(model, store, cached, rows, { startShare: share });
    if (logits) found.set(share, logits);
  }
  return found;
}
