/**
 * A head in closed form, so that a short run does not spend its first steps on finding one, and so that those steps do not
 * distort pre-trained features under a random head (Kumar et al., "Fine-Tuning can Distort Pretrained Features", ICLR 2022):
 * ridge regression of the class indicators on the features. Its strength, and the scale that makes probabilities of its
 * scores, are those of the least leave-one-out cross entropy, which ridge regression gives without leaving any out.
 */
export interface FittedHead {
  /** [classes, d], as PyTorch keeps a Linear's. */
  readonly weight: Float32Array;
  /** [classes] */
  readonly bias: Float32Array;
}

export interface LabelledFeatures {
  /** [n, d] row-major. */
  readonly features: Float32Array;
  readonly n: number;
  readonly d: number;
  /** Class of each row, 0 .. classes - 1. */
  readonly labels: ArrayLike<number>;
  readonly classes: number;
}

/** Strengths that are tried, in means of the features' own squares. */
const strengths = [0.03, 0.3, 3] as const;
/** Scales of the scores that are tried; a score is about 1 for the right class. */
const scales = [1, 2, 4, 8, 16, 32] as const;

/** Needs two rows at least. */
export function fitHead(known: LabelledFeatures): FittedHead {
  const { n, d, classes } = known;
  const { rows, means } = centred(known);
  const gram = gramOf(rows, n, d);
  let trace = 0;
  for (let i = 0; i < n; i++) trace += gram[i * n + i] as number;
  const targets = indicators(known);
  let best: { readonly loss: number; readonly scale: number; readonly duals: Float64Array } | undefined;
  for (const strength of strengths) {
    const inverse = inverseFactor(gram, n, (strength * trace) / n);
    const duals = solved(inverse, targets.values, n, classes);
    const diagonal = diagonalOf(inverse, n);
    const left = Float64Array.from(duals, (dual, at) => {
      const row = Math.floor(at / classes);
      return (targets.values[at] as number) - dual / (diagonal[row] as number);
    });
    for (const scale of scales) {
      const loss = crossEntropy(left, targets.shares, known, scale);
      if (best === undefined || loss < best.loss) best = { loss, scale, duals };
    }
  }
  const { scale, duals } = best as NonNullable<typeof best>;
  const weight = new Float32Array(classes * d);
  const bias = new Float32Array(classes);
  for (let label = 0; label < classes; label++) {
    const own = new Float64Array(d);
    for (let i = 0; i < n; i++) {
      const dual = scale * (duals[i * classes + label] as number);
      for (let j = 0; j < d; j++) own[j] = (own[j] as number) + dual * (rows[i * d + j] as number);
    }
    let atMeans = 0;
    for (let j = 0; j < d; j++) atMeans += (own[j] as number) * (means[j] as number);
    weight.set(own, label * d);
    bias[label] = scale * (targets.shares[label] as number) - atMeans;
  }
  return { weight, bias };
}

function centred({ features, n, d }: LabelledFeatures) {
  const means = new Float64Array(d);
  const rows = new Float64Array(n * d);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) means[j] = (means[j] as number) + (features[i * d + j] as number) / n;
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) rows[i * d + j] = (features[i * d + j] as number) - (means[j] as number);
  }
  return { rows, means };
}

/** 1 for the row's class, less the class's share of the rows. */
function indicators({ labels, n, classes }: LabelledFeatures) {
  const shares = new Float64Array(classes);
  for (let i = 0; i < n; i++) shares[labels[i] as number] = (shares[labels[i] as number] as number) + 1 / n;
  const values = Float64Array.from({ length: n * classes }, (_, at) => {
    const label = at % classes;
    return Number(labels[Math.floor(at / classes)] === label) - (shares[label] as number);
  });
  return { values, shares };
}

/** Product of two runs of `length` values; four sums at a time, none of which waits for another. */
function dot(values: Float64Array, a: number, b: number, length: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 4 <= length; k += 4) {
    s0 += (values[a + k] as number) * (values[b + k] as number);
    s1 += (values[a + k + 1] as number) * (values[b + k + 1] as number);
    s2 += (values[a + k + 2] as number) * (values[b + k + 2] as number);
    s3 += (values[a + k + 3] as number) * (values[b + k + 3] as number);
  }
  for (; k < length; k++) s0 += (values[a + k] as number) * (values[b + k] as number);
  return s0 + s1 + s2 + s3;
}

/** rows rows^T [n, n]. */
function gramOf(rows: Float64Array, n: number, d: number): Float64Array {
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const sum = dot(rows, i * d, j * d, d);
      gram[i * n + j] = sum;
      gram[j * n + i] = sum;
    }
  }
  return gram;
}

/** L^-1 of a + strength I = L L^T, for a positive semidefinite a [n, n]: lower triangular, row-major. */
function inverseFactor(a: Float64Array, n: number, strength: number): Float64Array {
  const l = a.slice();
  // features that are all alike leave nothing but the strength
  for (let i = 0; i < n; i++) l[i * n + i] = (l[i * n + i] as number) + Math.max(strength, 1e-9);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const sum = (l[i * n + j] as number) - dot(l, i * n, j * n, j);
      l[i * n + j] = i === j ? Math.sqrt(sum) : sum / (l[j * n + j] as number);
    }
  }
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const pivot = 1 / (l[i * n + i] as number);
    inverse[i * n + i] = pivot;
    for (let k = 0; k < i; k++) {
      const factor = pivot * (l[i * n + k] as number);
      for (let j = 0, [row, above] = [i * n, k * n]; j <= k; j++) {
        inverse[row + j] = (inverse[row + j] as number) - factor * (inverse[above + j] as number);
      }
    }
  }
  return inverse;
}

/** inverse^T (inverse b), for a lower triangular inverse [n, n] and b [n, k]. */
function solved(inverse: Float64Array, b: Float64Array, n: number, k: number): Float64Array {
  const half = new Float64Array(n * k);
  const out = new Float64Array(n * k);
  const add = (target: Float64Array, row: number, factor: number, source: Float64Array, from: number) => {
    for (let c = 0; c < k; c++) {
      target[row * k + c] = (target[row * k + c] as number) + factor * (source[from * k + c] as number);
    }
  };
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) add(half, i, inverse[i * n + j] as number, b, j);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) add(out, j, inverse[i * n + j] as number, half, i);
  return out;
}

/** Of inverse^T inverse: the sums of squares of the columns. */
function diagonalOf(inverse: Float64Array, n: number): Float64Array {
  const diagonal = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) diagonal[j] = (diagonal[j] as number) + (inverse[i * n + j] as number) ** 2;
  }
  return diagonal;
}

/** Mean, of scores [n, classes] beyond the classes' shares. */
function crossEntropy(
  scores: Float64Array,
  shares: Float64Array,
  { labels, n, classes }: LabelledFeatures,
  scale: number,
): number {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const logits = Array.from(shares, (share, label) => scale * (share + (scores[i * classes + label] as number)));
    const most = Math.max(...logits);
    const total = logits.reduce((all, logit) => all + Math.exp(logit - most), 0);
    sum += most + Math.log(total) - (logits[labels[i] as number] as number);
  }
  return sum / n;
}
