/** Architecture -> graph: builds the layers of a network over a tape. The TensorFlow half of `nas` begins here. */
import type { DataType, Tensor } from '../graph/builder.ts';
import type { RunningStatistics } from '../graph/operations/normalisation.ts';
import { operations } from '../graph/operations/table.ts';
import type { Tape } from '../graph/tape.ts';
import { inputsOf, type Layer, type Network } from './layers.ts';
import { type NormRun, normRuns } from './norm-runs.ts';
import { isDepthwise } from './parameters.ts';

export interface BuildOptions {
  /** Value of a parameter by its published name, float32 in TensorFlow's layout. */
  readonly parameter: (name: string) => Tensor;
  /** Activations and convolutions; batch-norm statistics, head and loss are always float32. */
  readonly precision: 'float32' | 'bfloat16';
  /** Set for a training graph; without it every batch norm uses its running statistics and nothing drops out. */
  readonly training?: {
    /** Stages whose batch norms are frozen with their weights. */
    readonly frozenStages: number;
    /** int32 [2], new at each step. */
    readonly seed: Tensor;
    readonly updateStatistics: (name: string, statistics: RunningStatistics) => void;
  };
}

export interface Built {
  /** [n, classes], float32. */
  readonly logits: Tensor;
  /** [n, channels], float32: the pooled features. */
  readonly features: Tensor;
}

type Values = Map<number, Tensor>;

/** Builds the layers after `from` (a stage's end, or the input when -1), whose value is `input`, up to the logits. */
export function buildNetwork(tape: Tape, network: Network, input: Tensor, from: number, options: BuildOptions): Built {
  const values: Values = new Map([[Math.max(from, 0), toPrecision(tape, input, options.precision)]]);
  buildLayers(tape, network, values, from, network.layers.length - 1, options);
  return { logits: values.get(network.layers.length - 1) as Tensor, features: values.get(network.features) as Tensor };
}

/** Builds the first `stages` stages as they are when frozen; their activations, float32. */
export function buildStages(
  tape: Tape,
  network: Network,
  input: Tensor,
  stages: number,
  options: BuildOptions,
): Tensor {
  const end = boundaryOf(network, stages);
  const values: Values = new Map([[0, toPrecision(tape, input, options.precision)]]);
  buildLayers(tape, network, values, -1, end, options);
  return toPrecision(tape, values.get(end) as Tensor, 'float32');
}

/** Id of the layer at which the first `stages` stages end; -1 for none. */
export const boundaryOf = (network: Network, stages: number): number =>
  stages === 0 ? -1 : (network.stages[stages - 1]?.end ?? -1);

function buildLayers(
  tape: Tape,
  network: Network,
  values: Values,
  from: number,
  to: number,
  options: BuildOptions,
): void {
  const { training } = options;
  const runs = training ? normRuns(network, training.frozenStages) : new Map<number, NormRun>();
  for (let id = Math.max(from, 0) + 1; id <= to; id++) {
    const layer = network.layers[id] as Layer;
    const run = runs.get(id);
    if (training && run) {
      // the run's value appears at its last layer, when its residual is there as well
      if (id === run.last) values.set(id, buildNorm(tape, run, values, options, training));
      continue;
    }
    const inputs = inputsOf(layer).map((i) => values.get(i) as Tensor);
    values.set(id, buildLayer(tape, layer, inputs, options));
  }
}

const toPrecision = (tape: Tape, x: Tensor, dtype: DataType): Tensor =>
  x.dtype === dtype ? x : tape.apply(operations.cast, [x], { dtype });

function buildLayer(tape: Tape, layer: Layer, inputs: readonly Tensor[], options: BuildOptions): Tensor {
  const [x] = inputs as [Tensor];
  const weight = (name: string) => toPrecision(tape, options.parameter(name), options.precision);
  switch (layer.op) {
    case 'input':
      throw new Error('the input is given');
    case 'conv': {
      const filter = weight(layer.weight);
      if (layer.groups === 1) return tape.apply(operations.conv2d, [x, filter], layer);
      const depthwise = isDepthwise(layer.groups, x.shape[3] as number);
      return depthwise
        ? tape.apply(operations.depthwiseConv2d, [x, filter], layer)
        : tape.apply(operations.groupedConv2d, [x, filter], layer);
    }
    case 'batchNorm':
      return buildFrozenNorm(tape, layer, x, options);
    case 'relu':
    case 'relu6':
    case 'swish':
    case 'sigmoid':
      return tape.apply(operations[layer.op], [x], {});
    case 'add':
    case 'concat':
      return tape.apply(operations[layer.op], inputs, {});
    case 'multiply':
      return tape.apply(operations.multiply, [x, toPrecision(tape, inputs[1] as Tensor, x.dtype)], {});
    case 'maxPool': {
      const around = [(layer.kernel - 1) / 2, (layer.kernel - 1) / 2] as const;
      return tape.apply(
        operations.maxPool,
        [tape.apply(operations.pad, [x], { rows: around, columns: around })],
        layer,
      );
    }
    case 'globalPool':
      return toPrecision(tape, tape.apply(operations.globalPool, [x], { keep: false }), 'float32');
    case 'dropout':
      return options.training
        ? tape.apply(operations.dropout, [x], { rate: layer.rate, seed: options.training.seed })
        : x;
    case 'dense': {
      const [matrix, bias] = [options.parameter(`${layer.name}.weight`), options.parameter(`${layer.name}.bias`)];
      return tape.apply(operations.dense, [toPrecision(tape, x, 'float32'), matrix, bias], {});
    }
  }
}

type Norm = Extract<Layer, { op: 'batchNorm' }>;

const normInputs = ({ name }: Norm, x: Tensor, { parameter }: BuildOptions): [Tensor, Tensor, Tensor] => [
  x,
  parameter(`${name}.weight`),
  parameter(`${name}.bias`),
];
const runningOf = ({ name }: Norm, { parameter }: BuildOptions): RunningStatistics => ({
  mean: parameter(`${name}.running_mean`),
  variance: parameter(`${name}.running_var`),
});

function buildFrozenNorm(tape: Tape, layer: Norm, x: Tensor, options: BuildOptions): Tensor {
  const { epsilon, momentum } = layer;
  const attributes = { epsilon, momentum, ...runningOf(layer, options) };
  return tape.apply(operations.frozenBatchNorm, normInputs(layer, x, options), attributes);
}

function buildNorm(
  tape: Tape,
  { norm, residual, activation }: NormRun,
  values: Values,
  options: BuildOptions,
  { updateStatistics }: NonNullable<BuildOptions['training']>,
): Tensor {
  const inputs = normInputs(norm, values.get(norm.input) as Tensor, options);
  if (residual !== undefined) inputs.push(values.get(residual) as Tensor);
  const update = (statistics: RunningStatistics) => updateStatistics(norm.name, statistics);
  const { epsilon, momentum } = norm;
  const attributes = { epsilon, momentum, activation, ...runningOf(norm, options), update };
  return tape.apply(operations.batchNorm, inputs, attributes);
}
