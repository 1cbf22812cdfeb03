import { attr, type GraphBuilder, type Shape, type Tensor } from '../builder.ts';
import type { Application, Forward, Operation } from '../tape.ts';

export interface BatchNormAttributes {
  readonly epsilon: number;
  /** Share of the batch's statistics taken into the running ones. */
  readonly momentum: number;
}

/** Running mean and variance of a batch norm, [channels] each. */
export interface RunningStatistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** What follows a batch norm, and its residual if there is one. */
export type Following = 'none' | 'relu' | 'relu6';

interface TrainingAttributes extends BatchNormAttributes, RunningStatistics {
  readonly activation: Following;
  /** Called with the new running statistics, once. */
  readonly update: (statistics: RunningStatistics) => void;
}

function fused(
  g: GraphBuilder,
  x: Tensor,
  scale: Tensor,
  offset: Tensor,
  r: RunningStatistics,
  a: BatchNormAttributes,
  training: boolean,
) {
  const vector = vectorLike(scale);
  const attributes = {
    T: attr.type(x.dtype),
    U: attr.type('float32'),
    epsilon: attr.float(a.epsilon),
    exponential_avg_factor: attr.float(training ? a.momentum : 1),
    data_format: attr.text('NHWC'),
    is_training: attr.bool(training),
  };
  return g.node('FusedBatchNormV3', [x, scale, offset, r.mean, r.variance], attributes, [
    x,
    vector,
    vector,
    vector,
    vector,
    vector,
  ]);
}

const sameShape = ([x, scale, , residual = x]: readonly Shape[]): Shape => {
  if (x?.at(-1) !== scale?.[0]) throw new Error(`batchNorm: ${x?.at(-1)} channels, scale of ${scale?.[0]}`);
  if (x?.join() !== residual?.join())
    throw new Error(`batchNorm: input [${x?.join()}], residual [${residual?.join()}]`);
  return x as Shape;
};

const usesOwn = (g: GraphBuilder, x: Tensor): boolean =>
  g.kernels.batchNorm && (x.dtype === 'float32' || x.dtype === 'bfloat16');

const vectorLike = (scale: Tensor) => ({ shape: scale.shape, dtype: 'float32' }) as const;

/** Statistics, normalisation, addition and activation in one node; saved: mean and one over the deviation. */
function ownForward(g: GraphBuilder, inputs: readonly Tensor[], a: TrainingAttributes): Forward {
  const [x, scale, offset, ...residual] = inputs as [Tensor, Tensor, Tensor, ...Tensor[]];
  const attributes = {
    T: attr.type(x.dtype),
    N: attr.int(residual.length),
    epsilon: attr.float(a.epsilon),
    momentum: attr.float(a.momentum),
    activation: attr.text(a.activation),
  };
  const vector = vectorLike(scale);
  const taken = [x, scale, offset, a.mean, a.variance, ...residual];
  const [y, mean, variance, ...saved] = g.node('NasoaBatchNorm', taken, attributes, [
    x,
    vector,
    vector,
    vector,
    vector,
  ]);
  a.update({ mean: mean as Tensor, variance: variance as Tensor });
  return { output: y as Tensor, saved };
}

function ownGradient(g: GraphBuilder, application: Application<TrainingAttributes>, dy: Tensor): readonly Tensor[] {
  const { inputs, attributes: a, output, saved } = application;
  const [x, scale, offset, residual] = inputs as [Tensor, Tensor, Tensor, Tensor?];
  // a residual that nothing clips has the gradient dy itself
  const masks = residual && a.activation !== 'none' ? [output] : [];
  const vector = vectorLike(scale);
  const gradients = g.node(
    'NasoaBatchNormGradient',
    [dy, x, scale, offset, ...saved, ...masks],
    { T: attr.type(x.dtype), N: attr.int(masks.length), activation: attr.text(a.activation) },
    [x, vector, vector, ...masks],
  );
  return residual && masks.length === 0 ? [...gradients, dy] : gradients;
}

/** The same of TensorFlow's own nodes, which it fuses as far as it can. Saved: what the kernel keeps for its gradient. */
function standardForward(g: GraphBuilder, inputs: readonly Tensor[], a: TrainingAttributes): Forward {
  const [x, scale, offset, residual] = inputs as [Tensor, Tensor, Tensor, Tensor?];
  const [normalised, mean, variance, ...saved] = fused(g, x, scale, offset, a, a, true);
  a.update({ mean: mean as Tensor, variance: variance as Tensor });
  const sum = residual ? g.like('AddV2', [normalised as Tensor, residual]) : (normalised as Tensor);
  const output = a.activation === 'none' ? sum : g.like(a.activation === 'relu' ? 'Relu' : 'Relu6', [sum]);
  return { output, saved };
}

function standardGradient(
  g: GraphBuilder,
  application: Application<TrainingAttributes>,
  dy: Tensor,
): readonly Tensor[] {
  const { inputs, attributes: a, output, saved } = application;
  const [x, scale, , residual] = inputs as [Tensor, Tensor, Tensor, Tensor?];
  const behind =
    a.activation === 'none' ? dy : g.like(a.activation === 'relu' ? 'ReluGrad' : 'Relu6Grad', [dy, output]);
  const attributes = {
    T: attr.type(x.dtype),
    U: attr.type('float32'),
    epsilon: attr.float(a.epsilon),
    data_format: attr.text('NHWC'),
    is_training: attr.bool(true),
  };
  const vector = vectorLike(scale);
  const outputs = [x, vector, vector, vector, vector];
  const gradients = g.node('FusedBatchNormGradV3', [behind, x, scale, ...saved], attributes, outputs).slice(0, 3);
  return residual ? [...gradients, behind] : gradients;
}

/**
 * activation(batch norm of x + residual) over the batch's own statistics: biased variance to normalise, unbiased into the
 * running one, as PyTorch does. Inputs x [n, h, w, c], scale [c], offset [c], and a residual like x where there is one.
 * One operation, because memory traffic is what these cost, and in one kernel the activations pass through once.
 */
export const batchNorm: Operation<TrainingAttributes> = {
  shape: sameShape,
  forward: (g, inputs, a) => (usesOwn(g, inputs[0] as Tensor) ? ownForward : standardForward)(g, inputs, a),
  gradient: (g, application, dy) => (usesOwn(g, dy) ? ownGradient : standardGradient)(g, application, dy),
};

/**
 * Batch norm over fixed statistics: one multiplication and one addition a channel.
 * Inputs x [n, h, w, c], scale [c], offset [c]; x alone has a gradient, since what is frozen is not trained.
 */
export const frozenBatchNorm: Operation<BatchNormAttributes & RunningStatistics> = {
  shape: sameShape,
  forward: (g, [x, scale, offset], a) => {
    const deviation = g.like('Rsqrt', [g.like('AddV2', [a.variance, g.scalar(a.epsilon)])]);
    const factor = g.like('Mul', [scale as Tensor, deviation]);
    const [y] = fused(g, x as Tensor, scale as Tensor, offset as Tensor, a, a, false);
    return { output: y as Tensor, saved: [factor] };
  },
  gradient: (g, { inputs: [x], saved: [factor] }, dy) => [
    g.like('Mul', [dy, g.cast(factor as Tensor, (x as Tensor).dtype)]),
  ],
};
