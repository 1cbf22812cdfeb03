import { LayerList } from '../../../src/nas/layer-list.ts';
import type { Network } from '../../../src/nas/layers.ts';
import { excited, type Peer, type PeerOptions, withHead } from './peer.ts';

/**
 * RegNetY (Radosavovic et al., CVPR 2020): widths of the blocks lie on a line, rounded to powers of a factor times the
 * first width; bottlenecks with grouped 3x3 convolutions and squeeze-excite. Parameters of the formula from pycls'
 * `configs/dds_baselines/regnety`, costs from its `dev/model_complexity.json` (commit 4449e4a).
 */
interface RegNet {
  readonly depth: number;
  readonly firstWidth: number;
  readonly slope: number;
  readonly factor: number;
  readonly groupWidth: number;
}

const stemChannels = 32;
const squeezeShare = 0.25;
const conventions = { padding: 'symmetric', epsilon: 1e-5, momentum: 0.1 } as const;

interface StagePlan {
  readonly width: number;
  readonly depth: number;
  readonly groups: number;
}

/** Halves go to the even multiple, as in Python, whose rounding the published widths come from. */
function toMultiple(value: number, of: number): number {
  const times = value / of;
  const below = Math.floor(times);
  return times - below === 0.5 ? (below + (below % 2)) * of : Math.round(times) * of;
}

/** Widths and depths by the paper's equations 2 to 4; widths then fit their groups. */
export function stagesOf({ depth, firstWidth, slope, factor, groupWidth }: RegNet, scale = 1): readonly StagePlan[] {
  const widths = Array.from({ length: depth }, (_, block) => {
    const linear = firstWidth + slope * block;
    const power = Math.round(Math.log(linear / firstWidth) / Math.log(factor));
    return toMultiple(scale * firstWidth * factor ** power, 8);
  });
  return [...new Set(widths)].map((wanted) => {
    const perGroup = Math.min(groupWidth, wanted);
    const width = toMultiple(wanted, perGroup);
    return { width, depth: widths.filter((w) => w === wanted).length, groups: width / perGroup };
  });
}

function regNetY(name: string, parameters: RegNet, options: PeerOptions): Network {
  const net = new LayerList(conventions);
  const image = net.push({ op: 'input', channels: 3 });
  const stem = { kernel: 3, stride: options.firstStride ?? 2, groups: 1, channels: stemChannels } as const;
  let current = net.convNorm(image, 'stem.conv', 'stem.norm', stem, 'relu');
  let channels = stemChannels;
  const ends: number[] = [];
  for (const [s, stage] of stagesOf(parameters, options.width).entries()) {
    for (let b = 0; b < stage.depth; b++) {
      current = block(net, current, `stage${s + 1}.${b}`, channels, stage, b === 0 ? 2 : 1);
      channels = stage.width;
    }
    ends.push(current);
  }
  return withHead(net, name, ends, options);
}

function block(net: LayerList, input: number, name: string, from: number, stage: StagePlan, stride: 1 | 2): number {
  const { width, groups } = stage;
  const pointwise = { kernel: 1, stride: 1, groups: 1, channels: width } as const;
  const a = net.convNorm(input, `${name}.a`, `${name}.a.norm`, pointwise, 'relu');
  const b = net.convNorm(a, `${name}.b`, `${name}.b.norm`, { kernel: 3, stride, groups, channels: width }, 'relu');
  const squeezed = Math.round(squeezeShare * from);
  const scaled = excited(net, b, `${name}.excite`, { squeezed, channels: width, activation: 'relu' });
  const c = net.convNorm(scaled, `${name}.c`, `${name}.c.norm`, pointwise);
  const isPlain = from === width && stride === 1;
  const shortcut = isPlain ? input : net.convNorm(input, `${name}.skip`, `${name}.skip.norm`, { ...pointwise, stride });
  return net.push({ op: 'relu', input: net.push({ op: 'add', inputs: [c, shortcut] }) });
}

const source = 'pycls dev/model_complexity.json, configs/dds_baselines/regnety';

const peer = (model: string, regNet: RegNet, parameters: number, macs: number): Peer => ({
  family: 'RegNetY',
  model,
  size: 224,
  published: { parameters, macs, source },
  network: (options) => regNetY(`regnety-${model.toLowerCase()}`, regNet, options),
});

const shape = (depth: number, firstWidth: number, slope: number, factor: number, groupWidth: number): RegNet => ({
  ...{ depth, firstWidth, slope, factor, groupWidth },
});

export const regNets: readonly Peer[] = [
  peer('200MF', shape(13, 24, 36.44, 2.49, 8), 3_162_996, 199_519_076),
  peer('400MF', shape(16, 48, 27.89, 2.09, 8), 4_344_144, 401_849_056),
  peer('600MF', shape(15, 48, 32.54, 2.32, 16), 6_055_160, 601_227_608),
  peer('800MF', shape(14, 56, 38.84, 2.4, 16), 6_263_168, 797_183_328),
  peer('1.6GF', shape(27, 48, 20.71, 2.65, 24), 11_202_430, 1_612_087_326),
  peer('16GF', shape(18, 200, 106.23, 2.48, 112), 83_590_140, 15_911_534_044),
];
