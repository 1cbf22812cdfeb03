import { LayerList } from './layer-list.ts';
import type { Network, NetworkOptions } from './layers.ts';
import { weightShapes } from './weight-shapes.ts';

export interface Cut {
  /** Name of the network that is left. */
  readonly encoding: string;
  /** How many of the whole network's stages it keeps. */
  readonly stages: number;
  /** Id of the last layer that it keeps, from the end of the last stage on; its values become the features. */
  readonly last: number;
}

/**
 * The network that ends early, with a head of its own on what it has by then. Its tensors have the names that they have in
 * the whole network, so a file of weights of the one serves the other; the whole one's head does not fit and is no part
 * of it.
 */
export function cutNetwork(whole: Network, { encoding, stages, last }: Cut, options: NetworkOptions): Network {
  const head = whole.layers.findLast((layer) => layer.op === 'dense');
  if (head === undefined) throw new Error(`${whole.encoding} has no head`);
  const list = new LayerList({ padding: 'symmetric', epsilon: 0, momentum: 0 });
  list.layers.push(...whole.layers.slice(0, last + 1));
  const features = list.head(last, head.name, options);
  const kept = whole.stages.slice(0, stages).map((stage, i) => (i === stages - 1 ? { ...stage, end: last } : stage));
  const { layers } = list;
  const { classes, normalisation } = whole;
  const own = weightShapes({ layers });
  const leftOut = new Set([...weightShapes(whole).keys()].filter((name) => !own.has(name)));
  return { encoding, layers, stages: kept, features, classes, normalisation, leftOut };
}
