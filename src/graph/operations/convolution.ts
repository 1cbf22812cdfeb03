/**
 * Convolutions over NHWC activations. Padding `symmetric` is PyTorch's: (kernel - 1) / 2 zeros on each side at every
 * stride, which is not TensorFlow's SAME where a strided window meets an even size.
 */
import { type Attributes, attr, type GraphBuilder, type Shape, type Tensor } from '../builder.ts';
import type { Operation } from '../tape.ts';

export interface ConvAttributes {
  readonly stride: number;
  readonly padding: 'symmetric' | 'same';
}
export interface GroupedConvAttributes extends ConvAttributes {
  readonly groups: number;
}

interface Window extends ConvAttributes {
  readonly kernel: number;
}

/** (size + 2 p - kernel) / stride + 1 with p = (kernel - 1) / 2 does not depend on an odd kernel. */
function outputSize(size: number, { stride, padding }: ConvAttributes): number {
  if (size < 0) return -1;
  if (padding === 'same') return Math.ceil(size / stride);
  return Math.floor((size - 1) / stride) + 1;
}

export function outputShape(x: Shape, channels: number, a: ConvAttributes): Shape {
  const [n, h, w] = x as [number, number, number];
  return [n, outputSize(h, a), outputSize(w, a), channels];
}

/** Odd symmetric padding at stride 1 is SAME, which has the fastest paths; at larger strides nothing that has a name. */
const padsFirst = ({ kernel, stride, padding }: Window): boolean => padding === 'symmetric' && stride > 1 && kernel > 1;

function windowAttributes(window: Window): Attributes {
  const { stride } = window;
  const same = !padsFirst(window) && window.kernel > 1;
  return {
    strides: attr.ints([1, stride, stride, 1]),
    dilations: attr.ints([1, 1, 1, 1]),
    data_format: attr.text('NHWC'),
    padding: attr.text(same ? 'SAME' : 'VALID'),
  };
}

/** Zeros that a window needs around height and width before it is moved without padding. */
const paddingOf = ({ kernel }: Window): number => (kernel - 1) / 2;

/**
 * `x` as the kernels take it. Padding apart and not by the kernels' EXPLICIT mode: the gradients of that run without
 * oneDNN, at several times the cost.
 */
function padded(g: GraphBuilder, x: Tensor, window: Window): Tensor {
  if (!padsFirst(window)) return x;
  const p = paddingOf(window);
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const attributes = { T: attr.type(x.dtype), Tpaddings: attr.type('int32') };
  const shape = [n, h < 0 ? -1 : h + 2 * p, w < 0 ? -1 : w + 2 * p, c];
  return g.single('Pad', [x, g.ints([0, 0, p, p, p, p, 0, 0], [4, 2])], attributes, { shape, dtype: x.dtype });
}

/** The gradient of `padded`. */
function unpadded(g: GraphBuilder, dy: Tensor, x: Tensor, window: Window): Tensor {
  if (!padsFirst(window)) return dy;
  const p = paddingOf(window);
  const sizes = g.ints([-1, ...x.shape.slice(1)]);
  const attributes = { T: attr.type(x.dtype), Index: attr.type('int32') };
  return g.single('Slice', [dy, g.ints([0, p, p, 0]), sizes], attributes, x);
}

const kernelOf = (filter: Shape): number => filter[0] as number;

/** Runtime shape of `x`: a constant where it is known, else a node. */
export function shapeOf(g: GraphBuilder, x: Tensor): Tensor {
  if (!x.shape.includes(-1)) return g.ints(x.shape);
  return g.single(
    'Shape',
    [x],
    { T: attr.type(x.dtype), out_type: attr.type('int32') },
    { shape: [x.shape.length], dtype: 'int32' },
  );
}

/** Zeros before an axis of `size` that a window reads. */
function paddingBefore(size: number, { kernel, stride, padding }: Window): number {
  if (padding === 'symmetric') return (kernel - 1) / 2;
  return Math.floor(Math.max(0, (Math.ceil(size / stride) - 1) * stride + kernel - size) / 2);
}

/** Channels of a tile of our filter gradient (`native/kernels.cc`); a filter that fills less than half of its tiles is TensorFlow's. */
const [tileInputs, tileOutputs] = [6, 16];
const filled = (channels: number, tile: number): number => channels / (Math.ceil(channels / tile) * tile);

/** Our own kernel's gradient of the filter, where it is there and pays. */
export function ownFilterGradient(
  g: GraphBuilder,
  x: Tensor,
  filter: Tensor,
  a: GroupedConvAttributes,
  dy: Tensor,
): Tensor | undefined {
  const channels = x.shape[3] as number;
  const outputs = (filter.shape[3] as number) / a.groups;
  const pays = filled(channels / a.groups, tileInputs) * filled(outputs, tileOutputs) >= 0.5;
  const attributes = g.kernels.filterGradient && pays ? ownAttributes(x, filter, a) : undefined;
  return attributes && g.single('NasoaFilterGradient', [x, dy], { ...attributes, groups: attr.int(a.groups) }, filter);
}

/** Widest depthwise filter whose gradient oneDNN computes by a kernel of its own, on some processors. */
const narrow = 3;

