import { InputError } from '../lib/errors.ts';
import type { Activation, Layer, NetworkOptions } from './layers.ts';

type Conv = Extract<Layer, { op: 'conv' }>;
export type ConvShape = Pick<Conv, 'kernel' | 'stride' | 'groups' | 'channels'>;

/** What all layers of a family have in common. */
export interface Conventions {
  readonly padding: Conv['padding'];
  /** Of the batch norms. */
  readonly epsilon: number;
  readonly momentum: number;
}

/** Collects the layers of a network; each method returns the id of the last layer that it appended. */
export class LayerList {
  readonly layers: Layer[] = [];
  readonly #conventions: Conventions;

  constructor(conventions: Conventions) {
    this.#conventions = conventions;
  }

  push(layer: Layer): number {
    return this.layers.push(layer) - 1;
  }

  conv(input: number, weight: string, shape: ConvShape): number {
    return this.push({ op: 'conv', input, weight, ...shape, padding: this.#conventions.padding });
  }

  norm(input: number, name: string): number {
    const { epsilon, momentum } = this.#conventions;
    return this.push({ op: 'batchNorm', input, name, epsilon, momentum });
  }

  /** Convolution and batch norm of these names, and the activation where there is one. */
  convNorm(input: number, conv: string, norm: string, shape: ConvShape, activation?: Activation): number {
    const normed = this.norm(this.conv(input, `${conv}.weight`, shape), norm);
    return activation === undefined ? normed : this.push({ op: activation, input: normed });
  }

  /** Global pooling, dropout where it is asked for, and the dense layer of that name; the id of the pooled features. */
  head(input: number, name: string, { classes, dropout = 0 }: NetworkOptions): number {
    const features = this.push({ op: 'globalPool', input });
    const kept = dropout > 0 ? this.push({ op: 'dropout', input: features, rate: dropout }) : features;
    this.push({ op: 'dense', input: kept, name, units: classes });
    return features;
  }
}

/** Throws InputError where no network could be built with these options. */
export function checkOptions({ classes, dropout = 0 }: NetworkOptions): void {
  if (!Number.isInteger(classes) || classes < 1) {
    throw new InputError(`A network cannot have ${classes} classes.`, 'Give a whole number of classes from 1 on.');
  }
  if (!(dropout >= 0 && dropout < 1)) {
    throw new InputError(`The dropout ${dropout} is not a share.`, 'Give a number from 0 to below 1.');
  }
}
