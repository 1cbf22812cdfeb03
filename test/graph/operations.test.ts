import { describe, expect, test } from '@jest/globals';
import type { GraphBuilder, Shape, Tensor } from '../../src/graph/builder.ts';
import { type OperationName, operations } from '../../src/graph/operations/table.ts';
import { Tape } from '../../src/graph/tape.ts';
import { normal, openGraph, runGraph } from '../support/graphs.ts';

/** One way to apply an operation; `differentiable` inputs come first. */
interface Case {
  readonly shapes: readonly Shape[];
  readonly differentiable: number;
  readonly apply: (tape: Tape, inputs: readonly Tensor[]) => Tensor;
  /** Makes the values of an input fit, for instance positive, or away from a kink. */
  readonly values?: (values: Float32Array, input: number) => Float32Array;
  /** Step of the central differences; 0.002 unless given. */
  readonly step?: number;
}

const image: Shape = [2, 6, 6, 4];
const conv = (stride: number, padding: 'symmetric' | 'same', kernel = 3, size = 6): Case => ({
  shapes: [
    [2, size, size, 4],
    [kernel, kernel, 4, 6],
  ],
  differentiable: 2,
  apply: (tape, x) => tape.apply(operations.conv2d, x, { stride, padding }),
});
const grouped = (stride: number, groups: number): Case => ({
  shapes: [image, [3, 3, 4 / groups, 8]],
  differentiable: 2,
  apply: (tape, x) => tape.apply(operations.groupedConv2d, x, { stride, padding: 'symmetric', groups }),
});
const depthwise = (stride: number, multiplier: number): Case => ({
  shapes: [image, [3, 3, 4, multiplier]],
  differentiable: 2,
  apply: (tape, x) => tape.apply(operations.depthwiseConv2d, x, { stride, padding: 'symmetric' }),
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
const vector: Shape = [4];

const cases: Readonly<Record<OperationName, Readonly<Record<string, Case>>>> = {
  conv2d: {
    '3x3': conv(1, 'symmetric'),
    '3x3 at stride 2 on an even size': conv(2, 'symmetric'),
    '3x3 at stride 2 on an odd size': conv(2, 'symmetric', 3, 7),
    '1x1 at stride 2': conv(2, 'symmetric', 1),
    '5x5 at stride 2, padded as TensorFlow does': conv(2, 'same', 5),
  },
  groupedConv2d: { '2 groups': grouped(1, 2), '4 groups at stride 2': grouped(2, 4) },
  depthwiseConv2d: {
    'one filter a channel': depthwise(1, 1),
    'one filter a channel at stride 2': depthwise(2, 1),
    'two filters a channel': depthwise(1, 2),
  },
  batchNorm: {
    'over the batch': {
      shapes: [image, vector, vector, vector, vector],
      differentiable: 3,
      apply: (tape, [x, scale, offset, mean, variance]) => {
        const statistics = { mean: mean as Tensor, variance: variance as Tensor };
        const attributes = { epsilon: 1e-3, momentum: 0.1, ...statistics, update: () => {} };
        return tape.apply(operations.batchNorm, [x as Tensor, scale as Tensor, offset as Tensor], attributes);
      },
      values: positive,
    },
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

/** The output of the operation, and the gradients of its product with fixed weights. */
function build(c: Case, weights: Float32Array, shape: Shape) {
  return (g: GraphBuilder, inputs: readonly Tensor[]) => {
    const tape = new Tape(g);
    const output = c.apply(tape, inputs);
    const flat = g.reshape(g.cast(output, 'float32'), [1, -1]);
    const weighted = g.like('MatMul', [flat, g.floats(weights, [weights.length, 1])], {}, [1, 1]);
    const dy = g.cast(g.reshape(g.floats(weights, [weights.length]), shape), output.dtype);
    return [weighted, ...(tape.gradients(output, inputs.slice(0, c.differentiable), dy) as Tensor[])];
  };
}

describe.each(Object.keys(operations) as OperationName[])('%s', (name) => {
  test.each(Object.entries(cases[name]))('%s has the gradient that finite differences show', async (_name, c) => {
    const values = c.shapes.map((shape, i) => (c.values ?? ((v: Float32Array) => v))(normal(shape, 7 + i), i));
    let shape: Shape = [];
    await runGraph(
      c.shapes.map((s, i) => ({ shape: s, data: values[i] as Float32Array })),
      (g, inputs) => {
        const output = c.apply(new Tape(g), inputs);
        shape = output.shape;
        return [output];
      },
    );
    const { step: h = 2e-3 } = c;
    const weights = normal(shape, 99);
    const runner = await openGraph(c.shapes, build(c, weights, shape));
    const [, ...gradients] = runner.run(values);
    expect(gradients).toHaveLength(c.differentiable);
    for (const [i, gradient] of gradients.entries()) {
      expect(gradient).toHaveLength((values[i] as Float32Array).length);
      for (const direction of [normal(c.shapes[i] as Shape, 50), normal(c.shapes[i] as Shape, 51)]) {
        const along = gradient.reduce((sum, v, k) => sum + v * (direction[k] as number), 0);
        const [up, down] = [h, -h].map((step) => {
          const moved = values.map((v, k) => (k === i ? v.map((x, j) => x + step * (direction[j] as number)) : v));
          return runner.run(moved)[0]?.[0] as number;
        }) as [number, number];
        const scale = Math.max(1, Math.sqrt(gradient.reduce((sum, v) => sum + v * v, 0)));
        expect(Math.abs((up - down) / (2 * h) - along) / scale).toBeLessThan(0.02);
      }
    }
    runner.close();
  });
});
