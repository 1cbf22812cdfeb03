import { attr, type DataType, type GraphBuilder, type Shape, type Tensor } from '../builder.ts';
import type { Operation } from '../tape.ts';

type Plain = Readonly<Record<string, never>>;

const sameAsFirst = (inputs: readonly Shape[]): Shape => inputs[0] as Shape;

export const relu: Operation<Plain> = {
  shape: sameAsFirst,
  forward: (g, [x]) => ({ output: g.like('Relu', [x as Tensor]) }),
  gradient: (g, { output }, dy) => [g.like('ReluGrad', [dy, output])],
};

export const relu6: Operation<Plain> = {
  shape: sameAsFirst,
  forward: (g, [x]) => ({ output: g.like('Relu6', [x as Tensor]) }),
  gradient: (g, { output }, dy) => [g.like('Relu6Grad', [dy, output])],
};

export const sigmoid: Operation<Plain> = {
  shape: sameAsFirst,
  forward: (g, [x]) => ({ output: g.like('Sigmoid', [x as Tensor]) }),
  gradient: (g, { output }, dy) => [g.like('SigmoidGrad', [output, dy])],
};

/** x * sigmoid(x). */
export const swish: Operation<Plain> = {
  shape: sameAsFirst,
  forward: (g, [x]) => {
    const s = g.like('Sigmoid', [x as Tensor]);
    return { output: g.like('Mul', [x as Tensor, s]), saved: [s] };
  },
  // d/dx x s(x) = s + y (1 - s), with y the output
  gradient: (g, { output, saved: [s] }, dy) => {
    const gate = s as Tensor;
    const rest = g.like('Sub', [output, g.like('Mul', [output, gate])]);
    return [g.like('Mul', [dy, g.like('AddV2', [gate, rest])])];
  },
};

export const add: Operation<Plain> = {
  shape: ([a, b]) => {
    if (a?.join() !== b?.join()) throw new Error(`add: shapes [${a?.join()}] and [${b?.join()}]`);
    return a as Shape;
  },
  forward: (g, [a, b]) => ({ output: g.like('AddV2', [a as Tensor, b as Tensor]) }),
  gradient: (_g, _application, dy) => [dy, dy],
};

/** x [n, h, w, c] times gate [n, c] or [n, 1, 1, c] (squeeze-excite), or two tensors of one shape. */
export const multiply: Operation<Plain> = {
  shape: ([x, gate]) => {
    const wide = gate && gateShape(x as Shape, gate);
    const fits = x?.length === wide?.length && (wide ?? []).every((size, i) => size === 1 || size === x?.[i]);
    if (!fits) throw new Error(`multiply: shapes [${x?.join()}] and [${gate?.join()}]`);
    return x as Shape;
  },
  forward: (g, [x, gate]) => {
    const wide = widened(g, x as Tensor, gate as Tensor);
    return { output: g.like('Mul', [x as Tensor, wide]), saved: [wide] };
  },
  gradient: (g, { inputs: [x, gate], saved: [wide], needs }, dy) => {
    const taken = gate as Tensor;
    const gateGradient = (): Tensor => {
      const sum = sumToShape(g, g.like('Mul', [dy, x as Tensor]), (wide as Tensor).shape);
      return sum.shape.length === taken.shape.length ? sum : g.reshape(sum, taken.shape);
    };
    return [needs[0] ? g.like('Mul', [dy, wide as Tensor]) : undefined, needs[1] ? gateGradient() : undefined];
  },
};

const gateShape = (x: Shape, gate: Shape): Shape =>
  x.length === 4 && gate.length === 2 ? [gate[0] as number, 1, 1, gate[1] as number] : gate;

const widened = (g: GraphBuilder, x: Tensor, gate: Tensor): Tensor => {
  const shape = gateShape(x.shape, gate.shape);
  return shape === gate.shape ? gate : g.reshape(gate, shape);
};

function sumToShape(g: GraphBuilder, x: Tensor, shape: Shape): Tensor {
  const axes = shape.flatMap((size, i) => (size === 1 && x.shape[i] !== 1 ? [i] : []));
  if (axes.length === 0) return x;
  const attributes = { T: attr.type(x.dtype), Tidx: attr.type('int32'), keep_dims: attr.bool(true) };
  return g.single('Sum', [x, g.ints(axes)], attributes, { shape, dtype: x.dtype });
}

