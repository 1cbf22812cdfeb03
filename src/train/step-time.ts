/** How long a training step takes on this machine: the figure that searches, zoos and profiles compare. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../lib/clock.ts';
import { smallestSize } from '../nas/cost.ts';
import { elementsOf } from '../nas/host-tensor.ts';
import type { Network } from '../nas/layers.ts';
import type { StepTime } from '../nas/member.ts';
import { TrainingModel } from '../nas/training-model.ts';

export type StepPoint = Omit<StepTime, 'seconds'>;

export interface StepCounts {
  /** The first steps allocate and tune: they are not counted. */
  readonly warmUp: number;
  readonly steps: number;
}

export interface MeasureOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Single steps vary by a third on a busy host; the median of so many does not. */
const soundCounts: StepCounts = { warmUp: 2, steps: 20 };

/** Median seconds of steps on made-up data, whose values do not change their time. Rejects with the signal's reason. */
export async function medianStepSeconds(
  model: TrainingModel,
  { warmUp, steps }: StepCounts,
  { clock, signal }: MeasureOptions,
): Promise<number> {
  const { data, targets } = madeUpBatch(model);
  const seconds: number[] = [];
  for (let step = 1; step <= warmUp + steps; step++) {
    // signals get their turn
    await turn();
    signal.throwIfAborted();
    const before = clock.nowSeconds();
    model.step(data, targets, { learningRate: 1e-4, step, averageDecay: 0, seed: 0 });
    if (step > warmUp) seconds.push(clock.nowSeconds() - before);
  }
  return seconds.toSorted((a, b) => a - b)[steps >> 1] as number;
}

function madeUpBatch({ options, network, boundaryShape }: TrainingModel) {
  const { inputSize, batchSize, cachedFeatures } = options;
  const values = batchSize * (cachedFeatures ? elementsOf(boundaryShape ?? []) : inputSize * inputSize * 3);
  return {
    data: cachedFeatures ? new Float32Array(values).fill(0.5) : new Int32Array(values).map((_, i) => (i * 31) % 256),
    targets: new Float32Array(batchSize * network.classes).map((_, i) => (i % network.classes === 0 ? 1 : 0)),
  };
}

/** With the optimizer that costs most. */
export const measuredTraining = {
  optimizer: 'adamw',
  weightDecay: 0.01,
  labelSmoothing: 0.1,
  clipNorm: 5,
  average: false,
  precision: 'fp32',
} as const;

/** The point measured as `soundCounts` says. */
export async function measureStep(network: Network, point: StepPoint, o: MeasureOptions): Promise<StepTime> {
  const model = await TrainingModel.open(network, { ...point, ...measuredTraining });
  try {
    model.start(new Map(), 1);
    return { ...point, seconds: Number((await medianStepSeconds(model, soundCounts, o)).toPrecision(4)) };
  } finally {
    model.close();
  }
}

/** Batch by which networks are compared. */
export const comparedBatch = 64;

/**
 * Seconds of a whole training step over 64 images. `halvings`: where memory is scarce the batch is halved so often, and
 * as many steps more are counted.
 */
export async function comparedStep(
  network: Network,
  inputSize: number,
  halvings: number,
  o: MeasureOptions,
): Promise<StepTime & { readonly comparedSeconds: number }> {
  const batchSize = Math.max(1, comparedBatch >> halvings);
  const measured = await measureStep(network, { inputSize, batchSize, frozenStages: 0, cachedFeatures: false }, o);
  return { ...measured, comparedSeconds: (measured.seconds * comparedBatch) / batchSize };
}

/** Input sizes between which the planner interpolates. */
const measuredSizes = [32, 64, 96] as const;
/** The same for networks of large images, which read small ones badly, and small batches of the largest alone. */
const measuredLargeSizes = [64, 96] as const;
/** Of a network of larger images no larger batch than usual is measured at it and beyond: many tasks have memory for no more. */
export const largestCommonSize = 128;
const measuredBatches = [16, comparedBatch] as const;
/** What most plans have: at the native size of a large network, where it matters most, others are told from it. */
export const usualBatch = 32;

/**
 * What of a member is measured: the whole network at every size and batch, and at its native size frozen stages too, with
 * images and from a cache; of a large network these also at a smaller size. Sizes that are too small for the network are left
 * out, and no batch is larger than `largestBatch`.
 */
export function memberPoints(
  network: Network,
  nativeSize: number,
  largestBatch: number = comparedBatch,
): readonly StepPoint[] {
  const least = smallestSize(network);
  const isLarge = nativeSize > largestCommonSize;
  const batches = measuredBatches.filter((batchSize) => batchSize <= largestBatch);
  const sizes = (isLarge ? measuredLargeSizes : measuredSizes).filter((inputSize) => inputSize >= least);
  const native = { inputSize: nativeSize, batchSize: Math.min(largestBatch, isLarge ? usualBatch : comparedBatch) };
  const largest = isLarge ? [{ ...native, inputSize: largestCommonSize }, native] : [];
  const whole = [
    ...sizes.flatMap((inputSize) => batches.map((batchSize) => ({ inputSize, batchSize }))),
    ...largest,
  ].map((place) => ({ ...place, ...wholeNetwork }));
  // late stages of a large network see few pixels of a small image: what they take at one size says badly what at another
  const smaller = isLarge ? sizes.slice(-1) : [];
  const places = [
    native,
    ...smaller.map((inputSize) => ({ inputSize, batchSize: Math.min(largestBatch, comparedBatch) })),
  ];
  const frozen = places.flatMap((place) =>
    network.stages.flatMap((_, k) =>
      [false, true].map((cachedFeatures) => ({ ...place, frozenStages: k + 1, cachedFeatures })),
    ),
  );
  return [...whole, ...frozen];
}

export const wholeNetwork = { frozenStages: 0, cachedFeatures: false } as const;
