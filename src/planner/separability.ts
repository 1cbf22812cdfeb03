import { eigenProject } from './eigen.ts';

/**
 * How well a network's features already separate the classes of a data set: two cheap scores of one forward pass.
 */

const maximumIterations = 50;
const relativeTolerance = 1e-6;
/** Directions weaker than this share of the strongest are rounding noise of the Gram matrix. */
const rankTolerance = 1e-11;

/**
 * LogME (You et al., ICML 2021): the log evidence per sample of a Bayesian linear model from the features to each
 * class's one-hot target, its prior and noise precision maximised by fixed-point iteration, averaged over the classes.
 * `features` [n, d] row-major, `labels` 0 .. classes - 1. Invariant to rotation and scale of the features, to the order
 * of the samples and to the naming of the classes. Deviation from the paper: the iteration starts at the mean
 * eigenvalue instead of 1, so that scaled features take the same path. Not finite features count as 0.
 */
export function logMe(
  features: Float32Array,
  n: number,
  d: number,
  labels: ArrayLike<number>,
  classes: number,
): number {
  if (n === 0 || d === 0 || classes === 0) return 0;
  const f = Float64Array.from(features.subarray(0, n * d), (v) => (Number.isFinite(v) ? v : 0));
  const targets = oneHot(labels, n, classes);
  // the smaller of F^T F and F F^T has all the eigenvalues that are not zero
  const wide = d > n;
  const size = wide ? n : d;
  const projected = wide ? targets.slice() : crossProduct(f, n, d, targets, classes);
  const eigenvalues = eigenProject(wide ? gramOfRows(f, n, d) : gramOfColumns(f, n, d), size, projected, classes);
  const largest = eigenvalues.reduce((a, b) => Math.max(a, b), 0);
  if (!(largest > 0)) return nullEvidence(n, classes, targets);
  const kept = [...eigenvalues.keys()].filter((i) => (eigenvalues[i] as number) > rankTolerance * largest);
  const sigma = Float64Array.from(kept, (i) => eigenvalues[i] as number);
  let total = 0;
  for (let c = 0; c < classes; c++) {
    const z2 = Float64Array.from(kept, (i) => {
      const z = projected[i * classes + c] as number;
      return wide ? z * z : (z * z) / (eigenvalues[i] as number);
    });
    let y2 = 0;
    for (let i = 0; i < n; i++) y2 += (targets[i * classes + c] as number) ** 2;
    total += evidence(sigma, z2, y2, n, d);
  }
  return total / classes;
}

/** Maximised log evidence per sample of one target, with squared projections `z2` on the left singular vectors. */
function evidence(sigma: Float64Array, z2: Float64Array, y2: number, n: number, d: number): number {
  const explained = z2.reduce((a, b) => a + b, 0);
  const outside = Math.max(0, y2 - explained);
  // noise variance never below this share of the target's, or a perfect fit has infinite evidence
  const floor = 1e-9 * Math.max(y2, 1e-9);
  let ratio = sigma.reduce((a, b) => a + b, 0) / sigma.length;
  let [alpha, beta, weights2, residual2] = [1, 1, 0, 0];
  for (let iteration = 0; iteration < maximumIterations; iteration++) {
    let gamma = 0;
    weights2 = 0;
    residual2 = outside;
    for (let i = 0; i < sigma.length; i++) {
      const s = sigma[i] as number;
      const shrink = s / (ratio + s);
      gamma += shrink;
      weights2 += (shrink * shrink * (z2[i] as number)) / s;
      residual2 += (1 - shrink) ** 2 * (z2[i] as number);
    }
    residual2 = Math.max(residual2, floor);
    weights2 = Math.max(weights2, floor / (sigma[0] as number));
    alpha = gamma / weights2;
    beta = Math.max(n - gamma, 1e-3) / residual2;
    const next = alpha / beta;
    const settled = Math.abs(next - ratio) <= relativeTolerance * ratio;
    ratio = next;
    if (settled) break;
  }
  let logDeterminant = (d - sigma.length) * Math.log(alpha);
  for (const s of sigma) logDeterminant += Math.log(alpha + beta * s);
  const value =
    (d * Math.log(alpha) + n * Math.log(beta / (2 * Math.PI)) - logDeterminant) / 2 -
    (beta * residual2 + alpha * weights2) / 2;
  return value / n;
}

/** Evidence per sample of a model without features: each target is noise around 0. */
function nullEvidence(n: number, classes: number, targets: Float64Array): number {
  const share = targets.reduce((a, b) => a + b, 0) / (n * classes);
  return -(Math.log(2 * Math.PI * Math.max(share, 1e-9)) + 1) / 2;
}

