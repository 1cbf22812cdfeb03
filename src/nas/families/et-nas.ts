import { type OpPlan, planBlock } from '../block.ts';
import { type Architecture, formatEncoding, parseEncoding, type StemStride } from '../encoding.ts';
import { checkOptions, LayerList } from '../layer-list.ts';
import { imageNetNormalisation, type Network, type NetworkOptions, type Stage } from '../layers.ts';
import type { Family } from './family.ts';

/** The joint block/macro space that a search walks through. */
export const etNas: Family = {
  name: 'et-nas',
  pattern: /^\d/,
  example: '031-_32_1-1-221-11121',
  network: (encoding, options) => etNasNetwork(parseEncoding(encoding), options),
  nativeSize: () => 224,
};

/**
 * Strides of the stem's three convolutions. For 2 the first one keeps its stride: the stem then costs a quarter of
 * what it would with the stride at its end, and the first convolution's weights see the scale they were trained on.
 */
const stemStrides: Readonly<Record<StemStride, readonly [1 | 2, 1 | 2, 1 | 2]>> = {
  1: [1, 1, 1],
  2: [2, 1, 1],
  4: [2, 1, 2],
};

// PyTorch's defaults, which the published weights were trained with
const conventions = { padding: 'symmetric', epsilon: 1e-5, momentum: 0.1 } as const;

/**
 * The network of an architecture, with the names and conventions of the published PyTorch weights (NAS-OA/NASOA,
 * `etnas.py` at a922c09). Stages: the stem, then runs of blocks, each from a block of stride 2 (or the first one).
 */
export function etNasNetwork(a: Architecture, options: NetworkOptions): Network {
  checkOptions(options);
  const net = new LayerList(conventions);
  const image = net.push({ op: 'input', channels: 3 });
  let current = stem(net, image, a);
  const stages: Stage[] = [{ name: 'stem', end: current }];
  let width = a.stemWidth;
  for (const [b, block] of a.macro.entries()) {
    if (b > 0 && block.stride === 2) stages.push({ name: `stage${stages.length}`, end: current });
    current = blockLayers(net, current, `layers.${6 + b}.module_list`, planBlock(a, width, block).ops);
    width *= block.multiplier;
  }
  stages.push({ name: `stage${stages.length}`, end: current });
  const features = net.head(current, 'fc', options);
  const { classes } = options;
  const normalisation = imageNetNormalisation;
  return { encoding: formatEncoding(a), layers: net.layers, stages, features, classes, normalisation };
}

function stem(net: LayerList, image: number, a: Architecture): number {
  const half = a.stemWidth / 2;
  const [first, second, third] = stemStrides[a.stemStride];
  let current = image;
  for (const [name, channels, stride] of [
    ['layers.0', half, first],
    ['layers.2', half, second],
    ['layers.4', a.stemWidth, third],
  ] as const) {
    const conv = net.conv(current, `${name}.0.weight`, { kernel: 3, stride, groups: 1, channels });
    current = net.push({ op: 'relu', input: net.norm(conv, `${name}.1`) });
  }
  return current;
}

/**
 * Layers of one block; `input` and the result are values after their ReLU, as all sources of skips are.
 * The published network has one ReLU behind all merges of a place. Behind a concatenation it is the same to have it on
 * each part before: where the part is a skip it has passed one already, and where it is a batch norm the two are one
 * operation of a training step.
 */
function blockLayers(net: LayerList, input: number, name: string, ops: readonly OpPlan[]): number {
  const places = [input];
  for (const [i, op] of ops.entries()) {
    const lastAdd = op.merges.findLastIndex(({ kind }) => kind === 'add');
    const relu = (id: number): number => net.push({ op: 'relu', input: id });
    let target = net.norm(opConvolutions(net, places[i] ?? input, `${name}.${i}.0.0`, op), `${name}.${i}.0.1`);
    if (lastAdd < 0) target = relu(target);
    for (const [q, merge] of op.merges.entries()) {
      let source = places[merge.from] ?? input;
      if (merge.projection !== undefined) {
        const at = `${name}.${i}.${q + 1}.conv`;
        const conv = net.conv(source, `${at}.0.weight`, { kernel: 1, groups: 1, ...merge.projection });
        source = net.norm(conv, `${at}.1`);
        if (q > lastAdd) source = relu(source);
      }
      target = net.push({ op: merge.kind, inputs: [source, target] });
      if (q === lastAdd) target = relu(target);
    }
    places.push(target);
  }
  return places[ops.length] ?? input;
}

/** The op's convolution; for conv3_sep a strided depthwise 3x3 straight into a 1x1. */
function opConvolutions(net: LayerList, input: number, name: string, op: OpPlan): number {
  const { kernel, stride, groups, inChannels, width } = op;
  if (op.kind !== 'conv3_sep') return net.conv(input, `${name}.weight`, { kernel, stride, groups, channels: width });
  const depthwise = net.conv(input, `${name}.0.weight`, { kernel, stride, groups, channels: inChannels });
  return net.conv(depthwise, `${name}.1.weight`, { kernel: 1, stride: 1, groups: 1, channels: width });
}
