/**
 * Gaussian process regression (Rasmussen and Williams, 2006, algorithm 2.1) of several outputs over one set of inputs: a
 * linear and a squared exponential kernel together, their scales by the marginal likelihood over a small grid.
 */
export interface Prediction {
  /** One an output. */
  readonly means: readonly number[];
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
  const fits = kernels.flatMap((kernel) => fitted(kernel, xs, ys) ?? []);
  const best = fits.reduce((a, b) => (b.likelihood > a.likelihood ? b : a));
  return (raw) => {
    const x = scale(raw);
    const near = xs.map((other) => covariance(best.kernel, x, other));
    const solved = forward(best.factor, near);
    const own = covariance(best.kernel, x, x);
    const variance = Math.max(0, own - solved.reduce((sum, v) => sum + v * v, 0));
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

/** The mean square of the inputs' columns is 1, so the squared distance of two is about twice their number. */
function covariance({ length, linear }: Kernel, a: readonly number[], b: readonly number[]): number {
  let [square, product] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    square += (x - y) ** 2;
    product += x * y;
  }
  return Math.exp(-square / (2 * a.length) / (2 * length * length)) + (linear * product) / a.length;
}

interface Fit {
  readonly kernel: Kernel;
  /** Lower triangle, row by row. */
  readonly factor: readonly Float64Array[];
  readonly weights: readonly (readonly number[])[];
  readonly likelihood: number;
}

function fitted(
  kernel: Kernel,
  xs: readonly (readonly number[])[],
  ys: readonly (readonly number[])[],
): Fit | undefined {
  const factor = cholesky(
    xs.map((x, i) => xs.slice(0, i + 1).map((y, j) => covariance(kernel, x, y) + (i === j ? kernel.noise : 0))),
  );
  if (factor === undefined) return undefined;
  const weights = ys.map((y) => backward(factor, forward(factor, y)));
  const logDeterminant = factor.reduce((sum, row, i) => sum + Math.log(row[i] as number), 0);
  const fit = ys.reduce((sum, y, o) => sum + y.reduce((s, v, i) => s + v * (weights[o]?.[i] ?? 0), 0), 0);
  return { kernel, factor, weights, likelihood: -fit / 2 - ys.length * logDeterminant };
}

/** Undefined where the matrix is not positive definite. */
function cholesky(lower: readonly (readonly number[])[]): readonly Float64Array[] | undefined {
  const rows: Float64Array[] = [];
  for (const [i, given] of lower.entries()) {
    const row = Float64Array.from(given);
    for (let j = 0; j <= i; j++) {
      const other = j === i ? row : (rows[j] as Float64Array);
      let sum = row[j] as number;
      for (let k = 0; k < j; k++) sum -= (row[k] as number) * (other[k] as number);
      if (j === i && !(sum > 0)) return undefined;
      row[j] = j === i ? Math.sqrt(sum) : sum / (other[j] as number);
    }
    rows.push(row);
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
