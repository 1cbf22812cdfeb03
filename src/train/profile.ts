/** What is measured before planning: a sample of the images, its features in a small member, and real step times. */
import type { Clock } from '../lib/clock.ts';
import type { HostTensor } from '../nas/host-tensor.ts';
import type { Network } from '../nas/layers.ts';
import { TrainingModel } from '../nas/training-model.ts';
import type { StepTime } from '../planner/types.ts';
import type { Dataset } from './dataset.ts';
import { decodeSample, type ImageSample } from './sample.ts';
import { largestCommonSize, medianStepSeconds } from './step-time.ts';

/** A member as the profile needs it. */
export interface Probe {
  readonly name: string;
  readonly nativeSize: number;
  /** Of one image at its native size, in millions. */
  readonly macsM: number;
  /** The network with a head for the task's classes. */
  readonly network: Network;
  readonly weights: () => Promise<ReadonlyMap<string, HostTensor>>;
}

export interface Profile {
  readonly sample: ImageSample;
  readonly embedding: { readonly features: Float32Array; readonly n: number; readonly d: number };
  /** Steps measured on this machine, by member. */
  readonly steps: readonly (StepTime & { readonly member: string })[];
  /** Reading, decoding and scaling one image, all workers together. */
  readonly decodeSecondsPerImage: number;
  /** Starting the workers, building a graph and opening its session. */
  readonly startSeconds: number;
}

export interface ProfileOptions {
  readonly dataset: Dataset;
  /** Cheapest first; the first one embeds the sample. */
  readonly probes: readonly Probe[];
  readonly seed: number;
  readonly workers: number;
  /** Seconds the profile may take; what is begun is ended, so a slow machine measures fewer members. */
  readonly seconds: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const sampleImages = 256;
const probeBatch = 32;
const probeCounts = { warmUp: 2, steps: 4 };

/** Networks of larger images are probed at a size that plans give them. */
const sizeOf = ({ nativeSize }: Pick<Probe, 'nativeSize'>): number => Math.min(nativeSize, largestCommonSize);
const macsOf = (probe: Probe): number => probe.macsM * (sizeOf(probe) / probe.nativeSize) ** 2;

/** Measures the first member, and of the others, dearest first, those that are expected to fit into the time. */
export async function profile(o: ProfileOptions): Promise<Profile> {
  const { clock } = o;
  const started = clock.nowSeconds();
  const [first, ...others] = o.probes;
  if (!first) throw new Error('a profile needs a member');
  const { sample, decodeSecondsPerImage, workerSeconds } = await timedSample(sizeOf(first), o);
  const opened = clock.nowSeconds();
  const model = await openProbe(first);
  const startSeconds = workerSeconds + clock.nowSeconds() - opened;
  const steps: (StepTime & { member: string })[] = [];
  let embedding: Profile['embedding'];
  try {
    model.start(await first.weights(), o.seed);
    embedding = embed(model, sample);
    steps.push(await measure(model, first.name, o));
  } finally {
    model.close();
  }
  const openSeconds = clock.nowSeconds() - opened;
  const stepSeconds = steps[0]?.seconds ?? 0;
  for (const probe of others.toReversed()) {
    if (o.signal.aborted) break;
    // the arithmetic grows with the member, all else hardly: twice that of the first is a margin
    const dearer =
      Math.max(0, macsOf(probe) / macsOf(first) - 1) * stepSeconds * (probeCounts.warmUp + probeCounts.steps);
    if (clock.nowSeconds() - started + 2 * openSeconds + dearer > o.seconds) continue;
    steps.push(await measureAnew(probe, o));
  }
  return { sample, embedding, steps, decodeSecondsPerImage, startSeconds };
}

/** Decodes a sample; the seconds that its workers need to start are told apart, for they do not grow with the images. */
async function timedSample(side: number, { dataset, seed, workers, signal, clock }: ProfileOptions) {
  const started = clock.nowSeconds();
  let first: { readonly done: number; readonly at: number } | undefined;
  const onProgress = (done: number): void => {
    first ??= { done, at: clock.nowSeconds() };
  };
  const sample = await decodeSample(dataset, { side, count: sampleImages, seed, workers, signal, onProgress });
  const ended = clock.nowSeconds();
  const images = sample.count + sample.damaged;
  // the other workers are about as far when the first one answers
  const after = first === undefined ? 0 : images - first.done * workers;
  const overall = (ended - started) / images;
  if (first === undefined || after < images / 2) return { sample, decodeSecondsPerImage: overall, workerSeconds: 0 };
  const decodeSecondsPerImage = Math.min(overall, (ended - first.at) / after);
  return { sample, decodeSecondsPerImage, workerSeconds: ended - started - images * decodeSecondsPerImage };
}

async function measureAnew(probe: Probe, o: ProfileOptions) {
  const model = await openProbe(probe);
  try {
    model.start(new Map(), o.seed);
    return await measure(model, probe.name, o);
  } finally {
    model.close();
  }
}

function openProbe(probe: Probe): Promise<TrainingModel> {
  return TrainingModel.open(probe.network, {
    ...{ inputSize: sizeOf(probe), batchSize: probeBatch, frozenStages: 0, optimizer: 'sgd', weightDecay: 1e-4 },
    ...{ labelSmoothing: 0.1, clipNorm: 0, average: false, precision: 'fp32', cachedFeatures: false },
  });
}

function embed(model: TrainingModel, sample: ImageSample): Profile['embedding'] {
  const size = sample.side * sample.side * 3;
  const parts: Float32Array[] = [];
  for (let at = 0; at < sample.count; at += probeBatch) {
    const rows = Math.min(probeBatch, sample.count - at);
    parts.push(model.embed(Int32Array.from(sample.images.subarray(at * size, (at + rows) * size)), rows));
  }
  const d = (parts[0] as Float32Array).length / Math.min(probeBatch, sample.count);
  const features = new Float32Array(sample.count * d);
  parts.forEach((part, i) => {
    features.set(part, i * probeBatch * d);
  });
  return { features, n: sample.count, d };
}

/** A full training step. */
async function measure(
  model: TrainingModel,
  member: string,
  o: ProfileOptions,
): Promise<StepTime & { readonly member: string }> {
  const { inputSize, batchSize } = model.options;
  const seconds = await medianStepSeconds(model, probeCounts, o);
  return { member, inputSize, batchSize, frozenStages: 0, cachedFeatures: false, seconds };
}
