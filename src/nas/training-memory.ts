import { costOf, shapesOf } from './cost.ts';
import type { Layer, Network } from './layers.ts';

/** What stays in memory from the forward to the backward pass: outputs that a gradient reads. */
const kept: ReadonlySet<Layer['op']> = new Set([
  'input',
  'conv',
  'batchNorm',
  'concat',
  'relu6',
  'swish',
  'sigmoid',
  'multiply',
]);
const bytesEach = 4;
/** Weight, gradient, momentum and moving average. */
const copiesOfParameters = 4;

/**
 * Bytes that a training step takes in fp32, from the architecture alone: activations kept for the backward pass, the
 * gradients of the widest place, and the parameters with what the optimizer keeps. Without the library itself.
 */
export function trainingMemory(network: Network, inputSize: number, batchSize: number): number {
  const [values = 0] = stepValues(network, inputSize);
  const { parameters } = costOf(network, inputSize);
  return bytesEach * (values * batchSize + copiesOfParameters * parameters);
}

/** Values of one image in a training step with the first k stages frozen, k = 0 .. stages: frozen ones keep nothing. */
export function stepValues(network: Network, inputSize: number): readonly number[] {
  const values = shapesOf(network, inputSize).map(({ size, channels }) => size * size * channels);
  const widest = 2 * Math.max(...values);
  return [-1, ...network.stages.map(({ end }) => end)].map((boundary) =>
    network.layers.reduce((sum, { op }, id) => sum + (id > boundary && kept.has(op) ? (values[id] ?? 0) : 0), widest),
  );
}
