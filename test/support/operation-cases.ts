/** Ways to apply each operation, on small tensors. */
import type { Shape, Tensor } from '../../src/graph/builder.ts';
import type { Following } from '../../src/graph/operations/normalisation.ts';
import { type OperationName, operations } from '../../src/graph/operations/table.ts';
import type { Tape } from '../../src/graph/tape.ts';

/** One way to apply an operation; `differentiable` inputs come first. */
export interface Case {
  readonly shapes: readonly Shape[];
  readonly differentiable: number;
  readonly apply: (tape: Tape, inputs: readonly Tensor[]) => Tensor;
  /** Makes the values of an input fit, for instance positive, or away from a kink. */
  readonly values?: (values: Float32Array, input: number) => Float32Array;
  /** Step of the central differences; 0.002 unless given. */
  readonly step?: number;
}

const image: Shape = [2, 6, 6, 4];
const vector: Shape = [4];
const conv = (
  stride: number,
  padding: 'symmetric' | 'same',
  kernel = 3,
  size = 6,
  [inputs, outputs] = [4, 6],
): Case => ({
  shapes: [
    [2, size, size, inputs],
    [kernel, kernel, inputs, outputs],
  ],
  differentiable: 2,
  apply: (tape, x) => tape.apply(operations.conv2d, x, { stride, padding }),
});
const grouped = (stride: number, groups: number, [inputs, outputs] = [4, 8]): Case => ({
  shapes: [
    [2, 6, 6, inputs],
    [3, 3, inputs / groups, outputs],
  ],
  differentiable: 2,
  apply: (tape, x) => tape.apply(operations.groupedConv2d, x, { stride, padding: 'symmetric', groups }),
});
const depthwise = (
  stride: number,
  multiplier: number,
  kernel = 3,
  [size, channels]: readonly [number, number] = [6, 4],
  padding: 'symmetric' | 'same' = 'symmetric',
): Case => ({
  shapes: [
    [2, size, size, channels],
    [kernel, kernel, channels, multiplier],
  ],
  differentiable: 2,
  apply: (tape, x) => tape.apply(operations.depthwiseConv2d, x, { stride, padding }),
});
/** Values at least 0.2 away from the kinks at 0 and 6, where no derivative exists. */
const awayFromKinks = (values: Float32Array) =>
  values.map((v) => (v + 0.2 * Math.sign(v)) * 4 + (Math.abs(v * 4 + 0.8 * Math.sign(v) - 6) < 0.2 ? 1 : 0));
const unary = (name: 'relu' | 'relu6' | 'swish' | 'sigmoid'): Case => ({
  shapes: [image],
  differentiable: 1,
  apply: (tape, x) => tape.apply(operations[name], x, {}),
  ...(name.startsWith('relu') ? { values: awayFromKinks } : {}),
});
const positive = (values: Float32Array, input: number) => (input < 3 ? values : values.map((v) => Math.abs(v) + 0.5));
/** Batch norm, its inputs such that some values are clipped at either end and none lies near a kink. */
const norm = (activation: Following, hasResidual: boolean): Case => ({
  shapes: [image, vector, vector, ...(hasResidual ? [image] : []), vector, vector],
  differentiable: hasResidual ? 4 : 3,
  apply: (tape, inputs) => {
    const [mean, variance] = inputs.slice(-2) as [Tensor, Tensor];
    const attributes = { epsilon: 1e-3, momentum: 0.1, mean, variance, activation, update: () => {} };
    return tape.apply(operations.batchNorm, inputs.slice(0, -2), attributes);
  },
  values: (values, input) => {
    if (input === 0) return awayFromKinks(values);
    // wide enough that ReLU6 clips at 6 as well
    if (input === 1) return values.map((v) => Math.abs(v) + 3);
    return values;
  },
  step: 5e-4,
});
const scaled = (shape: Shape, axes: 1 | 2): Case => ({
  shapes: [shape, vector],
  differentiable: 2,
  apply: (tape, x) => tape.apply(operations.scaleChannels, x, { axes }),
});
const biased = (activation: Following, hasResidual: boolean): Case => ({
  shapes: hasResidual ? [image, vector, image] : [image, vector],
  differentiable: hasResidual ? 3 : 2,
  apply: (tape, x) => tape.apply(operations.biasActivation, x, { activation }),
  values: (values, input) => (input === 0 ? awayFromKinks(values) : values.map((v) => 0.01 * v)),
});
const distinct = (values: Float32Array) => values.map((_, i) => ((i * 37) % values.length) * 0.05);
const softTargets = (values: Float32Array, input: number) => {
  if (input === 0) return values;
  const rows = 5;
  const classes = values.length / rows;
  const raw = values.map((v) => Math.abs(v) + 0.1);
  return raw.map(
    (v, i) =>
      v /
      raw.subarray(Math.floor(i / classes) * classes, Math.floor(i / classes + 1) * classes).reduce((a, b) => a + b),
  );
};
const loss = (labelSmoothing: number): Case => ({
  shapes: [
    [5, 7],
    [5, 7],
  ],
  differentiable: 1,
  apply: (tape, x) => tape.apply(operations.softmaxCrossEntropy, x, { labelSmoothing }),
  values: softTargets,
});

