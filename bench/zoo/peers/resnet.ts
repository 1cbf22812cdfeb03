import { LayerList } from '../../../src/nas/layer-list.ts';
import type { Network } from '../../../src/nas/layers.ts';
import { type Peer, type PeerOptions, withHead } from './peer.ts';

/** ResNet (He et al., CVPR 2016) as torchvision has it: the stride of a bottleneck sits on its 3x3 convolution. */
const conventions = { padding: 'symmetric', epsilon: 1e-5, momentum: 0.1 } as const;
const widths = [64, 128, 256, 512] as const;
const expansion = 4;

type Kind = 'basic' | 'bottleneck';

function resNet(name: string, kind: Kind, depths: readonly number[], options: PeerOptions): Network {
  const factor = options.width ?? 1;
  const net = new LayerList(conventions);
  const image = net.push({ op: 'input', channels: 3 });
  const stem = { kernel: 7, stride: options.firstStride ?? 2, groups: 1, channels: scaled(64, factor) } as const;
  let current = net.convNorm(image, 'stem.conv', 'stem.norm', stem, 'relu');
  // small images keep their size here as well
  if (options.firstStride !== 1) current = net.push({ op: 'maxPool', input: current, kernel: 3, stride: 2 });
  let channels = stem.channels;
  const ends: number[] = [];
  for (const [s, depth] of depths.entries()) {
    const width = scaled(widths[s] ?? 0, factor);
    for (let b = 0; b < depth; b++) {
      const stride = b === 0 && s > 0 ? 2 : 1;
      current = block(net, current, `stage${s + 1}.${b}`, { kind, from: channels, width, stride });
      channels = kind === 'basic' ? width : expansion * width;
    }
    ends.push(current);
  }
  return withHead(net, name, ends, options);
}

const scaled = (width: number, factor: number): number => Math.max(8, Math.round((width * factor) / 8) * 8);

interface Shape {
  readonly kind: Kind;
  readonly from: number;
  readonly width: number;
  readonly stride: 1 | 2;
}

function block(net: LayerList, input: number, name: string, { kind, from, width, stride }: Shape): number {
  const out = kind === 'basic' ? width : expansion * width;
  const conv = (x: number, part: string, kernel: 1 | 3, by: 1 | 2, channels: number, active: boolean): number => {
    const shape = { kernel, stride: by, groups: 1, channels };
    return net.convNorm(x, `${name}.${part}`, `${name}.${part}.norm`, shape, active ? 'relu' : undefined);
  };
  const last =
    kind === 'basic'
      ? conv(conv(input, 'a', 3, stride, width, true), 'b', 3, 1, out, false)
      : conv(conv(conv(input, 'a', 1, 1, width, true), 'b', 3, stride, width, true), 'c', 1, 1, out, false);
  const shortcut = from === out && stride === 1 ? input : conv(input, 'skip', 1, stride, out, false);
  return net.push({ op: 'relu', input: net.push({ op: 'add', inputs: [last, shortcut] }) });
}

export const resNets: readonly Peer[] = [
  {
    family: 'ResNet',
    model: '18',
    size: 224,
    published: { parameters: 11_689_512, macs: 1.814e9, source: 'torchvision resnet18: num_params, _ops' },
    network: (options) => resNet('resnet-18', 'basic', [2, 2, 2, 2], options),
  },
  {
    family: 'ResNet',
    model: '50',
    size: 224,
    published: { parameters: 25_557_032, macs: 4_089_185_256, source: 'pycls dev/model_complexity.json, R-50-1x64d' },
    network: (options) => resNet('resnet-50', 'bottleneck', [3, 4, 6, 3], options),
  },
];
