import { InputError } from '../lib/errors.ts';
import { inputsOf, type Layer, type Network } from './layers.ts';

/** Output of a layer: `size` x `size` x `channels`; pooled and dense outputs have size 1. */
export interface Shape {
  readonly size: number;
  readonly channels: number;
}

export interface LayerCost {
  readonly parameters: number;
  /** Multiply-accumulates of one image's forward pass, of convolutions and dense layers. */
  readonly macs: number;
  /** Elements that convolutions put out for one image: what drives memory and time (pycls; RegNet, CVPR 2020). */
  readonly activations: number;
}

export interface NetworkCost extends LayerCost {
  /** By layer id. */
  readonly layers: readonly LayerCost[];
}

type Op = Layer['op'];
type LayerOf<K extends Op, L extends Layer = Layer> = L extends Layer ? (K extends L['op'] ? L : never) : never;

interface Rule<L extends Layer> {
  /** Output channels from those of the inputs. */
  readonly channels: (layer: L, inputs: readonly number[]) => number;
  /** Output side from that of the first input; left out where it stays. */
  readonly size?: (layer: L, size: number) => number;
  readonly cost?: (layer: L, input: Shape, output: Shape) => LayerCost;
}

const free: LayerCost = { parameters: 0, macs: 0, activations: 0 };
const first = (_layer: Layer, inputs: readonly number[]): number => inputs[0] ?? 0;
const total = (_layer: Layer, inputs: readonly number[]): number => inputs.reduce((a, b) => a + b, 0);
const elementwise: Rule<Layer> = { channels: first };

const rules: { readonly [K in Op]: Rule<LayerOf<K>> } = {
  input: { channels: (layer) => layer.channels },
  conv: {
    channels: (layer) => layer.channels,
    // with an odd kernel both paddings give ceil(size / stride)
    size: (layer, size) => Math.ceil(size / layer.stride),
    cost: ({ kernel, groups, channels }, input, output) => {
      const parameters = (kernel * kernel * input.channels * channels) / groups;
      const area = output.size * output.size;
      return { parameters, macs: parameters * area, activations: channels * area };
    },
  },
  batchNorm: { channels: first, cost: (_layer, input) => ({ ...free, parameters: 2 * input.channels }) },
  relu: elementwise,
  relu6: elementwise,
  swish: elementwise,
  sigmoid: elementwise,
  add: elementwise,
  multiply: elementwise,
  concat: { channels: total },
  globalPool: { channels: first, size: () => 1 },
  maxPool: { channels: first, size: (layer, size) => Math.ceil(size / layer.stride) },
  dropout: elementwise,
  dense: {
    channels: (layer) => layer.units,
    cost: ({ units }, input) => ({ ...free, parameters: (input.channels + 1) * units, macs: input.channels * units }),
  },
};

const ruleOf = (layer: Layer): Rule<Layer> => rules[layer.op] as Rule<Layer>;

const isHalving = (layer: Layer): boolean => (layer.op === 'conv' || layer.op === 'maxPool') && layer.stride === 2;

/** Output channels of every layer, by id. */
export function channelsOf(network: Pick<Network, 'layers'>): readonly number[] {
  const channels: number[] = [];
  for (const layer of network.layers) {
    const inputs = inputsOf(layer).map((id) => channels[id] ?? 0);
    channels.push(ruleOf(layer).channels(layer, inputs));
  }
  return channels;
}

/**
 * Output shapes of every layer, by id, for a square input of `size` pixels.
 * Throws InputError where `size` is no whole number of pixels or a layer would halve a single pixel.
 */
export function shapesOf(network: Pick<Network, 'encoding' | 'layers'>, size: number): readonly Shape[] {
  if (!Number.isInteger(size) || size < 1) {
    throw new InputError(`The input size ${size} is not a whole number of pixels.`, 'Give a size such as 64 or 224.');
  }
  const channels = channelsOf(network);
  const sizes: number[] = [];
  for (const layer of network.layers) {
    const before = sizes[inputsOf(layer)[0] ?? -1] ?? size;
    if (isHalving(layer) && before === 1) throw tooSmall(network, size);
    sizes.push(ruleOf(layer).size?.(layer, before) ?? before);
  }
  return sizes.map((side, id) => ({ size: side, channels: channels[id] ?? 0 }));
}

/** The smallest input that leaves every strided layer something to halve. */
export function smallestSize(network: Pick<Network, 'layers'>): number {
  const halvings: number[] = [];
  for (const layer of network.layers) {
    const before = Math.max(0, ...inputsOf(layer).map((id) => halvings[id] ?? 0));
    halvings.push(isHalving(layer) ? before + 1 : before);
  }
  const most = Math.max(0, ...halvings);
  return most === 0 ? 1 : 2 ** (most - 1) + 1;
}

function tooSmall(network: Pick<Network, 'encoding' | 'layers'>, size: number): InputError {
  const least = smallestSize(network);
  const message = `Images of ${size} px are too small for the network ${network.encoding}, which needs ${least} px.`;
  return new InputError(message, `Use images of at least ${least} px or a network with fewer strides.`);
}

/** What the network costs at a square input of `size` pixels, for one image. Throws InputError as `shapesOf` does. */
export function costOf(network: Network, size: number): NetworkCost {
  const shapes = shapesOf(network, size);
  const layers = network.layers.map((layer, id) => {
    const [output, input] = [shapes[id], shapes[inputsOf(layer)[0] ?? id]];
    return output && input ? (ruleOf(layer).cost?.(layer, input, output) ?? free) : free;
  });
  const sum = (key: keyof LayerCost): number => layers.reduce((so, cost) => so + cost[key], 0);
  return { parameters: sum('parameters'), macs: sum('macs'), activations: sum('activations'), layers };
}

/** Share of the forward MACs in the first k stages, k = 0 .. stages; the first is 0. */
export function stageShares(network: Network, size: number): readonly number[] {
  const { layers, macs } = costOf(network, size);
  const until = (end: number): number => layers.slice(0, end + 1).reduce((so, cost) => so + cost.macs, 0);
  return [0, ...network.stages.map((stage) => until(stage.end) / macs)];
}
