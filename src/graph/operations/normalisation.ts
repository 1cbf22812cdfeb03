import { attr, type GraphBuilder, type Shape, type Tensor } from '../builder.ts';
import type { Operation } from '../tape.ts';

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

interface TrainingAttributes extends BatchNormAttributes, RunningStatistics {
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
  const vector = { shape: scale.shape, dtype: 'float32' } as const;
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

const sameShape = ([x, scale]: readonly Shape[]): Shape => {
  if (x?.at(-1) !== scale?.[0]) throw new Error(`batchNorm: ${x?.at(-1)} channels, scale of ${scale?.[0]}`);
  return x as Shape;
};

/**
 * Batch norm over the batch's own statistics: biased variance to normalise, unbiased into the running one, as PyTorch
 * does and as the kernel's fourth and fifth inputs allow in the same pass. Inputs x [n, h, w, c], scale [c], offset [c].
 */
export const batchNorm: Operation<TrainingAttributes> = {
  shape: sameShape,
  forward: (g, [x, scale, offset], a) => {
    const [y, mean, variance, ...reserve] = fused(g, x as Tensor, scale as Tensor, offset as Tensor, a, a, true);
    a.update({ mean: mean as Tensor, variance: variance as Tensor });
    return { output: y as Tensor, saved: reserve };
  },
  gradient: (g, { inputs: [x, scale], attributes: a, saved }, dy) => {
    const image = x as Tensor;
    const vector = { shape: (scale as Tensor).shape, dtype: 'float32' } as const;
    const attributes = {
      T: attr.type(image.dtype),
      U: attr.type('float32'),
      epsilon: attr.float(a.epsilon),
      data_format: attr.text('NHWC'),
      is_training: attr.bool(true),
    };
    const outputs = [image, vector, vector, vector, vector];
    return g.node('FusedBatchNormGradV3', [dy, image, scale as Tensor, ...saved], attributes, outputs).slice(0, 3);
  },
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
