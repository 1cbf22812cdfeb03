/** The graph that is shipped to users: uint8 images of any size in, probabilities and labels out, weights inside. */
import { attr, GraphBuilder, type Tensor } from '../graph/builder.ts';
import { Tape } from '../graph/tape.ts';
import { elementsOf, type HostTensor } from './host-tensor.ts';
import type { Network } from './layers.ts';
import { buildNetwork } from './network.ts';
import { normaliseImages } from './normalise.ts';
import { fromTorch, parametersOf } from './parameters.ts';

/** What TensorFlow Serving runs unless told otherwise. */
export const servingSignature = 'serving_default';

/**
 * Signature `serving_default`: `images` uint8 RGB [n, h, w, 3] -> `logits` and `probabilities` [n, classes],
 * `label` [n] (the most probable class) and `labels` [classes]. The shorter side is scaled to `inputSize` and the centre
 * cut out, as the trainer's own evaluation does it.
 */
export function servingGraph(
  network: Network,
  weights: ReadonlyMap<string, HostTensor>,
  inputSize: number,
  labels: readonly string[],
): GraphBuilder {
  const g = new GraphBuilder();
  const images = g.placeholder('images', [-1, -1, -1, 3], 'uint8');
  const constants = new Map<string, Tensor>();
  for (const p of parametersOf(network)) {
    const tensor = weights.get(p.name);
    if (tensor?.data.length !== elementsOf(p.shape)) throw new Error(`no weights of ${p.name}`);
    constants.set(p.name, g.floats(fromTorch(p, tensor), p.shape));
  }
  const parameter = (name: string): Tensor => constants.get(name) as Tensor;
  const input = normaliseImages(g, centreSquare(g, images, inputSize), network.normalisation);
  const { logits } = buildNetwork(new Tape(g), network, input, -1, { parameter, precision: 'float32' });
  const probabilities = g.like('Softmax', [logits]);
  const names = g.strings(labels);
  const indices = { T: attr.type('float32'), Tidx: attr.type('int32'), output_type: attr.type('int32') };
  const best = g.single('ArgMax', [logits, g.ints([1], [])], indices, { shape: [-1], dtype: 'int32' });
  const gather = { Tparams: attr.type('string'), Tindices: attr.type('int32'), Taxis: attr.type('int32') };
  const label = g.single('GatherV2', [names, best, g.ints([0], [])], gather, { shape: [-1], dtype: 'string' });
  g.signature(servingSignature, { images }, { logits, probabilities, label, labels: names });
  return g;
}

/** Scales the shorter side to `size` (antialiased cubic) and takes the centre: float32 [n, size, size, 3], 0 to 255. */
function centreSquare(g: GraphBuilder, images: Tensor, size: number): Tensor {
  const vector = { shape: [2], dtype: 'float32' } as const;
  const shape = g.single(
    'Shape',
    [images],
    { T: attr.type('uint8'), out_type: attr.type('int32') },
    { shape: [4], dtype: 'int32' },
  );
  const slice = { T: attr.type('int32'), Index: attr.type('int32') };
  const sides = g.cast(
    g.single('Slice', [shape, g.ints([1]), g.ints([2])], slice, { shape: [2], dtype: 'int32' }),
    'float32',
  );
  const reduce = { T: attr.type('float32'), Tidx: attr.type('int32'), keep_dims: attr.bool(true) };
  const shorter = g.single('Min', [sides, g.ints([0])], reduce, { shape: [1], dtype: 'float32' });
  const scale = g.like('RealDiv', [g.floats(Float32Array.of(size, size), [2]), shorter], {}, vector.shape);
  // the scaled image hangs over the square by this much on each side
  const over = g.like('Sub', [g.like('Mul', [sides, scale]), g.scalar(size)]);
  const shift = g.like('Mul', [over, g.scalar(-0.5)]);
  const attributes = { T: attr.type('uint8'), kernel_type: attr.text('keyscubic'), antialias: attr.bool(true) };
  const output = { shape: [-1, size, size, 3], dtype: 'float32' } as const;
  const scaled = g.single('ScaleAndTranslate', [images, g.ints([size, size]), scale, shift], attributes, output);
  // cubic kernels overshoot at edges, which no camera's pixel does
  return g.like('Maximum', [g.like('Minimum', [scaled, g.scalar(255)]), g.scalar(0)]);
}
