/**
 * A network as plain data: a flat list of layers in topological order, the id of a layer is its index.
 * A family (`families/*.ts`) decodes an architecture into this list; cost counts it, `network.ts` builds its graph,
 * weights are named by it. Padding is PyTorch's symmetric (kernel - 1) / 2 unless said otherwise.
 */
export type Layer =
  | { readonly op: 'input'; readonly channels: number }
  | {
      readonly op: 'conv';
      readonly input: number;
      /** Name of the weight tensor, OIHW as PyTorch keeps it; without bias. */
      readonly weight: string;
      readonly kernel: number;
      readonly stride: 1 | 2;
      readonly groups: number;
      readonly channels: number;
      readonly padding: 'symmetric' | 'same';
    }
  | {
      readonly op: 'batchNorm';
      readonly input: number;
      /** Prefix of `weight`, `bias`, `running_mean`, `running_var`. */
      readonly name: string;
      readonly epsilon: number;
      /** Share of the batch's statistics taken into the running ones. */
      readonly momentum: number;
    }
  | { readonly op: Activation; readonly input: number }
  /** `multiply`: the second may be pooled, [n, c], and scales whole channels (squeeze-excite). */
  | { readonly op: 'add' | 'multiply'; readonly inputs: readonly [number, number] }
  | { readonly op: 'concat'; readonly inputs: readonly number[] }
  | { readonly op: 'globalPool'; readonly input: number }
  | {
      /** Padded symmetrically with zeros, so only for what follows an activation: its values are never negative. */
      readonly op: 'maxPool';
      readonly input: number;
      readonly kernel: number;
      readonly stride: 1 | 2;
    }
  | { readonly op: 'dropout'; readonly input: number; readonly rate: number }
  | {
      readonly op: 'dense';
      readonly input: number;
      /** Prefix of `weight` [units, inputs] and `bias` [units]. */
      readonly name: string;
      readonly units: number;
    };

export type Activation = 'relu' | 'relu6' | 'swish' | 'sigmoid';

/** A run of layers that is frozen or trained as a whole; what follows reads only its last layer. */
export interface Stage {
  readonly name: string;
  /** Id of the stage's last layer. */
  readonly end: number;
}

/** By channel, in shares of full brightness: what is taken off the pixels, and what they are then divided by. */
export interface Normalisation {
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
}

/** Channel statistics of ImageNet, by which most networks normalise their images. */
export const imageNetNormalisation: Normalisation = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };

export interface Network {
  /** The encoding string (or the name of an imported family's network). */
  readonly encoding: string;
  readonly layers: readonly Layer[];
  /** In order; the head (pooling, dropout, dense) belongs to no stage and is always trained. */
  readonly stages: readonly Stage[];
  /** Id of the globally pooled features, input of the head's dense layer. */
  readonly features: number;
  readonly classes: number;
  /** What the weights were trained with, and so what training, evaluation and export must give them. */
  readonly normalisation: Normalisation;
  /** Of a network that was cut: tensors of the whole one that it does without. A file of weights may hold them. */
  readonly leftOut?: ReadonlySet<string>;
}

/** Ids of the layers that `layer` reads. */
export function inputsOf(layer: Layer): readonly number[] {
  if (layer.op === 'input') return [];
  return 'inputs' in layer ? layer.inputs : [layer.input];
}

/** What a network needs to be told beside its architecture. */
export interface NetworkOptions {
  readonly classes: number;
  /** Rate of the dropout before the head's dense layer; 0 (the default) leaves the layer out. */
  readonly dropout?: number;
}