function oneHot(labels: ArrayLike<number>, n: number, classes: number): Float64Array {
  const targets = new Float64Array(n * classes);
  for (let i = 0; i < n; i++) {
    const label = labels[i] ?? -1;
    if (label >= 0 && label < classes) targets[i * classes + label] = 1;
  }
  return targets;
}

/** F^T Y [d, k]. */
function crossProduct(f: Float64Array, n: number, d: number, y: Float64Array, k: number): Float64Array {
  const out = new Float64Array(d * k);
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < k; c++) {
      // one-hot targets: nearly all are zero
      const weight = y[i * k + c] as number;
      if (weight === 0) continue;
      for (let j = 0; j < d; j++) {
        out[j * k + c] = (out[j * k + c] as number) + weight * (f[i * d + j] as number);
      }
    }
  }
  return out;
}

/** Lower triangle of F^T F [d, d]. */
function gramOfColumns(f: Float64Array, n: number, d: number): Float64Array {
  const gram = new Float64Array(d * d);
  for (let r = 0; r < n; r++) {
    const row = r * d;
    for (let i = 0; i < d; i++) {
      const fi = f[row + i] as number;
      if (fi === 0) continue;
      const out = i * d;
      for (let j = 0; j <= i; j++) gram[out + j] = (gram[out + j] as number) + fi * (f[row + j] as number);
    }
  }
  return gram;
}

/** Lower triangle of F F^T [n, n]. */
function gramOfRows(f: Float64Array, n: number, d: number): Float64Array {
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let c = 0; c < d; c++) sum += (f[i * d + c] as number) * (f[j * d + c] as number);
      gram[i * n + j] = sum;
    }
  }
  return gram;
}

/**
 * Share of samples whose nearest class mean (by cosine, features centred) is their own class's, the sample itself left
 * out of its mean; minus chance. Samples that are alone in their class are no evidence either way and are skipped.
 */
export function nearestMeanAccuracy(
  features: Float32Array,
  n: number,
  d: number,
  labels: ArrayLike<number>,
  classes: number,
): number {
  const unit = unitRows(features, n, d);
  const sums = new Float64Array(classes * d);
  const sizes = new Int32Array(classes);
  for (let i = 0; i < n; i++) {
    const label = labels[i] as number;
    sizes[label] = (sizes[label] as number) + 1;
    for (let j = 0; j < d; j++) sums[label * d + j] = (sums[label * d + j] as number) + (unit[i * d + j] as number);
  }
  const present = sizes.reduce((count, size) => count + (size > 0 ? 1 : 0), 0);
  let [judged, right] = [0, 0];
  for (let i = 0; i < n; i++) {
    const label = labels[i] as number;
    if ((sizes[label] as number) < 2) continue;
    judged++;
    if (nearest(unit, i, d, sums, sizes, label) === label) right++;
  }
  return judged === 0 || present < 2 ? 0 : right / judged - 1 / present;
}

function nearest(
  unit: Float64Array,
  row: number,
  d: number,
  sums: Float64Array,
  sizes: Int32Array,
  own: number,
): number {
  let [best, bestCosine] = [-1, Number.NEGATIVE_INFINITY];
  for (let c = 0; c < sizes.length; c++) {
    if (sizes[c] === 0) continue;
    let [dot, norm2] = [0, 0];
    for (let j = 0; j < d; j++) {
      const x = unit[row * d + j] as number;
      const mean = (sums[c * d + j] as number) - (c === own ? x : 0);
      dot += mean * x;
      norm2 += mean * mean;
    }
    const cosine = norm2 > 0 ? dot / Math.sqrt(norm2) : 0;
    // a tie goes against the own class: features that say nothing must not score
    if (cosine > bestCosine || (cosine === bestCosine && best === own)) [best, bestCosine] = [c, cosine];
  }
  return best;
}

function unitRows(features: Float32Array, n: number, d: number): Float64Array {
  const unit = Float64Array.from(features.subarray(0, n * d), (v) => (Number.isFinite(v) ? v : 0));
  for (let j = 0; j < d; j++) {
    let mean = 0;
    for (let i = 0; i < n; i++) mean += (unit[i * d + j] as number) / n;
    for (let i = 0; i < n; i++) unit[i * d + j] = (unit[i * d + j] as number) - mean;
  }
  for (let i = 0; i < n; i++) {
    const row = unit.subarray(i * d, (i + 1) * d);
    const norm = Math.hypot(...row);
    if (norm > 0) for (let j = 0; j < d; j++) row[j] = (row[j] as number) / norm;
  }
  return unit;
}
