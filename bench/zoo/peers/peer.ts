import type { LayerList } from '../../../src/nas/layer-list.ts';
import {
  type Activation,
  imageNetNormalisation,
  type Network,
  type NetworkOptions,
  type Stage,
} from '../../../src/nas/layers.ts';

/** How a published network is changed for a comparison; as published unless given. */
export interface PeerOptions extends NetworkOptions {
  /** Factor on all widths but the classes'. */
  readonly width?: number;
  /** Stride of the first convolution: 1 serves small images. */
  readonly firstStride?: 1 | 2;
}

/** A network of other people, for benchmarks alone: nothing of nasoa starts from it. */
export interface Peer {
  readonly family: string;
  /** Its name in `imagenet-baselines-v100.csv`. */
  readonly model: string;
  /** Input size in pixels at which its cost is published. */
  readonly size: number;
  readonly published: { readonly parameters: number; readonly macs: number; readonly source: string };
  network(options: PeerOptions): Network;
}

/** Nearest multiple of 8, but never below 90 %: how MobileNetV2 and EfficientNet scale their widths. */
export function scaledWidth(channels: number, factor: number): number {
  const scaled = channels * factor;
  const rounded = Math.max(8, Math.floor((scaled + 4) / 8) * 8);
  return rounded < 0.9 * scaled ? rounded + 8 : rounded;
}

/** Squeeze-excite: channels of `x` are scaled by what a small network makes of their means. */
export function excited(
  net: LayerList,
  x: number,
  name: string,
  { squeezed, channels, activation }: { squeezed: number; channels: number; activation: Activation },
): number {
  const pooled = net.push({ op: 'globalPool', input: x });
  const narrow = net.push({ op: 'dense', input: pooled, name: `${name}.reduce`, units: squeezed });
  const active = net.push({ op: activation, input: narrow });
  const wide = net.push({ op: 'dense', input: active, name: `${name}.expand`, units: channels });
  const gate = net.push({ op: 'sigmoid', input: wide });
  return net.push({ op: 'multiply', inputs: [x, gate] });
}

/** The whole network: `ends` are the last layers of its stages. */
export function withHead(net: LayerList, encoding: string, ends: readonly number[], options: NetworkOptions): Network {
  const stages: Stage[] = ends.map((end, i) => ({ name: `stage${i + 1}`, end }));
  const features = net.head(ends.at(-1) ?? 0, 'head', options);
  const { classes } = options;
  return { encoding, layers: net.layers, stages, features, classes, normalisation: imageNetNormalisation };
}
