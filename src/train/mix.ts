import type { Rng } from '../lib/rng.ts';
import type { Regime } from '../planner/types.ts';

/** Images NHWC and soft targets of one batch, changed in place. */
export interface MixableBatch {
  readonly images: Int32Array;
  readonly targets: Float32Array;
  readonly batchSize: number;
  /** Side of the images in pixels. */
  readonly size: number;
  readonly classes: number;
}

/** Zhang et al. 2018 found 0.1 to 0.4 best on ImageNet; Yun et al. 2019 use 1, and mix every second batch. */
const mixupAlpha = 0.2;
const cutmixAlpha = 1;
const cutmixShare = 0.5;

/** Image i is blended with image `batchSize - 1 - i`, and the reverse, so that no copy of the batch is needed. */
export const mixes = {
  none: () => {},
  mixup: (batch, rng) => mixup(batch, sampleBeta(mixupAlpha, mixupAlpha, rng)),
  cutmix: (batch, rng) => {
    if (rng.next() < cutmixShare) cutmix(batch, sampleBeta(cutmixAlpha, cutmixAlpha, rng), rng);
  },
} as const satisfies Record<Regime['mix'], (batch: MixableBatch, rng: Rng) => void>;

/** Each image keeps `lambda` (0 to 1) of itself and takes the rest from its partner. */
export function mixup(batch: MixableBatch, lambda: number): void {
  const { images, batchSize } = batch;
  const length = batch.size * batch.size * 3;
  for (let i = 0; i < batchSize >> 1; i++) {
    const a = i * length;
    const b = (batchSize - 1 - i) * length;
    for (let k = 0; k < length; k++) {
      const x = images[a + k] as number;
      const y = images[b + k] as number;
      const moved = (y - x) * (1 - lambda);
      images[a + k] = Math.round(x + moved);
      images[b + k] = Math.round(y - moved);
    }
  }
  blendTargets(batch, lambda);
}

/** Partners swap one rectangle of about `1 - lambda` of the area; the targets follow the true share. */
export function cutmix(batch: MixableBatch, lambda: number, rng: Rng): void {
  const { images, batchSize, size } = batch;
  const side = Math.min(size, Math.round(size * Math.sqrt(1 - lambda)));
  const left = rng.int(size - side + 1);
  const top = rng.int(size - side + 1);
  const length = size * size * 3;
  for (let i = 0; i < batchSize >> 1; i++) {
    const partner = (batchSize - 1 - 2 * i) * length;
    for (let y = top; y < top + side; y++) {
      const start = i * length + 3 * (y * size + left);
      for (let k = start; k < start + 3 * side; k++) {
        const x = images[k] as number;
        images[k] = images[k + partner] as number;
        images[k + partner] = x;
      }
    }
  }
  blendTargets(batch, 1 - (side * side) / (size * size));
}

function blendTargets({ targets, batchSize, classes }: MixableBatch, lambda: number): void {
  for (let i = 0; i < batchSize >> 1; i++) {
    const a = i * classes;
    const b = (batchSize - 1 - i) * classes;
    for (let c = 0; c < classes; c++) {
      const x = targets[a + c] as number;
      const y = targets[b + c] as number;
      targets[a + c] = lambda * x + (1 - lambda) * y;
      targets[b + c] = lambda * y + (1 - lambda) * x;
    }
  }
}

/** Beta(a, b), from two gammas. */
export function sampleBeta(a: number, b: number, rng: Rng): number {
  const x = sampleGamma(a, rng);
  const y = sampleGamma(b, rng);
  // both may underflow for tiny shapes; either end is then as likely as its shape says
  return x + y > 0 ? x / (x + y) : rng.next() < a / (a + b) ? 1 : 0;
}

/** Gamma(shape, 1) by Marsaglia and Tsang 2000, raised to shape + 1 and scaled back below 1. */
function sampleGamma(shape: number, rng: Rng): number {
  if (shape < 1) return sampleGamma(shape + 1, rng) * (1 - rng.next()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = rng.normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - rng.next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}