/** Tensors of one height and width, side by side along the channels. */
export const concat: Operation<Plain> = {
  shape: (inputs) => {
    const first = inputs[0] as Shape;
    const fits = inputs.every((s) => s.slice(0, -1).join() === first.slice(0, -1).join());
    if (!fits) throw new Error(`concat: shapes ${inputs.map((s) => `[${s.join()}]`).join(', ')}`);
    return [...first.slice(0, -1), inputs.reduce((sum, s) => sum + (s.at(-1) as number), 0)];
  },
  forward: (g, inputs, _a, shape) => {
    const dtype = (inputs[0] as Tensor).dtype;
    const attributes = { T: attr.type(dtype), N: attr.int(inputs.length), Tidx: attr.type('int32') };
    return { output: g.single('ConcatV2', [...inputs, g.ints([shape.length - 1], [])], attributes, { shape, dtype }) };
  },
  gradient: (g, { inputs }, dy) => {
    const sizes = g.ints(inputs.map((t) => t.shape.at(-1) as number));
    const attributes = { T: attr.type(dy.dtype), num_split: attr.int(inputs.length), Tlen: attr.type('int32') };
    return g.node('SplitV', [dy, sizes, g.ints([dy.shape.length - 1], [])], attributes, inputs);
  },
};

/** Zeros around height and width: [[top, bottom], [left, right]]. */
export const pad: Operation<{ readonly rows: readonly [number, number]; readonly columns: readonly [number, number] }> =
  {
    shape: ([x], { rows, columns }) => {
      const [n, h, w, c] = x as [number, number, number, number];
      return [n, h < 0 ? -1 : h + rows[0] + rows[1], w < 0 ? -1 : w + columns[0] + columns[1], c];
    },
    forward: (g, [x], { rows, columns }, shape) => {
      const image = x as Tensor;
      const attributes = { T: attr.type(image.dtype), Tpaddings: attr.type('int32') };
      const paddings = g.ints([0, 0, ...rows, ...columns, 0, 0], [4, 2]);
      return { output: g.single('Pad', [image, paddings], attributes, { shape, dtype: image.dtype }) };
    },
    gradient: (g, { inputs: [x], attributes: { rows, columns } }, dy) => {
      const { shape, dtype } = x as Tensor;
      const attributes = { T: attr.type(dtype), Index: attr.type('int32') };
      // a size of -1 takes all that is left of the axis, which is right for the batch alone
      const sizes = g.ints([-1, shape[1] as number, shape[2] as number, shape[3] as number]);
      return [g.single('Slice', [dy, g.ints([0, rows[0], columns[0], 0]), sizes], attributes, { shape, dtype })];
    },
  };

export const cast: Operation<{ readonly dtype: DataType }> = {
  shape: sameAsFirst,
  forward: (g, [x], { dtype }) => ({ output: g.cast(x as Tensor, dtype) }),
  gradient: (g, { inputs: [x] }, dy) => [g.cast(dy, (x as Tensor).dtype)],
};

/**
 * Zeroes a share `rate` of the values and scales the others up. `seed` is an int32 tensor [2] fed at each step, so that
 * a resumed run draws the same numbers as an uninterrupted one.
 */
export const dropout: Operation<{ readonly rate: number; readonly seed: Tensor }> = {
  shape: sameAsFirst,
  forward: (g, [x], { rate, seed }) => {
    const value = x as Tensor;
    const draw = { dtype: attr.type('float32'), T: attr.type('int32'), Tseed: attr.type('int32') };
    const uniform = g.single('StatelessRandomUniform', [g.ints(value.shape), seed], draw, {
      shape: value.shape,
      dtype: 'float32',
    });
    const kept = g.single(
      'GreaterEqual',
      [uniform, g.scalar(rate)],
      { T: attr.type('float32') },
      { shape: value.shape, dtype: 'bool' },
    );
    const mask = g.like('Mul', [g.cast(kept, value.dtype), g.cast(g.scalar(1 / (1 - rate)), value.dtype)]);
    return { output: g.like('Mul', [value, mask]), saved: [mask] };
  },
  gradient: (g, { saved: [mask] }, dy) => [g.like('Mul', [dy, mask as Tensor])],
};
