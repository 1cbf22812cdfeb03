import { attr, type GraphBuilder, type Tensor } from '../builder.ts';
import type { Operation } from '../tape.ts';

/**
 * Mean softmax cross entropy of logits [n, classes] against soft targets [n, classes] whose rows sum to 1; with label
 * smoothing s the targets become (1 - s) t + s / classes (Szegedy et al., CVPR 2016, section 7). Scalar, float32.
 */
export const softmaxCrossEntropy: Operation<{ readonly labelSmoothing: number }> = {
  shape: ([logits, targets]) => {
    if (logits?.join() !== targets?.join())
      throw new Error(`loss: logits [${logits?.join()}], targets [${targets?.join()}]`);
    return [];
  },
  forward: (g, [logits, targets], { labelSmoothing }) => {
    const scores = logits as Tensor;
    const smoothed = smooth(g, targets as Tensor, labelSmoothing);
    const rows = { shape: [scores.shape[0] as number], dtype: 'float32' } as const;
    const [losses, gradient] = g.node(
      'SoftmaxCrossEntropyWithLogits',
      [scores, smoothed],
      { T: attr.type('float32') },
      [rows, scores],
    );
    const attributes = { T: attr.type('float32'), Tidx: attr.type('int32'), keep_dims: attr.bool(false) };
    const output = g.single('Mean', [losses as Tensor, g.ints([0])], attributes, { shape: [], dtype: 'float32' });
    return { output, saved: [gradient as Tensor] };
  },
  gradient: (g, { inputs: [logits], saved: [gradient] }, dy) => {
    const rows = (logits as Tensor).shape[0] as number;
    return [g.like('Mul', [gradient as Tensor, g.like('Mul', [dy, g.scalar(1 / rows)])])];
  },
};

function smooth(g: GraphBuilder, targets: Tensor, s: number): Tensor {
  if (s === 0) return targets;
  const classes = targets.shape[1] as number;
  return g.like('AddV2', [g.like('Mul', [targets, g.scalar(1 - s)]), g.scalar(s / classes)]);
}

/** Half the sum of squares: a penalty on a weight. Scalar. */
export const l2: Operation<Readonly<Record<string, never>>> = {
  shape: () => [],
  forward: (g, [x]) => ({ output: g.like('L2Loss', [x as Tensor], {}, []) }),
  gradient: (g, { inputs: [x] }, dy) => [g.like('Mul', [x as Tensor, dy])],
};
