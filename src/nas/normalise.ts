import type { GraphBuilder, Tensor } from '../graph/builder.ts';

/** Channel statistics of ImageNet, by which images are normalised. */
const channelMean = Float32Array.of(0.485, 0.456, 0.406);
const channelDeviation = Float32Array.of(0.229, 0.224, 0.225);

/** RGB values 0 to 255 [n, h, w, 3] of any type -> normalised float32. */
export function normaliseImages(g: GraphBuilder, images: Tensor): Tensor {
  const scale = channelDeviation.map((d) => 1 / (255 * d));
  const shift = channelMean.map((m, i) => -m / (channelDeviation[i] as number));
  const scaled = g.like('Mul', [g.cast(images, 'float32'), g.floats(scale, [3])]);
  return g.like('AddV2', [scaled, g.floats(shift, [3])]);
}
