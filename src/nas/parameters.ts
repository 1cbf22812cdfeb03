/** A network's parameters as the session keeps them: order, TensorFlow layout, stage, and the way to PyTorch's layout. */
import type { Rng } from '../lib/rng.ts';
import { channelsOf } from './cost.ts';
import { elementsOf, float32Tensor, type HostTensor, toFloat32 } from './host-tensor.ts';
import { inputsOf, type Layer, type Network } from './layers.ts';
import { weightShapes } from './weight-shapes.ts';

/** `conv`: OIHW there, HWIO here; `depthwise`: [c m, 1, k, k] there, [k, k, c, m] here; `matrix`: [out, in] there, [in, out] here. */
type Layout = 'conv' | 'depthwise' | 'matrix' | 'vector';

export interface Parameter {
  /** The published name. */
  readonly name: string;
  readonly layout: Layout;
  /** In PyTorch's layout. */
  readonly torchShape: readonly number[];
  /** In TensorFlow's layout. */
  readonly shape: readonly number[];
  /** Running statistics are state, but have no gradient. */
  readonly statistic: boolean;
  /** Weight decay applies to the weights of convolutions and dense layers alone. */
  readonly decay: boolean;
  /** Index of the stage it belongs to; the number of stages for the head. */
  readonly stage: number;
  /** Start of a training from nothing. */
  readonly start: 'zeros' | 'ones' | 'heNormal' | 'head';
}

/** All parameters in the order of the layers. */
export function parametersOf(network: Network): Parameter[] {
  const channels = channelsOf(network);
  const shapes = weightShapes(network);
  return network.layers.flatMap((layer, id) => {
    const stage = stageOf(network, id);
    const read = channels[inputsOf(layer)[0] ?? -1] ?? 0;
    return entriesOf(layer, read).map((entry) => {
      const torchShape = shapes.get(entry.name) ?? [];
      return { ...entry, torchShape, shape: tensorflowShape(entry.layout, torchShape, read), stage };
    });
  });
}

export function stageOf(network: Network, layer: number): number {
  const index = network.stages.findIndex((s) => layer <= s.end);
  return index < 0 ? network.stages.length : index;
}

/** Whether a convolution has one group for each of its `read` input channels, which the depthwise kernels serve. */
export const isDepthwise = (groups: number, read: number): boolean => groups > 1 && groups === read;

type Entry = Pick<Parameter, 'name' | 'layout' | 'statistic' | 'decay' | 'start'>;

function entriesOf(layer: Layer, read: number): Entry[] {
  const vector = { layout: 'vector', statistic: false, decay: false } as const;
  if (layer.op === 'conv') {
    const layout = isDepthwise(layer.groups, read) ? 'depthwise' : 'conv';
    return [{ name: layer.weight, layout, statistic: false, decay: true, start: 'heNormal' }];
  }
  if (layer.op === 'batchNorm') {
    return [
      { ...vector, name: `${layer.name}.weight`, start: 'ones' },
      { ...vector, name: `${layer.name}.bias`, start: 'zeros' },
      { ...vector, name: `${layer.name}.running_mean`, statistic: true, start: 'zeros' },
      { ...vector, name: `${layer.name}.running_var`, statistic: true, start: 'ones' },
    ];
  }
  if (layer.op === 'dense') {
    return [
      { name: `${layer.name}.weight`, layout: 'matrix', statistic: false, decay: true, start: 'head' },
      { ...vector, name: `${layer.name}.bias`, start: 'zeros' },
    ];
  }
  return [];
}

function tensorflowShape(layout: Layout, torch: readonly number[], read: number): number[] {
  const [a = 0, b = 0, k = 0] = torch;
  if (layout === 'conv') return [k, k, b, a];
  if (layout === 'depthwise') return [k, k, read, a / read];
  return layout === 'matrix' ? [b, a] : [...torch];
}

/** Values in TensorFlow's layout. */
export function fromTorch(p: Parameter, tensor: HostTensor): Float32Array {
  const values = toFloat32(tensor);
  return p.layout === 'vector'
    ? values.slice()
    : transposed(values, p.torchShape, p.layout === 'matrix' ? [1, 0] : [2, 3, 1, 0]);
}

/** Values in PyTorch's layout. */
export function toTorch(p: Parameter, values: Float32Array): HostTensor {
  if (p.layout === 'vector') return float32Tensor(p.torchShape, values.slice());
  if (p.layout === 'matrix') return float32Tensor(p.torchShape, transposed(values, p.shape, [1, 0]));
  const [out = 0, per = 0, k = 0] = p.torchShape;
  return float32Tensor(p.torchShape, transposed(values, [k, k, per, out], [3, 2, 0, 1]));
}

/** A row-major copy with its axes in the order of `axes`. */
function transposed(values: Float32Array, shape: readonly number[], axes: readonly number[]): Float32Array {
  const strides = shape.map((_, i) => elementsOf(shape.slice(i + 1)));
  const sizes = axes.map((axis) => shape[axis] as number);
  const steps = axes.map((axis) => strides[axis] as number);
  const out = new Float32Array(values.length);
  const index = new Array<number>(axes.length).fill(0);
  let from = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = values[from] as number;
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      from += steps[axis] as number;
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (sizes[axis] as number)) break;
      from -= (sizes[axis] as number) * (steps[axis] as number);
      index[axis] = 0;
    }
  }
  return out;
}

/** Values for a training from nothing: Kaiming normal over the fan-out as the published code does, a small head. */
export function startValues(p: Parameter, rng: Rng): Float32Array {
  const values = new Float32Array(elementsOf(p.shape));
  if (p.start === 'ones') return values.fill(1);
  if (p.start === 'zeros') return values;
  const [out = 1, , k = 1] = p.torchShape;
  // the fan-out of a depthwise filter is that of its one channel, times its multiplier
  const fanOut = p.layout === 'depthwise' ? (k * k * out) / (p.shape[2] as number) : out * k * k;
  const deviation = p.start === 'head' ? 0.01 : Math.sqrt(2 / fanOut);
  for (let i = 0; i < values.length; i++) values[i] = rng.normal() * deviation;
  return values;
}
