/** Convolutions of which each output channel sees one group of input channels. */
import { attr, type GraphBuilder, type Shape, type Tensor } from '../builder.ts';
import type { Operation } from '../tape.ts';
import {
  convolutionGradient,
  convolve,
  dense,
  type GroupedConvAttributes,
  outputShape,
  ownFilterGradient,
} from './convolution.ts';

/** As an operation, but for its shape: forms of one operation have one shape. */
type Form = Omit<Operation<GroupedConvAttributes>, 'shape'>;

/** Split, convolved and concatenated. */
const split: Form = {
  forward: (g, [x, f], a, shape) => {
    const xs = splitChannels(g, x as Tensor, a.groups);
    const fs = splitChannels(g, f as Tensor, a.groups);
    const part: Shape = [...shape.slice(0, 3), (shape[3] as number) / a.groups];
    const ys = xs.map((group, i) => convolve(g, dense, group, fs[i] as Tensor, a, part));
    return { output: concatChannels(g, ys, shape), saved: [...xs, ...fs] };
  },
  gradient: (g, { inputs: [x, f], attributes: a, saved, needs }, dy) => {
    const own = needs[1] && ownFilterGradient(g, x as Tensor, f as Tensor, a, dy);
    const asked = [needs[0] === true, needs[1] === true && !own];
    const parts = splitChannels(g, dy, a.groups).map((d, i) =>
      convolutionGradient(g, dense, saved[i] as Tensor, saved[a.groups + i] as Tensor, a, d, asked),
    );
    const join = (input: 0 | 1, like: Tensor): Tensor | undefined =>
      asked[input]
        ? concatChannels(
            g,
            parts.map((p) => p[input] as Tensor),
            like.shape,
          )
        : undefined;
    return [join(0, x as Tensor), own || join(1, f as Tensor)];
  },
};

/** One dense convolution whose filter is zero where an output does not see an input. */
const block: Form = {
  forward: (g, [x, f], a, shape) => {
    const whole = blockDiagonal(g, f as Tensor, a.groups);
    return { output: convolve(g, dense, x as Tensor, whole, a, shape), saved: [whole] };
  },
  gradient: (g, { inputs: [x, f], attributes: a, saved, needs }, dy) => {
    const [dx, df] = convolutionGradient(g, dense, x as Tensor, saved[0] as Tensor, a, dy, needs);
    return [dx, df && diagonalBlocks(g, df, f as Tensor, a.groups)];
  },
};

/** The forms of a grouped convolution, of which the engine picks one. */
export const groupedForms = { split, block } as const;

/** Channels of a group up to which `block` is the quicker form: a vector register has place for more than one such group. */
const blockChannels = { float32: 8, bfloat16: 16 } as const;

function formOf(g: GraphBuilder, filter: Tensor): Form {
  const most = filter.dtype === 'bfloat16' ? blockChannels.bfloat16 : blockChannels.float32;
  return g.kernels.denseGroups && (filter.shape[2] as number) <= most ? block : split;
}

/**
 * x [n, h, w, c], filter [k, k, c / groups, out] -> [n, h', w', out]; the channels of each group lie side by side.
 * In one of two forms that always work: TensorFlow's CPU kernels have a gradient of a grouped convolution for stride 1
 * alone, and only where TensorFlow hands the node to oneDNN, which it does by sizes of its own choosing; elsewhere the
 * step fails. `make bench-grouped` times the forms against each other.
 */
export const groupedConv2d: Operation<GroupedConvAttributes> = {
  shape: ([x, f], a) => {
    const [c, taken, out] = [x?.[3] as number, f?.[2] as number, f?.[3] as number];
    if (c !== taken * a.groups || out % a.groups !== 0) {
      throw new Error(`groupedConv2d: ${c} channels in ${a.groups} groups, filter [${f?.join()}]`);
    }
    return outputShape(x as Shape, out, a);
  },
  forward: (g, inputs, a, shape) => formOf(g, inputs[1] as Tensor).forward(g, inputs, a, shape),
  gradient: (g, call, dy) => formOf(g, call.inputs[1] as Tensor).gradient(g, call, dy),
};

/** filter [k, k, c / groups, out] -> [k, k, c, out]. */
function blockDiagonal(g: GraphBuilder, filter: Tensor, groups: number): Tensor {
  const [height, width, inputs, outputs] = filter.shape as [number, number, number, number];
  const attributes = { T: attr.type(filter.dtype), Tpaddings: attr.type('int32') };
  const output = { shape: [height, width, groups * inputs, outputs / groups], dtype: filter.dtype };
  const blocks = splitChannels(g, filter, groups).map((part, i) => {
    const around = g.ints([0, 0, 0, 0, i * inputs, (groups - 1 - i) * inputs, 0, 0], [4, 2]);
    return g.single('Pad', [part, around], attributes, output);
  });
  return concatChannels(g, blocks, [height, width, groups * inputs, outputs]);
}

/** The gradient of `blockDiagonal`. */
function diagonalBlocks(g: GraphBuilder, dWhole: Tensor, filter: Tensor, groups: number): Tensor {
  const [height, width, inputs, outputs] = filter.shape as [number, number, number, number];
  const shape = [height, width, inputs, outputs / groups];
  const attributes = { T: attr.type(filter.dtype), Index: attr.type('int32') };
  const blocks = Array.from({ length: groups }, (_, i) => {
    const from = g.ints([0, 0, i * inputs, (i * outputs) / groups]);
    return g.single('Slice', [dWhole, from, g.ints(shape)], attributes, { shape, dtype: filter.dtype });
  });
  return concatChannels(g, blocks, filter.shape);
}

/** Equal parts along the last axis. */
function splitChannels(g: GraphBuilder, x: Tensor, parts: number): Tensor[] {
  const axis = x.shape.length - 1;
  const shape = [...x.shape.slice(0, -1), (x.shape[axis] as number) / parts];
  const outputs = Array.from({ length: parts }, () => ({ shape, dtype: x.dtype }));
  return g.node('Split', [g.ints([axis], []), x], { T: attr.type(x.dtype), num_split: attr.int(parts) }, outputs);
}

function concatChannels(g: GraphBuilder, parts: readonly Tensor[], shape: Shape): Tensor {
  const dtype = (parts[0] as Tensor).dtype;
  const attributes = { T: attr.type(dtype), N: attr.int(parts.length), Tidx: attr.type('int32') };
  return g.single('ConcatV2', [...parts, g.ints([shape.length - 1], [])], attributes, { shape, dtype });
}
