import { type Attributes, attr, type Shape, type Tensor } from '../builder.ts';
import type { Operation } from '../tape.ts';
import { shapeOf } from './convolution.ts';

export interface PoolAttributes {
  readonly kernel: number;
  readonly stride: number;
}

/** Windows that lie wholly inside the image. */
const poolShape = ([x]: readonly Shape[], { kernel, stride }: PoolAttributes): Shape => {
  const [n, h, w, c] = x as [number, number, number, number];
  const size = (s: number) => (s < 0 ? -1 : Math.floor((s - kernel) / stride) + 1);
  if (size(h) === 0 || size(w) === 0) throw new Error(`pool: a ${kernel} x ${kernel} window on ${h} x ${w}`);
  return [n, size(h), size(w), c];
};

const poolAttributes = ({ kernel, stride }: PoolAttributes): Attributes => ({
  ksize: attr.ints([1, kernel, kernel, 1]),
  strides: attr.ints([1, stride, stride, 1]),
  padding: attr.text('VALID'),
  data_format: attr.text('NHWC'),
});

export const maxPool: Operation<PoolAttributes> = {
  shape: poolShape,
  forward: (g, [x], a, shape) => ({ output: g.like('MaxPool', [x as Tensor], poolAttributes(a), shape) }),
  gradient: (g, { inputs: [x], attributes, output }, dy) => [
    g.like('MaxPoolGrad', [x as Tensor, output, dy], poolAttributes(attributes)),
  ],
};

export const averagePool: Operation<PoolAttributes> = {
  shape: poolShape,
  forward: (g, [x], a, shape) => ({ output: g.like('AvgPool', [x as Tensor], poolAttributes(a), shape) }),
  gradient: (g, { inputs: [x], attributes }, dy) => {
    const image = x as Tensor;
    const all = { T: attr.type(image.dtype), ...poolAttributes(attributes) };
    return [g.single('AvgPoolGrad', [shapeOf(g, image), dy], all, image)];
  },
};

/** Mean over height and width: [n, h, w, c] -> [n, c], or [n, 1, 1, c] with `keep`. */
export const globalPool: Operation<{ readonly keep: boolean }> = {
  shape: ([x], { keep }) => {
    const [n, , , c] = x as [number, number, number, number];
    return keep ? [n, 1, 1, c] : [n, c];
  },
  forward: (g, [x], { keep }, shape) => {
    const { dtype } = x as Tensor;
    const attributes = { T: attr.type(dtype), Tidx: attr.type('int32'), keep_dims: attr.bool(keep) };
    return { output: g.single('Mean', [x as Tensor, g.ints([1, 2])], attributes, { shape, dtype }) };
  },
  gradient: (g, { inputs: [x] }, dy) => {
    const image = x as Tensor;
    const [, h, w, c] = image.shape as [number, number, number, number];
    if (h < 0 || w < 0) throw new Error('globalPool: the gradient needs a known height and width');
    const small = g.like('Mul', [g.reshape(dy, [-1, 1, 1, c]), g.cast(g.scalar(1 / (h * w)), dy.dtype)]);
    return [
      g.single('BroadcastTo', [small, shapeOf(g, image)], { T: attr.type(dy.dtype), Tidx: attr.type('int32') }, image),
    ];
  },
};
