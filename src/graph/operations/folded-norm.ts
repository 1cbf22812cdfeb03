/**
 * The parts of a trained batch norm over fixed statistics: scale and offset become a factor and a shift a channel, which a
 * convolution before it takes up as scaled filter and bias. No pass over the activations is left of it.
 */
import { attr, type Shape, type Tensor } from '../builder.ts';
import type { Operation } from '../tape.ts';
import type { BatchNormAttributes, Following, RunningStatistics } from './normalisation.ts';

const elementsOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);
const sameAsFirst = (inputs: readonly Shape[]): Shape => inputs[0] as Shape;

/** scale / sqrt(variance + epsilon), [channels]. Input scale [channels]. */
export const normFactor: Operation<Pick<BatchNormAttributes & RunningStatistics, 'epsilon' | 'variance'>> = {
  shape: sameAsFirst,
  forward: (g, [scale], { variance, epsilon }) => {
    const over = g.like('Rsqrt', [g.like('AddV2', [variance, g.scalar(epsilon)])]);
    return { output: g.like('Mul', [scale as Tensor, over]), saved: [over] };
  },
  gradient: (g, { saved: [over] }, dy) => [g.like('Mul', [dy, over as Tensor])],
};

/** offset - mean * factor, [channels]. Inputs offset and factor, [channels] each. */
export const normShift: Operation<Pick<RunningStatistics, 'mean'>> = {
  shape: sameAsFirst,
  forward: (g, [offset, factor], { mean }) => ({
    output: g.like('Sub', [offset as Tensor, g.like('Mul', [mean, factor as Tensor])]),
  }),
  gradient: (g, { attributes: { mean } }, dy) => [dy, g.like('Neg', [g.like('Mul', [mean, dy])])],
};

/**
 * x times factor [channels]: a filter's channels, or those of activations. They are the last axis of x, or its last two
 * for a depthwise filter [height, width, channels, filters of each].
 */
export const scaleChannels: Operation<{ readonly axes: 1 | 2 }> = {
  shape: ([x, factor], { axes }) => {
    const channels = elementsOf((x as Shape).slice(-axes));
    if (channels !== factor?.[0]) throw new Error(`scaleChannels: ${channels} channels, factor of ${factor?.[0]}`);
    return x as Shape;
  },
  forward: (g, [x, factor], { axes }) => {
    const { shape, dtype } = x as Tensor;
    const wide = g.cast(g.reshape(factor as Tensor, shape.slice(-axes)), dtype);
    return { output: g.like('Mul', [x as Tensor, wide]), saved: [wide] };
  },
  gradient: (g, { inputs: [x, factor], attributes: { axes }, saved: [wide], needs }, dy) => {
    const ofFactor = (): Tensor => {
      const products = g.cast(g.like('Mul', [dy, x as Tensor]), 'float32');
      const others = products.shape.slice(0, -axes).map((_, axis) => axis);
      const attributes = { T: attr.type('float32'), Tidx: attr.type('int32'), keep_dims: attr.bool(false) };
      const output = { shape: products.shape.slice(-axes), dtype: 'float32' } as const;
      return g.reshape(g.single('Sum', [products, g.ints(others)], attributes, output), (factor as Tensor).shape);
    };
    return [needs[0] ? g.like('Mul', [dy, wide as Tensor]) : undefined, needs[1] ? ofFactor() : undefined];
  },
};

/** activation(x + bias + residual). Inputs x [n, h, w, c], bias [c], and a residual like x where there is one. */
export const biasActivation: Operation<{ readonly activation: Following }> = {
  shape: ([x, bias, residual = x]) => {
    if (x?.at(-1) !== bias?.[0]) throw new Error(`biasActivation: ${x?.at(-1)} channels, bias of ${bias?.[0]}`);
    if (x?.join() !== residual?.join()) {
      throw new Error(`biasActivation: input [${x?.join()}], residual [${residual?.join()}]`);
    }
    return x as Shape;
  },
  forward: (g, [x, bias, residual], { activation }) => {
    const { dtype } = x as Tensor;
    const biased = g.like('BiasAdd', [x as Tensor, g.cast(bias as Tensor, dtype)]);
    const sum = residual ? g.like('AddV2', [biased, residual]) : biased;
    return { output: activation === 'none' ? sum : g.like(activation === 'relu' ? 'Relu' : 'Relu6', [sum]) };
  },
  // the activations' gradients go by the output, so that nothing before it need be kept
  gradient: (g, { inputs: [, bias, residual], attributes: { activation }, output, needs }, dy) => {
    const behind = activation === 'none' ? dy : g.like(activation === 'relu' ? 'ReluGrad' : 'Relu6Grad', [dy, output]);
    const summed = (): Tensor => g.cast(g.like('BiasAddGrad', [behind], {}, (bias as Tensor).shape), 'float32');
    const own = [behind, needs[1] ? summed() : undefined];
    return residual ? [...own, behind] : own;
  },
};
