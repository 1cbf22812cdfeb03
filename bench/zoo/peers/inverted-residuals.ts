import { LayerList } from '../../../src/nas/layer-list.ts';
import type { Activation, Network } from '../../../src/nas/layers.ts';
import { excited, type Peer, type PeerOptions, scaledWidth, withHead } from './peer.ts';

/**
 * MobileNetV2 (Sandler et al., CVPR 2018) and EfficientNet (Tan and Le, ICML 2019): inverted residuals, with
 * squeeze-excite and swish in the latter. Rows: repeats, kernel, stride, expansion, channels.
 */
type Row = readonly [repeats: number, kernel: 3 | 5, stride: 1 | 2, expansion: number, channels: number];

interface Recipe {
  readonly rows: readonly Row[];
  readonly stem: number;
  readonly last: number;
  readonly activation: Activation;
  readonly squeezeShare: number | undefined;
  readonly conventions: ConstructorParameters<typeof LayerList>[0];
  /** MobileNetV2's last convolution never becomes narrower. */
  readonly leastLast: number;
}

const efficientNet: Recipe = {
  rows: [
    [1, 3, 1, 1, 16],
    [2, 3, 2, 6, 24],
    [2, 5, 2, 6, 40],
    [3, 3, 2, 6, 80],
    [3, 5, 1, 6, 112],
    [4, 5, 2, 6, 192],
    [1, 3, 1, 6, 320],
  ],
  ...{ stem: 32, last: 1280, leastLast: 0, activation: 'swish', squeezeShare: 0.25 },
  // PyTorch's momentum: that of the published training (0.01) needs hundreds of thousands of steps
  conventions: { padding: 'same', epsilon: 1e-3, momentum: 0.1 },
};

const mobileNetV2: Recipe = {
  rows: [
    [1, 3, 1, 1, 16],
    [2, 3, 2, 6, 24],
    [3, 3, 2, 6, 32],
    [4, 3, 2, 6, 64],
    [3, 3, 1, 6, 96],
    [3, 3, 2, 6, 160],
    [1, 3, 1, 6, 320],
  ],
  ...{ stem: 32, last: 1280, leastLast: 1280, activation: 'relu6', squeezeShare: undefined },
  conventions: { padding: 'symmetric', epsilon: 1e-5, momentum: 0.1 },
};

interface Scale {
  readonly width: number;
  readonly depth: number;
}

function invertedResiduals(name: string, recipe: Recipe, scale: Scale, options: PeerOptions): Network {
  const factor = scale.width * (options.width ?? 1);
  const net = new LayerList(recipe.conventions);
  const image = net.push({ op: 'input', channels: 3 });
  let channels = scaledWidth(recipe.stem, factor);
  const stem = { kernel: 3, stride: options.firstStride ?? 2, groups: 1, channels } as const;
  let current = net.convNorm(image, 'stem.conv', 'stem.norm', stem, recipe.activation);
  const ends: number[] = [];
  for (const [r, row] of recipe.rows.entries()) {
    const [repeats, kernel, stride, expansion, wanted] = row;
    const width = scaledWidth(wanted, factor);
    for (let b = 0; b < Math.ceil(repeats * scale.depth); b++) {
      const shape = { kernel, stride: b === 0 ? stride : 1, expansion, width, recipe } as const;
      current = block(net, current, `blocks${r + 1}.${b}`, channels, shape);
      channels = width;
    }
    ends.push(current);
  }
  const last = Math.max(recipe.leastLast, scaledWidth(recipe.last, factor));
  const pointwise = { kernel: 1, stride: 1, groups: 1, channels: last } as const;
  ends.splice(-1, 1, net.convNorm(current, 'last.conv', 'last.norm', pointwise, recipe.activation));
  return withHead(net, name, ends, options);
}

interface BlockShape {
  readonly kernel: 3 | 5;
  readonly stride: 1 | 2;
  readonly expansion: number;
  readonly width: number;
  readonly recipe: Recipe;
}

function block(net: LayerList, input: number, name: string, from: number, shape: BlockShape): number {
  const { kernel, stride, expansion, width, recipe } = shape;
  const { activation, squeezeShare } = recipe;
  const wide = from * expansion;
  const pointwise = { kernel: 1, stride: 1, groups: 1 } as const;
  const expand = { ...pointwise, channels: wide };
  const expanded =
    expansion === 1 ? input : net.convNorm(input, `${name}.expand`, `${name}.expand.norm`, expand, activation);
  const depthwise = { kernel, stride, groups: wide, channels: wide };
  let current = net.convNorm(expanded, `${name}.depthwise`, `${name}.depthwise.norm`, depthwise, activation);
  if (squeezeShare !== undefined) {
    const squeezed = Math.max(1, Math.floor(from * squeezeShare));
    current = excited(net, current, `${name}.excite`, { squeezed, channels: wide, activation });
  }
  current = net.convNorm(current, `${name}.project`, `${name}.project.norm`, { ...pointwise, channels: width });
  return stride === 1 && from === width ? net.push({ op: 'add', inputs: [current, input] }) : current;
}

const efficientNetPeer = (model: string, scale: Scale, size: number, parameters: number, macs: number): Peer => ({
  family: 'EfficientNet',
  model,
  size,
  published: { parameters, macs, source: 'pycls dev/model_complexity.json, configs/dds_baselines/effnet' },
  network: (options) => invertedResiduals(`efficientnet-${model.toLowerCase()}`, efficientNet, scale, options),
});

export const efficientNets: readonly Peer[] = [
  efficientNetPeer('B0', { width: 1, depth: 1 }, 224, 5_288_548, 385_825_092),
  efficientNetPeer('B1', { width: 1, depth: 1.1 }, 240, 7_794_184, 686_817_992),
  efficientNetPeer('B2', { width: 1.1, depth: 1.2 }, 260, 9_109_994, 993_578_282),
  efficientNetPeer('B3', { width: 1.2, depth: 1.4 }, 300, 12_233_232, 1_827_162_472),
];

export const mobileNets: readonly Peer[] = [
  {
    family: 'MobileNet',
    model: 'V2',
    size: 224,
    published: { parameters: 3_504_872, macs: 301e6, source: 'torchvision mobilenet_v2: num_params, _ops' },
    network: (options) => invertedResiduals('mobilenet-v2', mobileNetV2, { width: 1, depth: 1 }, options),
  },
];
