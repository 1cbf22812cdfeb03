/** The forms in which TensorFlow can be asked for a grouped 3x3 convolution and both its gradients. */
import { type Attributes, attr, type GraphBuilder, type Tensor } from '../../src/graph/builder.ts';
import { groupedConv2d, groupedForms } from '../../src/graph/operations/grouped-convolution.ts';
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
  engine: (g, x, filter, a) => taped(g, groupedConv2d, x, filter, { ...a, padding: 'symmetric' }),
  split: (g, x, filter, a) =>
    taped(g, { ...groupedConv2d, ...groupedForms.split }, x, filter, { ...a, padding: 'symmetric' }),
  block: (g, x, filter, a) =>
    taped(g, { ...groupedConv2d, ...groupedForms.block }, x, filter, { ...a, padding: 'symmetric' }),

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
