import type { Following } from '../graph/operations/normalisation.ts';
import { inputsOf, type Layer, type Network } from './layers.ts';
import { stageOf } from './parameters.ts';

/** A batch norm with the convolution that it alone reads, and the addition and the activation that alone read it. */
export interface NormRun {
  /** Id of the convolution; undefined where something else comes before. */
  readonly conv: number | undefined;
  readonly norm: Extract<Layer, { op: 'batchNorm' }>;
  /** Id of the last layer, whose value the run's is. */
  readonly last: number;
  /** Id of the layer that is added. */
  readonly residual: number | undefined;
  readonly activation: Following;
}

/**
 * The run of each layer that belongs to one; a layer's value is needed outside of its run only at the run's end.
 * Batch norms of the first `frozenStages` stages begin none: they are not trained.
 */
export function normRuns(network: Network, frozenStages = 0): ReadonlyMap<number, NormRun> {
  const readers = readersOf(network);
  const runs = new Map<number, NormRun>();
  for (const [first, norm] of network.layers.entries()) {
    if (norm.op !== 'batchNorm' || stageOf(network, first) < frozenStages) continue;
    const run = runFrom(network, readers, first, norm, runs);
    for (const id of run.layers) runs.set(id, run.run);
  }
  return runs;
}

function runFrom(
  network: Network,
  readers: readonly (readonly number[])[],
  first: number,
  norm: NormRun['norm'],
  runs: ReadonlyMap<number, NormRun>,
): { readonly run: NormRun; readonly layers: readonly number[] } {
  const ends = new Set(network.stages.map((stage) => stage.end));
  /** The one layer that reads `id`, unless it is taken or the value of `id` is asked for in its own right. */
  const onlyReader = (id: number): number | undefined => {
    const [reader, second] = readers[id] ?? [];
    return second === undefined && reader !== undefined && !ends.has(id) && !runs.has(reader) ? reader : undefined;
  };
  const conv = network.layers[norm.input]?.op === 'conv' && onlyReader(norm.input) === first ? norm.input : undefined;
  const layers = conv === undefined ? [first] : [conv, first];
  let residual: number | undefined;
  let next = onlyReader(first);
  const add = next === undefined ? undefined : network.layers[next];
  if (next !== undefined && add?.op === 'add' && add.inputs[0] !== add.inputs[1]) {
    residual = add.inputs[0] === first ? add.inputs[1] : add.inputs[0];
    layers.push(next);
    next = onlyReader(next);
  }
  const follower = next === undefined ? undefined : network.layers[next];
  let activation: Following = 'none';
  if (next !== undefined && (follower?.op === 'relu' || follower?.op === 'relu6')) {
    activation = follower.op;
    layers.push(next);
  }
  return { run: { conv, norm, last: layers.at(-1) as number, residual, activation }, layers };
}

/** Ids of the layers that read each layer, once for each reading. */
function readersOf(network: Network): readonly (readonly number[])[] {
  const readers: number[][] = network.layers.map(() => []);
  for (const [id, layer] of network.layers.entries()) {
    for (const input of inputsOf(layer)) readers[input]?.push(id);
  }
  return readers;
}
