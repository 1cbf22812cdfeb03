/** The forms in which TensorFlow can be asked for a grouped 3x3 convolution and both its gradients. */
import { type Attributes, attr, type GraphBuilder, type Tensor } from '../../src/graph/builder.ts';
import { conv2d, groupedConv2d } from '../../src/graph/operations/convolution.ts';
import { type Operation, Tape } from '../../src/graph/tape.ts';

interface Grouped {
  readonly stride: number;
  readonly groups: number;
}

/** The output, and the gradients of the input and of the filter where the output itself is the incoming gradient. */
export interface Outputs {
  readonly y: Tensor;
  readonly dx: Tensor;
  readonly df: Tensor;
}

/** x [n, h, w, c], filter [3, 3, c / groups, out] with the output channels of each group side by side. */
export type Form = (g: GraphBuilder, x: Tensor, filter: Tensor, a: Grouped) => Outputs;

export const forms = {
  /** What the engine does: split, convolve, concatenate. */
  split: (g, x, filter, { stride, groups }) =>
    taped(g, groupedConv2d, x, filter, { stride, groups, padding: 'symmetric' }),

  /** The convolution kernels themselves take a filter of fewer channels than the input; their gradients do not always. */
  native: (g, x, filter, { stride }) => {
    const attributes = { T: attr.type(x.dtype), ...windowOf(stride) };
    const [n, h, w] = x.shape as [number, number, number];
    const shape = [n, Math.ceil(h / stride), Math.ceil(w / stride), filter.shape[3] as number];
    const y = g.like('Conv2D', [x, filter], attributes, shape);
    const dx = g.single('Conv2DBackpropInput', [g.ints(x.shape), filter, y], attributes, x);
    const df = g.single('Conv2DBackpropFilter', [x, g.ints(filter.shape), y], attributes, filter);
    return { y, dx, df };
  },

  /** A dense convolution whose filter is zero off the blocks of its diagonal, made anew in each step. */
  block: (g, x, filter, { stride, groups }) => {
    const [, , perGroup, out] = filter.shape as [number, number, number, number];
    const whole = [3, 3, perGroup * groups, out];
    const mask = g.floats(blockMask(perGroup, out, groups), whole);
    const copies = g.single(
      'Tile',
      [filter, g.ints([1, 1, groups, 1])],
      { T: attr.type(filter.dtype), Tmultiples: attr.type('int32') },
      { shape: whole, dtype: filter.dtype },
    );
    const { y, dx, df } = taped(g, conv2d, x, g.like('Mul', [copies, mask]), { stride, padding: 'symmetric' });
    // each entry of the filter lies in one block: summing the rows of blocks takes the zeros with them
    const rows = g.reshape(g.like('Mul', [df, mask]), [3, 3, groups, perGroup, out]);
    return { y, dx, df: sum(g, rows, [2], filter.shape) };
  },
} as const satisfies Record<string, Form>;
export type FormName = keyof typeof forms;
export const formNames = Object.keys(forms) as readonly FormName[];

function taped<A>(g: GraphBuilder, operation: Operation<A>, x: Tensor, filter: Tensor, attributes: A): Outputs {
  const tape = new Tape(g);
  const y = tape.apply(operation, [x, filter], attributes);
  const [dx, df] = tape.gradients(y, [x, filter], y);
  if (!dx || !df) throw new Error('a convolution has two gradients');
  return { y, dx, df };
}

/** PyTorch's padding of a 3x3 window, as the engine's own convolutions have it. */
function windowOf(stride: number): Attributes {
  const common = {
    strides: attr.ints([1, stride, stride, 1]),
    dilations: attr.ints([1, 1, 1, 1]),
    data_format: attr.text('NHWC'),
  };
  if (stride === 1) return { ...common, padding: attr.text('SAME') };
  return { ...common, padding: attr.text('EXPLICIT'), explicit_paddings: attr.ints([0, 0, 1, 1, 1, 1, 0, 0]) };
}

/** [3, 3, perGroup * groups, out]: 1 where input and output channel are of one group. */
function blockMask(perGroup: number, out: number, groups: number): Float32Array {
  const channels = perGroup * groups;
  return Float32Array.from({ length: 9 * channels * out }, (_, i) => {
    const [from, to] = [Math.floor(i / out) % channels, i % out];
    return Math.floor(from / perGroup) === Math.floor(to / (out / groups)) ? 1 : 0;
  });
}

export const sum = (g: GraphBuilder, x: Tensor, axes: readonly number[], shape: readonly number[]): Tensor =>
  g.single(
    'Sum',
    [x, g.ints(axes)],
    { T: attr.type(x.dtype), Tidx: attr.type('int32'), keep_dims: attr.bool(false) },
    { shape, dtype: x.dtype },
  );
