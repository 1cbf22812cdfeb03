/**
 * Gaussian process regression (Rasmussen and Williams, 2006, algorithm 2.1) of several outputs over one set of inputs: a
 * linear and a squared exponential kernel together, their scales by the marginal likelihood over a small grid.
 */
export interface Prediction {
  /** One an output. */
  readonly means: readonly number[];
  /** Of what would be measured, the noise of measuring included. */
  readonly deviations: readonly number[];
}

export type Predict = (x: readonly number[]) => Prediction;

interface Kernel {
  /** Length in units of the typical distance between two inputs. */
  readonly length: number;
  /** Variance of the linear part; the other's is 1. */
  readonly linear: number;
  readonly noise: number;
}

const kernels: readonly Kernel[] = [0.3, 0.6, 1.2].flatMap((length) =>
  [0.1, 1].flatMap((linear) => [0.01, 0.05, 0.2].map((noise) => ({ length, linear, noise }))),
);

/** `outputs[o][i]` belongs to `inputs[i]`. At least two inputs. */
export function fitGaussianProcess(
  inputs: readonly (readonly number[])[],
  outputs: readonly (readonly number[])[],
): Predict {
  const scale = standardiser(inputs);
  const xs = inputs.map(scale);
  const shifts = outputs.map(momentsOf);
  const ys = outputs.map((values, o) => values.map((y) => (y - (shifts[o]?.mean ?? 0)) / (shifts[o]?.deviation ?? 1)));
  const pairs = pairsOf(xs);
  const fits = kernels.flatMap((kernel) => fitted(kernel, pairs, ys) ?? []);
  const best = fits.reduce((a, b) => (b.likelihood > a.likelihood ? b : a));
  return (raw) => {
    const x = scale(raw);
    const near = xs.map((other) => between(best.kernel, x, other));
    const solved = forward(best.factor, near);
    const own = between(best.kernel, x, x);
    const known = solved.reduce((sum, v) => sum + v * v, 0);
    const variance = Math.max(0, own - known) + best.kernel.noise;
    return {
      means: best.weights.map(
        (weights, o) =>
          (shifts[o]?.mean ?? 0) +
          (shifts[o]?.deviation ?? 1) * near.reduce((sum, k, i) => sum + k * (weights[i] ?? 0), 0),
      ),
      deviations: shifts.map(({ deviation }) => deviation * Math.sqrt(variance)),
    };
  };
}

interface Pair {
  /** Over the number of inputs, so that two of them are about 2 apart whatever their number. */
  readonly square: number;
  readonly product: number;
}

function pairOf(a: readonly number[], b: readonly number[]): Pair {
  let [square, product] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    square += (x - y) ** 2;
    product += x * y;
  }
  return { square: square / a.length, product: product / a.length };
}

function between(kernel: Kernel, a: readonly number[], b: readonly number[]): number {
  const { square, product } = pairOf(a, b);
  return covariance(kernel, square, product);
}

interface PairRow {
  readonly squares: Float64Array;
  readonly products: Float64Array;
}

/** Of all inputs with those before them and themselves, row by row: every kernel looks at the same ones. */
const pairsOf = (xs: readonly (readonly number[])[]): readonly PairRow[] =>
  xs.map((x, i) => {
    const [squares, products] = [new Float64Array(i + 1), new Float64Array(i + 1)];
    for (let j = 0; j <= i; j++) {
      const { square, product } = pairOf(x, xs[j] as readonly number[]);
      squares[j] = square;
      products[j] = product;
    }
    return { squares, products };
  });

/** One row of the covariance matrix, with the noise on its diagonal. */
function covarianceRow(kernel: Kernel, { squares, products }: PairRow): Float64Array {
  const row = new Float64Array(squares.length);
  for (let j = 0; j < row.length; j++) {
    row[j] = covariance(kernel, squares[j] as number, products[j] as number);
  }
  row[row.length - 1] = (row[row.length - 1] as number) + kernel.noise;
  return row;
}

const covariance = ({ length, linear }: Kernel, square: number, product: number): number =>
  Math.exp(-square / (4 * length * length)) + linear * product;

interface Fit {
  readonly kernel: Kernel;
  /** Lower triangle, row by row. */
  readonly factor: readonly Float64Array[];
  readonly weights: readonly (readonly number[])[];
  readonly likelihood: number;
}

function fitted(kernel: Kernel, pairs: readonly PairRow[], ys: readonly (readonly number[])[]): Fit | undefined {
  const factor = cholesky(pairs.map((row) => covarianceRow(kernel, row)));
  if (factor === undefined) return undefined;
  const weights = ys.map((y) => backward(factor, forward(factor, y)));
  const logDeterminant = factor.reduce((sum, row, i) => sum + Math.log(row[i] as number), 0);
  const fit = ys.reduce((sum, y, o) => sum + y.reduce((s, v, i) => s + v * (weights[o]?.[i] ?? 0), 0), 0);
  return { kernel, factor, weights, likelihood: -fit / 2 - ys.length * logDeterminant };
}

/** Of a lower triangle, in its own place; undefined where the matrix is not positive definite. */
function cholesky(rows: readonly Float64Array[]): readonly Float64Array[] | undefined {
  for (const [i, row] of rows.entries()) {
    for (let j = 0; j <= i; j++) {
      const other = rows[j] as Float64Array;
      let sum = row[j] as number;
      for (let k = 0; k < j; k++) sum -= (row[k] as number) * (other[k] as number);
      if (j === i && !(sum > 0)) return undefined;
      row[j] = j === i ? Math.sqrt(sum) : sum / (other[j] as number);
    }
  }
  return rows;
}

function forward(factor: readonly Float64Array[], y: readonly number[]): readonly number[] {
  const out = new Array<number>(y.length).fill(0);
  for (const [i, row] of factor.entries()) {
    let sum = y[i] ?? 0;
    for (let j = 0; j < i; j++) sum -= (row[j] as number) * (out[j] as number);
    out[i] = sum / (row[i] as number);
  }
  return out;
}

function backward(factor: readonly Float64Array[], y: readonly number[]): readonly number[] {
  const out = [...y];
  for (let i = factor.length - 1; i >= 0; i--) {
    let sum = out[i] as number;
    for (let j = i + 1; j < factor.length; j++) sum -= (factor[j]?.[i] as number) * (out[j] as number);
    out[i] = sum / (factor[i]?.[i] as number);
  }
  return out;
}

function momentsOf(values: readonly number[]): { readonly mean: number; readonly deviation: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) || 1 };
}

function standardiser(inputs: readonly (readonly number[])[]): (x: readonly number[]) => readonly number[] {
  const columns = (inputs[0] ?? []).map((_, i) => momentsOf(inputs.map((x) => x[i] ?? 0)));
  return (x) => x.map((value, i) => (value - (columns[i]?.mean ?? 0)) / (columns[i]?.deviation ?? 1));
}
