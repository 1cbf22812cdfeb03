/** The networks that `make bench-zoo` compares: members of a zoo that came from a search, and peers in several sizes. */
import { searchedMembers } from '../../src/cli/local/zoo-build.ts';
import { readSearchFile } from '../../src/cli/search/search-file.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import type { Network } from '../../src/nas/layers.ts';
import { loadZoo } from '../../src/nas/zoo.ts';
import type { PeerOptions } from './peers/peer.ts';
import { peers } from './peers/table.ts';

export interface Contestant {
  /** `ours` for members of the zoo. */
  readonly family: string;
  readonly name: string;
  network(classes: number): Network;
}

export const ours = 'ours';

type Scaling = Required<Pick<PeerOptions, 'width' | 'firstStride'>>;

const half = (width: number): Scaling => ({ width, firstStride: 2 });
/** Images of 64 px keep more where the first convolution does not halve them: dearer, and better for it. */
const full = (width: number): Scaling => ({ width, firstStride: 1 });

/** Sizes from what a small member costs to what the largest does, with both first strides. */
const sizes: readonly (readonly [family: string, model: string, scalings: readonly Scaling[]])[] = [
  ['RegNetY', '200MF', [half(0.5), half(1), full(0.5), full(1)]],
  ['RegNetY', '400MF', [half(1), full(1)]],
  ['EfficientNet', 'B0', [half(0.5), half(1), full(0.25), full(0.5), full(1)]],
  ['MobileNet', 'V2', [half(0.5), half(1), full(0.25), full(0.5), full(1)]],
  ['ResNet', '18', [half(0.25), half(0.5), half(1), full(0.25), full(0.5)]],
];

export const peerContestants: readonly Contestant[] = sizes.flatMap(([family, model, scalings]) => {
  const peer = peers.find((one) => one.family === family && one.model === model);
  if (peer === undefined) throw new Error(`there is no peer ${family} ${model}`);
  return scalings.map(({ width, firstStride }) => ({
    family,
    name: `${family} ${model}${width === 1 ? '' : ` x${width}`}${firstStride === 1 ? ', first stride 1' : ''}`,
    network: (classes: number) => peer.network({ classes, width, firstStride }),
  }));
});

/** The members that a zoo of `size` would get from the search in a folder. */
export async function searchedContestants(folder: string, size: number): Promise<readonly Contestant[]> {
  const file = await readSearchFile(folder);
  if (file === undefined) throw new Error(`there is no search in ${folder}`);
  return searchedMembers(file, { size, prefix: 'et' }).map(own);
}

/** Members whose encoding is one of the space: those that are imported start from other people's networks. */
export async function ownContestants(zoo: string): Promise<readonly Contestant[]> {
  const { members } = await loadZoo(zoo);
  return members.filter(({ encoding }) => encoding.includes('_')).map(own);
}

const own = ({ name, encoding }: { readonly name: string; readonly encoding: string }): Contestant => ({
  ...{ family: ours, name },
  network: (classes) => networkOf(encoding, { classes }),
});
