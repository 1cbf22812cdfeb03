import type { GraphBuilder, Tensor } from '../graph/builder.ts';
import type { Normalisation } from './layers.ts';

/** RGB values 0 to 255 [n, h, w, 3] of any type -> float32 as the network expects them. */
export function normaliseImages(g: GraphBuilder, images: Tensor, { mean, deviation }: Normalisation): Tensor {
  const scale = Float32Array.from(deviation, (d) => 1 / (255 * d));
  const shift = Float32Array.from(deviation, (d, i) => -(mean[i] as number) / d);
  const scaled = g.like('Mul', [g.cast(images, 'float32'), g.floats(scale, [3])]);
  return g.like('AddV2', [scaled, g.floats(shift, [3])]);
}
