import { type HostTensor, toFloat32 } from '../../src/nas/host-tensor.ts';
import { inputsOf, type Layer, type Network } from '../../src/nas/layers.ts';

/** A feature map of one image: `values[(channel * size + y) * size + x]`. */
interface FeatureMap {
  readonly channels: number;
  readonly size: number;
  readonly values: Float64Array;
}

type Weights = (name: string) => Float32Array;
type Conv = Extract<Layer, { op: 'conv' }>;

/** Logits of one CHW image in evaluation mode, by the plainest loops: the reference for decoders and for graphs. */
export function plainLogits(
  network: Network,
  tensors: ReadonlyMap<string, HostTensor>,
  image: Float32Array,
  size: number,
): readonly number[] {
  const weights: Weights = (name) => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new Error(`no tensor ${name}`);
    return toFloat32(tensor);
  };
  const maps: FeatureMap[] = [];
  for (const layer of network.layers) {
    if (layer.op === 'input') maps.push({ channels: layer.channels, size, values: Float64Array.from(image) });
    else
      maps.push(
        forward(
          layer,
          inputsOf(layer).map((id) => maps[id] as FeatureMap),
          weights,
        ),
      );
  }
  return [...(maps.at(-1)?.values ?? [])];
}

function forward(layer: Layer, inputs: readonly FeatureMap[], weights: Weights): FeatureMap {
  const [input, other] = inputs as [FeatureMap, FeatureMap];
  const map = (f: (value: number, i: number) => number): FeatureMap => ({ ...input, values: input.values.map(f) });
  const area = input.size * input.size;
  if (layer.op === 'conv') return convolve(layer, input, weights(layer.weight));
  if (layer.op === 'batchNorm') {
    const [scale, shift, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((part) =>
      weights(`${layer.name}.${part}`),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array];
    const of = (array: Float32Array, i: number): number => array[Math.floor(i / area)] ?? 0;
    return map(
      (v, i) => ((v - of(mean, i)) / Math.sqrt(of(variance, i) + layer.epsilon)) * of(scale, i) + of(shift, i),
    );
  }
  if (layer.op === 'relu') return map((v) => Math.max(0, v));
  if (layer.op === 'add') return map((v, i) => v + (other.values[i] ?? 0));
  if (layer.op === 'concat') {
    const values = Float64Array.from(inputs.flatMap((each) => [...each.values]));
    return { channels: inputs.reduce((so, each) => so + each.channels, 0), size: input.size, values };
  }
  if (layer.op === 'globalPool') {
    const means = Array.from({ length: input.channels }, (_, c) => {
      return input.values.subarray(c * area, (c + 1) * area).reduce((a, b) => a + b, 0) / area;
    });
    return { channels: input.channels, size: 1, values: Float64Array.from(means) };
  }
  if (layer.op === 'dropout') return input;
  if (layer.op === 'dense') {
    const [w, b] = [weights(`${layer.name}.weight`), weights(`${layer.name}.bias`)];
    const values = Float64Array.from(b, (bias, unit) =>
      input.values.reduce((so, v, i) => so + v * (w[unit * input.channels + i] ?? 0), bias),
    );
    return { channels: layer.units, size: 1, values };
  }
  throw new Error(`${layer.op} is not needed here yet`);
}

function convolve(layer: Conv, input: FeatureMap, weight: Float32Array): FeatureMap {
  const { kernel, stride, groups, channels } = layer;
  const { size: side, values: source } = input;
  const size = Math.ceil(side / stride);
  const padding = (kernel - 1) / 2;
  const perGroup = input.channels / groups;
  const values = new Float64Array(channels * size * size);
  for (let tap = 0; tap < weight.length; tap++) {
    // OIHW: which output and input channel, and which cell of the kernel, this weight connects
    const x = tap % kernel;
    const y = Math.floor(tap / kernel) % kernel;
    const o = Math.floor(tap / (kernel * kernel * perGroup));
    const i = Math.floor(o / (channels / groups)) * perGroup + (Math.floor(tap / (kernel * kernel)) % perGroup);
    for (let row = 0; row < size; row++) {
      const sourceRow = row * stride + y - padding;
      if (sourceRow < 0 || sourceRow >= side) continue;
      for (let column = 0; column < size; column++) {
        const sourceColumn = column * stride + x - padding;
        if (sourceColumn < 0 || sourceColumn >= side) continue;
        const to = (o * size + row) * size + column;
        values[to] =
          (values[to] ?? 0) + (weight[tap] ?? 0) * (source[(i * side + sourceRow) * side + sourceColumn] ?? 0);
      }
    }
  }
  return { channels, size, values };
}
