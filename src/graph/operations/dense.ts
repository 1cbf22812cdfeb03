import type { Tensor } from '../builder.ts';
import type { Operation } from '../tape.ts';

type Plain = Readonly<Record<string, never>>;

/** x [n, inputs], weight [inputs, units], bias [units] -> [n, units]. */
export const dense: Operation<Plain> = {
  shape: ([x, w]) => {
    if (x?.[1] !== w?.[0]) throw new Error(`dense: ${x?.[1]} inputs, weight takes ${w?.[0]}`);
    return [x?.[0] as number, w?.[1] as number];
  },
  forward: (g, [x, w, bias]) => ({
    output: g.like('BiasAdd', [g.matmul(x as Tensor, w as Tensor), bias as Tensor]),
  }),
  gradient: (g, { inputs: [x, w], needs }, dy) => [
    needs[0] ? g.matmul(dy, w as Tensor, { b: true }) : undefined,
    needs[1] ? g.matmul(x as Tensor, dy, { a: true }) : undefined,
    needs[2] ? g.like('BiasAddGrad', [dy], {}, [dy.shape[1] as number]) : undefined,
  ],
};
