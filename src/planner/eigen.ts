/**
 * Symmetric eigenvalues for evidence maximisation: only Q^T B is needed, never Q itself, so the reflections and
 * rotations are applied to the few columns of B, which saves most of the work of a full decomposition.
 * Householder tridiagonalisation and implicit QR with Wilkinson's shift (Golub & Van Loan, Matrix Computations, 8.3).
 */

const maximumSweeps = 60;

/**
 * Eigenvalues (unordered) of the symmetric `a` [n, n], of which only the lower triangle is read and which is destroyed.
 * `b` [n, k] becomes Q^T b, where the columns of Q are the eigenvectors in the order of the eigenvalues.
 */
export function eigenProject(a: Float64Array, n: number, b: Float64Array, k: number): Float64Array {
  const diagonal = new Float64Array(n);
  const below = new Float64Array(n);
  tridiagonalise(a, n, diagonal, below, b, k);
  diagonalise(diagonal, below, b, k);
  return diagonal;
}

function tridiagonalise(
  a: Float64Array,
  n: number,
  diagonal: Float64Array,
  below: Float64Array,
  b: Float64Array,
  k: number,
): void {
  const v = new Float64Array(n);
  const p = new Float64Array(n);
  for (let c = 0; c < n - 2; c++) {
    const first = c + 1;
    let norm2 = 0;
    for (let i = first; i < n; i++) {
      v[i] = a[i * n + c] as number;
      norm2 += (v[i] as number) ** 2;
    }
    const head = v[first] as number;
    const norm = Math.sqrt(norm2);
    // the reflection maps the column onto -sign(head) * norm: the sign that avoids cancellation
    const target = head > 0 ? -norm : norm;
    below[c] = target;
    v[first] = head - target;
    const vv = norm2 - head * head + (head - target) ** 2;
    if (!(vv > 0)) continue;
    const beta = 2 / vv;
    reflectBothSides(a, n, first, v, beta, p);
    reflectRows(b, k, first, n, v, beta);
  }
  if (n > 1) below[n - 2] = a[(n - 1) * n + n - 2] as number;
  for (let i = 0; i < n; i++) diagonal[i] = a[i * n + i] as number;
}

/** a <- H a H on the lower triangle from row `first`, with H = I - beta v v^T. */
function reflectBothSides(
  a: Float64Array,
  n: number,
  first: number,
  v: Float64Array,
  beta: number,
  p: Float64Array,
): void {
  p.fill(0, first);
  for (let i = first; i < n; i++) {
    const row = i * n;
    const vi = v[i] as number;
    let sum = (a[row + i] as number) * vi;
    for (let j = first; j < i; j++) {
      const aij = a[row + j] as number;
      sum += aij * (v[j] as number);
      p[j] = (p[j] as number) + aij * vi;
    }
    p[i] = (p[i] as number) + sum;
  }
  let pv = 0;
  for (let i = first; i < n; i++) pv += (p[i] as number) * (v[i] as number);
  const half = (beta * beta * pv) / 2;
  for (let i = first; i < n; i++) p[i] = beta * (p[i] as number) - half * (v[i] as number);
  for (let i = first; i < n; i++) {
    const row = i * n;
    const vi = v[i] as number;
    const pi = p[i] as number;
    for (let j = first; j <= i; j++) {
      a[row + j] = (a[row + j] as number) - vi * (p[j] as number) - pi * (v[j] as number);
    }
  }
}

function reflectRows(b: Float64Array, k: number, first: number, n: number, v: Float64Array, beta: number): void {
  const dots = new Float64Array(k);
  for (let i = first; i < n; i++) {
    const vi = v[i] as number;
    for (let j = 0; j < k; j++) dots[j] = (dots[j] as number) + vi * (b[i * k + j] as number);
  }
  for (let i = first; i < n; i++) {
    const step = beta * (v[i] as number);
    for (let j = 0; j < k; j++) b[i * k + j] = (b[i * k + j] as number) - step * (dots[j] as number);
  }
}

function diagonalise(d: Float64Array, e: Float64Array, b: Float64Array, k: number): void {
  let last = d.length - 1;
  let sweeps = 0;
  while (last > 0) {
    if (isSmall(d, e, last - 1)) {
      e[--last] = 0;
      sweeps = 0;
      continue;
    }
    if (++sweeps > maximumSweeps) throw new Error('The eigenvalue iteration did not converge');
    let start = last - 1;
    while (start > 0 && !isSmall(d, e, start - 1)) start--;
    sweep(d, e, start, last, b, k);
  }
}

const isSmall = (d: Float64Array, e: Float64Array, i: number): boolean =>
  Math.abs(e[i] as number) <= Number.EPSILON * (Math.abs(d[i] as number) + Math.abs(d[i + 1] as number)) + 1e-290;

/** One implicit QR sweep over the unreduced block start..last: chases the bulge of the shifted first rotation. */
function sweep(d: Float64Array, e: Float64Array, start: number, last: number, b: Float64Array, k: number): void {
  const half = ((d[last - 1] as number) - (d[last] as number)) / 2;
  const tip = e[last - 1] as number;
  const shift = (d[last] as number) - (tip * tip) / (half + (half >= 0 ? 1 : -1) * Math.hypot(half, tip));
  let x = (d[start] as number) - shift;
  let z = e[start] as number;
  for (let i = start; i < last; i++) {
    const r = Math.hypot(x, z);
    const c = r === 0 ? 1 : x / r;
    const s = r === 0 ? 0 : z / r;
    if (i > start) e[i - 1] = r;
    const upper = d[i] as number;
    const lower = d[i + 1] as number;
    const off = e[i] as number;
    d[i] = c * c * upper + 2 * c * s * off + s * s * lower;
    d[i + 1] = s * s * upper - 2 * c * s * off + c * c * lower;
    e[i] = c * s * (lower - upper) + (c * c - s * s) * off;
    x = e[i] as number;
    if (i < last - 1) {
      z = s * (e[i + 1] as number);
      e[i + 1] = c * (e[i + 1] as number);
    }
    rotateRows(b, k, i, c, s);
  }
}

function rotateRows(b: Float64Array, k: number, row: number, c: number, s: number): void {
  const [above, under] = [row * k, (row + 1) * k];
  for (let j = 0; j < k; j++) {
    const p = b[above + j] as number;
    const q = b[under + j] as number;
    b[above + j] = c * p + s * q;
    b[under + j] = c * q - s * p;
  }
}