/** The same of a depthwise filter: what oneDNN has no kernel for it makes a matrix product a channel of. */
function ownDepthwiseGradient(
  g: GraphBuilder,
  x: Tensor,
  filter: Tensor,
  a: ConvAttributes,
  dy: Tensor,
): Tensor | undefined {
  const { filterGradient, wideDepthwiseGradient } = g.kernels;
  const pays = filter.shape[3] === 1 && (kernelOf(filter.shape) > narrow ? wideDepthwiseGradient : filterGradient);
  const attributes = pays ? ownAttributes(x, filter, a) : undefined;
  return attributes && g.single('NasoaDepthwiseFilterGradient', [x, dy], attributes, filter);
}

/** Attributes of our kernels of a filter's gradient; undefined where they cannot be used. */
function ownAttributes(x: Tensor, filter: Tensor, a: ConvAttributes): Attributes | undefined {
  const [, height, width] = x.shape as [number, number, number];
  const window = windowOf(filter, a);
  const padding = paddingBefore(height, window);
  const fits = x.dtype === 'float32' && height > 0 && width > 0 && padding === paddingBefore(width, window);
  if (!fits) return undefined;
  return { kernel: attr.int(window.kernel), stride: attr.int(a.stride), padding: attr.int(padding) };
}

interface Kernels {
  readonly forward: string;
  readonly input: string;
  readonly filter: string;
}

const windowOf = (filter: Tensor, a: ConvAttributes): Window => ({ ...a, kernel: kernelOf(filter.shape) });

export function convolve(
  g: GraphBuilder,
  k: Kernels,
  x: Tensor,
  filter: Tensor,
  a: ConvAttributes,
  shape: Shape,
): Tensor {
  const window = windowOf(filter, a);
  return g.like(k.forward, [padded(g, x, window), filter], windowAttributes(window), shape);
}

export function convolutionGradient(
  g: GraphBuilder,
  k: Kernels,
  x: Tensor,
  filter: Tensor,
  a: ConvAttributes,
  dy: Tensor,
  needs: readonly boolean[],
) {
  const window = windowOf(filter, a);
  // TensorFlow merges this padding with the forward pass's own: they are one node when the graph runs
  const input = padded(g, x, window);
  const attributes = { T: attr.type(x.dtype), ...windowAttributes(window) };
  const back = (): Tensor => g.single(k.input, [shapeOf(g, input), filter, dy], attributes, input);
  const dx = needs[0] ? unpadded(g, back(), x, window) : undefined;
  const df = needs[1] ? g.single(k.filter, [input, g.ints(filter.shape), dy], attributes, filter) : undefined;
  return [dx, df] as const;
}

export const dense: Kernels = { forward: 'Conv2D', input: 'Conv2DBackpropInput', filter: 'Conv2DBackpropFilter' };
const depthwise: Kernels = {
  forward: 'DepthwiseConv2dNative',
  input: 'DepthwiseConv2dNativeBackpropInput',
  filter: 'DepthwiseConv2dNativeBackpropFilter',
};

/** x [n, h, w, c], filter [k, k, c, out] -> [n, h', w', out]. */
export const conv2d: Operation<ConvAttributes> = {
  shape: ([x, f], a) => {
    if (x?.[3] !== f?.[2]) throw new Error(`conv2d: ${x?.[3]} input channels, filter takes ${f?.[2]}`);
    return outputShape(x as Shape, (f as Shape)[3] as number, a);
  },
  forward: (g, [x, f], a, shape) => ({ output: convolve(g, dense, x as Tensor, f as Tensor, a, shape) }),
  gradient: (g, { inputs: [x, f], attributes, needs }, dy) => {
    const own = needs[1] && ownFilterGradient(g, x as Tensor, f as Tensor, { ...attributes, groups: 1 }, dy);
    const asked = [needs[0] === true, needs[1] === true && !own];
    const [dx, df] = convolutionGradient(g, dense, x as Tensor, f as Tensor, attributes, dy, asked);
    return [dx, own || df];
  },
};

/** x [n, h, w, c], filter [k, k, c, m] -> [n, h', w', c * m]: m filters a channel. */
export const depthwiseConv2d: Operation<ConvAttributes> = {
  shape: ([x, f], a) => {
    const [c, taken, multiplier] = [x?.[3] as number, f?.[2] as number, f?.[3] as number];
    if (c !== taken) throw new Error(`depthwiseConv2d: ${c} input channels, filter [${f?.join()}]`);
    return outputShape(x as Shape, c * multiplier, a);
  },
  forward: (g, [x, f], a, shape) => ({ output: convolve(g, depthwise, x as Tensor, f as Tensor, a, shape) }),
  gradient: (g, { inputs: [x, f], attributes, needs }, dy) => {
    const own = needs[1] && ownDepthwiseGradient(g, x as Tensor, f as Tensor, attributes, dy);
    const asked = [needs[0] === true, needs[1] === true && !own];
    const [dx, df] = convolutionGradient(g, depthwise, x as Tensor, f as Tensor, attributes, dy, asked);
    return [dx, own || df];
  },
};
