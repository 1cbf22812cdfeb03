/**
 * Ridge regression of several strengths, with what each would say of every row had it not seen it (the leave-one-out
 * predictions of a linear smoother: Hastie, Tibshirani and Friedman, "The Elements of Statistical Learning", 7.10). In
 * double precision, by TensorFlow: seconds where a loop of our own takes a minute.
 */
import { attr, GraphBuilder, type Tensor } from '../graph/builder.ts';
import { Session } from '../graph/session.ts';

export interface RidgeProblem {
  /** Centred, [n, d] row-major. */
  readonly rows: Float32Array;
  readonly n: number;
  readonly d: number;
  /** Centred, [n, k] row-major. */
  readonly targets: Float32Array;
  readonly k: number;
  /** What is added to the squared features, in means of a row's own squared length; one or more. */
  readonly strengths: readonly number[];
}

export interface RidgeSolution {
  /** [d, k] row-major. */
  readonly weights: Float32Array;
  /** Predictions [n, k] of the regressions that have not seen the row. */
  readonly leftOut: Float32Array;
}

/** One solution a strength, in their order. */
export async function ridge({ rows, n, d, targets, k, strengths }: RidgeProblem): Promise<readonly RidgeSolution[]> {
  const length = rows.reduce((sum, value) => sum + value * value, 0) / n;
  const g = new GraphBuilder();
  const [fedRows, fedTargets] = [g.placeholder('rows', [n, d], 'float32'), g.placeholder('targets', [n, k], 'float32')];
  const [x, y] = [g.cast(fedRows, 'float64'), g.cast(fedTargets, 'float64')];
  const solve = n <= d ? byRows(g, x, y) : byFeatures(g, x, y);
  const outputs = strengths.map((strength) => {
    // features that are all alike leave nothing but the strength
    const { weights, leftOut } = solve(g.cast(g.scalar(Math.max(strength * length, 1e-9)), 'float64'));
    return { weights: g.cast(weights, 'float32'), leftOut: g.cast(leftOut, 'float32') };
  });
  const named = outputs.flatMap((one, i) =>
    Object.entries(one).map(([key, tensor]) => [`${key} ${i}`, tensor] as const),
  );
  g.signature('ridge', { rows: fedRows, targets: fedTargets }, Object.fromEntries(named));
  const session = await Session.open(g);
  try {
    const found = session.run('ridge', {
      rows: { data: rows, shape: [n, d] },
      targets: { data: targets, shape: [n, k] },
    });
    const of = (key: string): Float32Array => found[key]?.data as Float32Array;
    return strengths.map((_, i) => ({ weights: of(`weights ${i}`), leftOut: of(`leftOut ${i}`) }));
  } finally {
    session.close();
  }
}

type Solve = (strength: Tensor) => { readonly weights: Tensor; readonly leftOut: Tensor };

/** Through the products of the rows [n, n]: less work where there are fewer rows than features. */
function byRows(g: GraphBuilder, x: Tensor, y: Tensor): Solve {
  const [n] = x.shape as readonly [number, number];
  const products = g.matmul(x, x, { b: true });
  return (strength) => {
    const inverse = inverseFactor(g, products, strength);
    const duals = g.matmul(inverse, g.matmul(inverse, y), { a: true });
    const diagonal = g.reshape(sumOfSquares(g, inverse, 0, n), [n, 1]);
    return {
      weights: g.matmul(x, duals, { a: true }),
      leftOut: g.like('Sub', [y, g.like('RealDiv', [duals, diagonal])]),
    };
  };
}

/** Through those of the features [d, d]. */
function byFeatures(g: GraphBuilder, x: Tensor, y: Tensor): Solve {
  const [n] = x.shape as readonly [number, number];
  const products = g.matmul(x, x, { a: true });
  const moments = g.matmul(x, y, { a: true });
  return (strength) => {
    const inverse = inverseFactor(g, products, strength);
    const weights = g.matmul(inverse, g.matmul(inverse, moments), { a: true });
    const residual = g.like('Sub', [y, g.matmul(x, weights)]);
    const leverage = g.reshape(sumOfSquares(g, g.matmul(x, inverse, { b: true }), 1, n), [n, 1]);
    const own = g.like('Sub', [g.cast(g.scalar(1), 'float64'), leverage], {}, [n, 1]);
    return { weights, leftOut: g.like('Sub', [y, g.like('RealDiv', [residual, own])]) };
  };
}

/** L^-1 of products + strength I = L L^T [m, m]: lower triangular. */
function inverseFactor(g: GraphBuilder, products: Tensor, strength: Tensor): Tensor {
  const [m] = products.shape as readonly [number, number];
  const ones = g.single(
    'Fill',
    [g.ints([m]), g.cast(g.scalar(1), 'float64')],
    { T: attr.type('float64'), index_type: attr.type('int32') },
    { shape: [m], dtype: 'float64' },
  );
  const identity = g.like('MatrixDiag', [ones], {}, [m, m]);
  const factor = g.like('Cholesky', [g.like('AddV2', [products, g.like('Mul', [identity, strength])])]);
  return g.like('MatrixTriangularSolve', [factor, identity], { lower: attr.bool(true), adjoint: attr.bool(false) });
}

function sumOfSquares(g: GraphBuilder, x: Tensor, axis: number, length: number): Tensor {
  const attributes = { Tidx: attr.type('int32'), keep_dims: attr.bool(false) };
  return g.like('Sum', [g.like('Square', [x]), g.ints([axis])], attributes, [length]);
}
