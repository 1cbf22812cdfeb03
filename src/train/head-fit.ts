/**
 * A head in closed form, so that a short run does not spend its first steps on finding one, and so that those steps do not
 * distort pre-trained features under a random head (Kumar et al., "Fine-Tuning can Distort Pretrained Features", ICLR 2022):
 * ridge regression of the class indicators on the features. Its strength, and the scale that makes probabilities of its
 * scores, are those of the least leave-one-out cross entropy, which ridge regression gives without leaving any out.
 */
import { ridge } from './ridge.ts';

export interface FittedHead {
  /** [classes, d], as PyTorch keeps a Linear's. */
  readonly weight: Float32Array;
  /** [classes] */
  readonly bias: Float32Array;
  /** Logits [n, classes] that the rows get from heads fitted to all rows but their own. */
  readonly leftOut: Float32Array;
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

/** Strengths that are tried, see `ridge`. */
const strengths = [0.03, 0.3, 3] as const;
/** Scales of the scores that are tried; a score is about 1 for the right class. */
const scales = [1, 2, 4, 8, 16, 32] as const;

/** Needs two rows at least. */
export async function fitHead(known: LabelledFeatures): Promise<FittedHead> {
  const { n, d, classes } = known;
  const { rows, means } = centred(known);
  const { values, shares } = indicators(known);
  const solutions = await ridge({ rows, n, d, targets: values, k: classes, strengths });
  const tried = solutions.flatMap(({ weights, leftOut }) =>
    scales.map((scale) => ({ weights, leftOut, scale, loss: crossEntropy(leftOut, shares, known, scale) })),
  );
  const { weights, leftOut, scale } = tried.reduce((best, one) => (one.loss < best.loss ? one : best));
  const weight = new Float32Array(classes * d);
  const bias = Float32Array.from(shares, (share) => scale * share);
  for (let j = 0; j < d; j++) {
    for (let label = 0; label < classes; label++) {
      const own = scale * (weights[j * classes + label] as number);
      weight[label * d + j] = own;
      bias[label] = (bias[label] as number) - own * (means[j] as number);
    }
  }
  return { weight, bias, leftOut: leftOut.map((score, at) => scale * (score + (shares[at % classes] as number))) };
}

function centred({ features, n, d }: LabelledFeatures) {
  const means = new Float64Array(d);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) means[j] = (means[j] as number) + (features[i * d + j] as number) / n;
  }
  const rows = features.map((value, at) => value - (means[at % d] as number));
  return { rows, means };
}

/** 1 for the row's class, less the class's share of the rows. */
function indicators({ labels, n, classes }: LabelledFeatures) {
  const shares = new Float64Array(classes);
  for (let i = 0; i < n; i++) shares[labels[i] as number] = (shares[labels[i] as number] as number) + 1 / n;
  const values = Float32Array.from({ length: n * classes }, (_, at) => {
    const label = at % classes;
    return Number(labels[Math.floor(at / classes)] === label) - (shares[label] as number);
  });
  return { values, shares };
}

/** Mean, of scores [n, classes] beyond the classes' shares. */
function crossEntropy(
  scores: Float32Array,
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
