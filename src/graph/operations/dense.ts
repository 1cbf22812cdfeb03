import { attr, type GraphBuilder, type Shape, type Tensor } from '../builder.ts';
import type { Operation } from '../tape.ts';

type Plain = Readonly<Record<string, never>>;

function matmul(g: GraphBuilder, a: Tensor, b: Tensor, shape: Shape, transposeA: boolean, transposeB: boolean): Tensor {
  const attributes = { transpose_a: attr.bool(transposeA), transpose_b: attr.bool(transposeB) };
  return g.like('MatMul', [a, b], attributes, shape);
}

/** x [n, inputs], weight [inputs, units], bias [units] -> [n, units]. */
export const dense: Operation<Plain> = {
  shape: ([x, w]) => {
    if (x?.[1] !== w?.[0]) throw new Error(`dense: ${x?.[1]} inputs, weight takes ${w?.[0]}`);
    return [x?.[0] as number, w?.[1] as number];
  },
  forward: (g, [x, w, bias], _a, shape) => ({
    output: g.like('BiasAdd', [matmul(g, x as Tensor, w as Tensor, shape, false, false), bias as Tensor]),
  }),
  gradient: (g, { inputs: [x, w], needs }, dy) => [
    needs[0] ? matmul(g, dy, w as Tensor, (x as Tensor).shape, false, true) : undefined,
    needs[1] ? matmul(g, x as Tensor, dy, (w as Tensor).shape, true, false) : undefined,
    needs[2] ? g.like('BiasAddGrad', [dy], {}, [dy.shape[1] as number]) : undefined,
  ],
};
