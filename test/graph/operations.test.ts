import { describe, expect, test } from '@jest/globals';
import {
  type GraphBuilder,
  type KernelChoice,
  portableKernels,
  type Shape,
  type Tensor,
} from '../../src/graph/builder.ts';
import { type OperationName, operations } from '../../src/graph/operations/table.ts';
import { kernelsHere } from '../../src/graph/session.ts';
import { Tape } from '../../src/graph/tape.ts';
import { normal, openGraph, runGraph } from '../support/graphs.ts';
import { type Case, cases } from '../support/operation-cases.ts';

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

const own = await kernelsHere();
const withOurs: KernelChoice = {
  ...portableKernels,
  batchNorm: true,
  filterGradient: true,
  wideDepthwiseGradient: true,
};
const all = Object.keys(operations) as OperationName[];
/** Operations with a kernel of our own. */
const withOwn: readonly OperationName[] = ['batchNorm', 'conv2d', 'groupedConv2d', 'depthwiseConv2d'];
const kernelSets: readonly (readonly [string, KernelChoice, readonly OperationName[]])[] = [
  ["TensorFlow's kernels", portableKernels, all],
  ['dense groups', { ...portableKernels, denseGroups: true }, ['groupedConv2d']],
  // elsewhere they would not even be registered
  ...(own.batchNorm ? [['our own kernels', withOurs, withOwn] as const] : []),
];
const rows = kernelSets.flatMap(([set, kernels, names]) => names.map((name) => [name, set, kernels] as const));

describe.each(rows)('%s on %s', (name, _set, kernels) => {
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
      kernels,
    );
    const { step: h = 2e-3 } = c;
    const weights = normal(shape, 99);
    const runner = await openGraph(c.shapes, build(c, weights, shape), kernels);
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

describe.each(withOwn)('our own %s', (name) => {
  const given = Object.entries(cases[name]);
  test.each(own.batchNorm ? given : [])('%s agrees with TensorFlow in value and gradients', async (_name, c) => {
    const [ours, theirs] = await Promise.all(
      [withOurs, portableKernels].map((kernels) => valueAndGradients(c, kernels)),
    );
    expect(distances(ours as Float32Array[], theirs as Float32Array[]).every((d) => d < 1e-5)).toBe(true);
  });
});

describe('our own batchNorm', () => {
  const given = Object.entries(cases.batchNorm);
  test.each(own.batchNorm ? given : [])(
    '%s is on bfloat16 what it is on float32, but for the rounding',
    async (_name, c) => {
      const [half, full] = await Promise.all(
        (['bfloat16', 'float32'] as const).map((activations) => valueAndGradients(c, withOurs, activations)),
      );
      // eight bits are kept: of the input in both, of the output and of dx in one
      expect(distances(half as Float32Array[], full as Float32Array[]).every((d) => d < 1 / 128)).toBe(true);
    },
  );
});

/** Output and gradients; what is no vector of channels passes through bfloat16 and is computed on in `activations`. */
function valueAndGradients(c: Case, kernels: KernelChoice, activations?: 'bfloat16' | 'float32') {
  const inputs = c.shapes.map((shape, i) => {
    const values = normal(shape, 7 + i);
    return { shape, data: c.values ? c.values(values, i) : values };
  });
  return runGraph(
    inputs,
    (g, tensors) => {
      const rounded = (t: Tensor): Tensor =>
        activations === undefined || t.shape.length < 2 ? t : g.cast(g.cast(t, 'bfloat16'), activations);
      const tape = new Tape(g);
      const taken = tensors.map(rounded);
      const output = c.apply(tape, taken);
      const seed = rounded(g.floats(normal(output.shape, 3), output.shape));
      const gradients = tape.gradients(output, taken.slice(0, c.differentiable), seed) as Tensor[];
      return [output, ...gradients].map((t) => g.cast(t, 'float32'));
    },
    kernels,
  );
}

/** For each tensor the largest difference, against the largest value or 1. */
const distances = (ours: readonly Float32Array[], theirs: readonly Float32Array[]): readonly number[] =>
  ours.map((values, i) => {
    const expected = theirs[i] as Float32Array;
    const largest = expected.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
    const apart = values.reduce((most, v, k) => Math.max(most, Math.abs(v - (expected[k] as number))), 0);
    return apart / largest;
  });
