/** Architecture -> graph: builds the layers of a network over a tape. The TensorFlow half of `nas` begins here. */
import type { DataType, Tensor } from '../graph/builder.ts';
import type { RunningStatistics } from '../graph/operations/normalisation.ts';
import { operations } from '../graph/operations/table.ts';
import type { Tape } from '../graph/tape.ts';
import { inputsOf, type Layer, type Network } from './layers.ts';
import { type NormRun, normRuns } from './norm-runs.ts';
import { isDepthwise } from './parameters.ts';

export type NormStatistics = 'batch' | 'stored';

export interface BuildOptions {
  /** Value of a parameter by its published name, float32 in TensorFlow's layout. */
  readonly parameter: (name: string) => Tensor;
  /** Activations and convolutions; batch-norm statistics, head and loss are always float32. */
  readonly precision: 'float32' | 'bfloat16';
  /** Set for a training graph; without it every batch norm uses its running statistics and nothing drops out. */
  readonly training?: {
    /** Stages whose batch norms are frozen with their weights. */
    readonly frozenStages: number;
    /** Statistics that the other batch norms go by: the batch's own, or the running ones, which then stay as they are. */
    readonly normStatistics: NormStatistics;
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
      if (id === run.last) values.set(id, buildRun(tape, network, run, values, options, training));
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
  switch (layer.op) {
    case 'input':
      throw new Error('the input is given');
    case 'conv':
      return buildConvolution(tape, layer, x, options.parameter(layer.weight), options);
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

function buildConvolution(tape: Tape, layer: Convolution, x: Tensor, values: Tensor, options: BuildOptions): Tensor {
  const filter = toPrecision(tape, values, options.precision);
  if (layer.groups === 1) return tape.apply(operations.conv2d, [x, filter], layer);
  const depthwise = isDepthwise(layer.groups, x.shape[3] as number);
  return tape.apply(depthwise ? operations.depthwiseConv2d : operations.groupedConv2d, [x, filter], layer);
}

type Convolution = Extract<Layer, { op: 'conv' }>;
type Training = NonNullable<BuildOptions['training']>;
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

function buildRun(
  tape: Tape,
  network: Network,
  run: NormRun,
  values: Values,
  options: BuildOptions,
  training: Training,
): Tensor {
  const conv = run.conv === undefined ? undefined : (network.layers[run.conv] as Convolution);
  const x = values.get(conv ? conv.input : run.norm.input) as Tensor;
  const residual = run.residual === undefined ? [] : [values.get(run.residual) as Tensor];
  if (training.normStatistics === 'stored') return buildFolded(tape, run, conv, [x, ...residual], options);
  const filtered = conv ? buildConvolution(tape, conv, x, options.parameter(conv.weight), options) : x;
  const { norm, activation } = run;
  const update = (statistics: RunningStatistics) => training.updateStatistics(norm.name, statistics);
  const { epsilon, momentum } = norm;
  const attributes = { epsilon, momentum, activation, ...runningOf(norm, options), update };
  return tape.apply(operations.batchNorm, [...normInputs(norm, filtered, options), ...residual], attributes);
}

/** A batch norm over its running statistics as filter and bias of the convolution before it. */
function buildFolded(
  tape: Tape,
  { norm, activation }: NormRun,
  conv: Convolution | undefined,
  [x, ...residual]: readonly [Tensor, ...Tensor[]],
  options: BuildOptions,
): Tensor {
  const [, scale, offset] = normInputs(norm, x, options);
  const { mean, variance } = runningOf(norm, options);
  const factor = tape.apply(operations.normFactor, [scale], { variance, epsilon: norm.epsilon });
  const shift = tape.apply(operations.normShift, [offset, factor], { mean });
  const scaled = (values: Tensor, axes: 1 | 2) => tape.apply(operations.scaleChannels, [values, factor], { axes });
  let filtered: Tensor;
  if (conv) {
    const axes = isDepthwise(conv.groups, x.shape[3] as number) ? 2 : 1;
    filtered = buildConvolution(tape, conv, x, scaled(options.parameter(conv.weight), axes), options);
  } else filtered = scaled(x, 1);
  return tape.apply(operations.biasActivation, [filtered, shift, ...residual], { activation });
}