export const cases: Readonly<Record<OperationName, Readonly<Record<string, Case>>>> = {
  conv2d: {
    '3x3': conv(1, 'symmetric'),
    '3x3 at stride 2 on an even size': conv(2, 'symmetric'),
    '3x3 at stride 2 on an odd size': conv(2, 'symmetric', 3, 7),
    '1x1 at stride 2': conv(2, 'symmetric', 1),
    '5x5 at stride 2, padded as TensorFlow does': conv(2, 'same', 5),
    '3x3 of many channels': conv(1, 'symmetric', 3, 5, [11, 30]),
    '3x3 of many channels at stride 2': conv(2, 'symmetric', 3, 7, [6, 16]),
    '3x3 of many channels at stride 2 on an even size': conv(2, 'symmetric', 3, 6, [5, 14]),
    '3x3 of many channels at stride 2, padded as TensorFlow does': conv(2, 'same', 3, 6, [6, 16]),
    '1x1 of many channels': conv(1, 'symmetric', 1, 6, [12, 17]),
    '1x1 of many channels at stride 2': conv(2, 'symmetric', 1, 6, [6, 13]),
    '3x3 on images of more pixels than a strip has': conv(1, 'symmetric', 3, 19, [6, 9]),
  },
  groupedConv2d: {
    '2 groups': grouped(1, 2),
    '4 groups at stride 2': grouped(2, 4),
    '2 groups of many channels': grouped(1, 2, [12, 24]),
    '3 groups of many channels at stride 2': grouped(2, 3, [15, 48]),
  },
  depthwiseConv2d: {
    'one filter a channel': depthwise(1, 1),
    'one filter a channel at stride 2': depthwise(2, 1),
    'two filters a channel': depthwise(1, 2),
    '5x5 of many channels on images smaller than it': depthwise(1, 1, 5, [2, 45]),
    '5x5 at stride 2 on an odd size': depthwise(2, 1, 5, [7, 16]),
    '5x5 at stride 2, padded as TensorFlow does': depthwise(2, 1, 5, [6, 8], 'same'),
    '3x3 at stride 2, padded as TensorFlow does': depthwise(2, 1, 3, [6, 40], 'same'),
  },
  batchNorm: {
    'over the batch': norm('none', false),
    'with a residual': norm('none', true),
    'then ReLU': norm('relu', false),
    'with a residual, then ReLU': norm('relu', true),
    'then ReLU6': norm('relu6', false),
    'with a residual, then ReLU6': norm('relu6', true),
  },
  frozenBatchNorm: {
    'over fixed statistics': {
      shapes: [image, vector, vector, vector, vector],
      differentiable: 1,
      apply: (tape, [x, scale, offset, mean, variance]) => {
        const attributes = { epsilon: 1e-3, momentum: 0.1, mean: mean as Tensor, variance: variance as Tensor };
        return tape.apply(operations.frozenBatchNorm, [x as Tensor, scale as Tensor, offset as Tensor], attributes);
      },
      values: positive,
    },
  },
  normFactor: {
    '': {
      shapes: [vector, vector],
      differentiable: 1,
      apply: (tape, [scale, variance]) =>
        tape.apply(operations.normFactor, [scale as Tensor], { variance: variance as Tensor, epsilon: 1e-3 }),
      values: (values, input) => (input === 1 ? values.map((v) => Math.abs(v) + 0.1) : values),
    },
  },
  normShift: {
    '': {
      shapes: [vector, vector, vector],
      differentiable: 2,
      apply: (tape, [offset, factor, mean]) =>
        tape.apply(operations.normShift, [offset as Tensor, factor as Tensor], { mean: mean as Tensor }),
    },
  },
  scaleChannels: {
    'of activations': scaled(image, 1),
    'of a depthwise filter': scaled([3, 3, 2, 2], 2),
  },
  biasActivation: {
    'a bias alone': biased('none', false),
    'with a residual': biased('none', true),
    'then ReLU': biased('relu', false),
    'with a residual, then ReLU6': biased('relu6', true),
  },
  relu: { '': unary('relu') },
  relu6: { '': unary('relu6') },
  swish: { '': unary('swish') },
  sigmoid: { '': unary('sigmoid') },
  multiply: {
    'by a gate a channel': {
      shapes: [image, [2, 1, 1, 4]],
      differentiable: 2,
      apply: (tape, x) => tape.apply(operations.multiply, x, {}),
    },
    'by a pooled gate': {
      shapes: [image, [2, 4]],
      differentiable: 2,
      apply: (tape, x) => tape.apply(operations.multiply, x, {}),
    },
    'of equal shapes': {
      shapes: [image, image],
      differentiable: 2,
      apply: (tape, x) => tape.apply(operations.multiply, x, {}),
    },
  },
  add: { '': { shapes: [image, image], differentiable: 2, apply: (tape, x) => tape.apply(operations.add, x, {}) } },
  concat: {
    'of three widths': {
      shapes: [image, [2, 6, 6, 1], [2, 6, 6, 3]],
      differentiable: 3,
      apply: (tape, x) => tape.apply(operations.concat, x, {}),
    },
  },
  pad: {
    'of uneven borders': {
      shapes: [image],
      differentiable: 1,
      apply: (tape, x) => tape.apply(operations.pad, x, { rows: [0, 2], columns: [1, 3] }),
    },
  },
  cast: {
    'to bfloat16': {
      shapes: [image],
      differentiable: 1,
      apply: (tape, x) => tape.apply(operations.cast, x, { dtype: 'bfloat16' }),
      // bfloat16 keeps eight bits: a small step would drown in its rounding
      step: 0.5,
    },
  },
  maxPool: {
    '3x3 at stride 2': {
      shapes: [image],
      differentiable: 1,
      apply: (tape, x) => tape.apply(operations.maxPool, x, { kernel: 3, stride: 2 }),
      values: distinct,
    },
  },
  averagePool: {
    '2x2 at stride 2': {
      shapes: [image],
      differentiable: 1,
      apply: (tape, x) => tape.apply(operations.averagePool, x, { kernel: 2, stride: 2 }),
    },
  },
  globalPool: {
    'to a vector': {
      shapes: [image],
      differentiable: 1,
      apply: (tape, x) => tape.apply(operations.globalPool, x, { keep: false }),
    },
    'keeping the axes': {
      shapes: [image],
      differentiable: 1,
      apply: (tape, x) => tape.apply(operations.globalPool, x, { keep: true }),
    },
  },
  dense: {
    '': {
      shapes: [[3, 5], [5, 4], [4]],
      differentiable: 3,
      apply: (tape, x) => tape.apply(operations.dense, x, {}),
    },
  },
  dropout: {
    'of a third': {
      shapes: [image],
      differentiable: 1,
      apply: (tape, x) => tape.apply(operations.dropout, x, { rate: 1 / 3, seed: tape.g.ints([3, 4]) }),
    },
  },
  softmaxCrossEntropy: { 'with soft targets': loss(0), 'with label smoothing': loss(0.1) },
  l2: { '': { shapes: [[3, 4]], differentiable: 1, apply: (tape, x) => tape.apply(operations.l2, x, {}) } },
};
