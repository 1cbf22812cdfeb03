/**
 * Predicts the seconds of a training step from the architecture alone. The time is a sum of what is done, so the model
 * is one: seconds for each MAC of a kind of convolution, for each value that is written, for each layer. Its weights
 * are at least 0 and fit relative errors, since times differ by factors. Fitted on measured pairs of one device.
 */
import { channelsOf, costOf, shapesOf } from './cost.ts';
import { inputsOf, type Layer, type Network } from './layers.ts';

const kinds = ['conv1', 'conv3', 'grouped', 'depthwise', 'dense'] as const;
type Kind = (typeof kinds)[number];

export const stepFeatureNames = [
  ...kinds.map((kind) => `${kind} MACs`),
  'values',
  'layers',
  'parameters',
  'step',
] as const;

export interface MeasuredStep {
  /** As `stepFeatures` gives them. */
  readonly features: readonly number[];
  readonly seconds: number;
}

/** JSON. */
export interface StepModel {
  /** Seconds for each unit of a feature. */
  readonly weights: readonly number[];
  readonly pairs: number;
  /** Relative errors on pairs that the fit did not see: their median, and that below which 9 in 10 lie. */
  readonly error: { readonly median: number; readonly ninth: number };
}

export function stepFeatures(network: Network, inputSize: number): readonly number[] {
  const { layers, parameters } = costOf(network, inputSize);
  const channels = channelsOf(network);
  const macs = new Map<Kind, number>(kinds.map((kind) => [kind, 0]));
  for (const [id, layer] of network.layers.entries()) {
    const kind = kindOf(layer, channels[inputsOf(layer)[0] ?? -1] ?? 0);
    if (kind !== undefined) macs.set(kind, (macs.get(kind) ?? 0) + (layers[id]?.macs ?? 0));
  }
  const values = shapesOf(network, inputSize).reduce((sum, { size, channels: c }) => sum + size * size * c, 0);
  return [...kinds.map((kind) => macs.get(kind) ?? 0), values, network.layers.length, parameters, 1];
}

function kindOf(layer: Layer, inChannels: number): Kind | undefined {
  if (layer.op === 'dense') return 'dense';
  if (layer.op !== 'conv') return undefined;
  if (layer.kernel === 1) return 'conv1';
  if (layer.groups === 1) return 'conv3';
  return layer.groups === inChannels ? 'depthwise' : 'grouped';
}

export const predictedStep = ({ weights }: StepModel, features: readonly number[]): number =>
  weights.reduce((sum, weight, i) => sum + weight * (features[i] ?? 0), 0);

/** Pairs below which nothing is said of a fit. */
export const fewestPairs = 16;
const folds = 5;

/** Undefined with fewer than `fewestPairs`. */
export function fitStepModel(pairs: readonly MeasuredStep[]): StepModel | undefined {
  const sound = pairs.filter(({ seconds }) => seconds > 0 && Number.isFinite(seconds));
  if (sound.length < fewestPairs) return undefined;
  const errors: number[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const weights = fitted(sound.filter((_, i) => i % folds !== fold));
    for (const pair of sound.filter((_, i) => i % folds === fold)) errors.push(relativeError(weights, pair));
  }
  errors.sort((a, b) => a - b);
  const at = (share: number): number => errors[Math.min(errors.length - 1, Math.floor(share * errors.length))] ?? 0;
  return { weights: fitted(sound), pairs: sound.length, error: { median: at(0.5), ninth: at(0.9) } };
}

const relativeError = (weights: readonly number[], { features, seconds }: MeasuredStep): number =>
  Math.abs(weights.reduce((sum, weight, i) => sum + weight * (features[i] ?? 0), 0) / seconds - 1);

/** Against columns that few pairs tell apart. */
const ridge = 1e-3;
const sweeps = 400;

/** Least squares of relative errors with weights of at least 0, by coordinate descent over scaled columns. */
function fitted(pairs: readonly MeasuredStep[]): readonly number[] {
  const width = pairs[0]?.features.length ?? 0;
  const rows = pairs.map(({ features, seconds }) => features.map((x) => x / seconds));
  const scales = Array.from({ length: width }, (_, j) => Math.hypot(...rows.map((row) => row[j] ?? 0)) || 1);
  const columns = scales.map((scale, j) => rows.map((row) => (row[j] ?? 0) / scale));
  const weights = new Array<number>(width).fill(0);
  const rest = new Array<number>(rows.length).fill(1);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const [j, column] of columns.entries()) {
      const before = weights[j] ?? 0;
      const slope = column.reduce((sum, x, i) => sum + x * (rest[i] ?? 0), 0);
      const after = Math.max(0, (slope + before) / (1 + ridge));
      if (after === before) continue;
      for (const [i, x] of column.entries()) rest[i] = (rest[i] ?? 0) - (after - before) * x;
      weights[j] = after;
    }
  }
  return weights.map((weight, j) => weight / (scales[j] ?? 1));
}
