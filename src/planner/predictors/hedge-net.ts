import type { Rng } from '../../lib/rng.ts';

/** The network under hedge backpropagation: ReLU layers, each followed by a head of one output; head 0 reads the input. */
export interface HedgeNet {
  readonly layers: readonly HiddenLayer[];
  readonly heads: readonly Head[];
  /** Weight of each head in the prediction; they sum to 1. */
  alpha: number[];
}

interface HiddenLayer {
  readonly inputs: number;
  /** [outputs, inputs] row-major. */
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  readonly output: Float64Array;
}

interface Head {
  readonly weights: Float64Array;
  bias: number;
}

export type HedgeNetState = {
  readonly layers: readonly { readonly weights: readonly number[]; readonly bias: readonly number[] }[];
  readonly heads: readonly { readonly weights: readonly number[]; readonly bias: number }[];
  readonly alpha: readonly number[];
};

const hiddenUnits = 24;
const hiddenLayers = 3;
const learningRate = 0.01;
/**
 * Pull of every weight towards 0, per step and unit of learning rate. Strong at first, since a few hundred runs of a
 * handful of data sets are easily learnt by heart: on synthetic tasks a tenth of it made the choice for a new data set
 * worse than the bare prior's. It fades as runs come in, as a prior does.
 */
export const decayAfter = (experiences: number): number => 60 / (300 + experiences);
/** Length of a head's input above which its step is shortened, so that no single run can make it diverge. */
const longInput = 2 * hiddenUnits;

/** Hidden layers after He et al.; heads start at zero, so a new network predicts nothing but the prior. */
export function createNet(inputs: number, rng: Rng): HedgeNet {
  const sizes = [inputs, ...new Array<number>(hiddenLayers).fill(hiddenUnits)];
  const layers = sizes.slice(1).map((outputs, l) => {
    const width = sizes[l] as number;
    const deviation = Math.sqrt(2 / Math.max(1, width));
    return hiddenLayer(
      width,
      Float64Array.from({ length: outputs * width }, () => deviation * rng.normal()),
      new Float64Array(outputs),
    );
  });
  const heads = sizes.map((size): Head => ({ weights: new Float64Array(size), bias: 0 }));
  return { layers, heads, alpha: heads.map(() => 1 / heads.length) };
}

const hiddenLayer = (inputs: number, weights: Float64Array, bias: Float64Array): HiddenLayer => {
  return { inputs, weights, bias, output: new Float64Array(bias.length) };
};

/** Output of every head; the hidden activations stay in the layers for `descend`. */
export function forward(net: HedgeNet, x: Float64Array): number[] {
  let input = x;
  const outputs = [headOutput(net.heads[0] as Head, x)];
  for (const [l, layer] of net.layers.entries()) {
    for (let o = 0; o < layer.output.length; o++) {
      let sum = layer.bias[o] as number;
      const row = o * layer.inputs;
      for (let i = 0; i < layer.inputs; i++) sum += (layer.weights[row + i] as number) * (input[i] as number);
      layer.output[o] = Math.max(0, sum);
    }
    input = layer.output;
    outputs.push(headOutput(net.heads[l + 1] as Head, input));
  }
  return outputs;
}

function headOutput(head: Head, input: Float64Array): number {
  let sum = head.bias;
  for (let i = 0; i < input.length; i++) sum += (head.weights[i] as number) * (input[i] as number);
  return sum;
}

/**
 * One gradient step after `forward` on the same input. `slopes` are each head's derivative of its loss by its output;
 * a head's gradient is weighted by its alpha, a hidden layer's is the sum over the heads above it. Weights that are in
 * use shrink by `decay` as well.
 */
export function descend(net: HedgeNet, x: Float64Array, slopes: readonly number[], decay: number): void {
  const inputOf = (l: number): Float64Array => (l === 0 ? x : (net.layers[l - 1] as HiddenLayer).output);
  let above = new Float64Array(inputOf(net.layers.length).length);
  for (let l = net.layers.length; l >= 0; l--) {
    const head = net.heads[l] as Head;
    const slope = (net.alpha[l] as number) * (slopes[l] as number);
    for (let i = 0; i < above.length; i++) above[i] = (above[i] as number) + slope * (head.weights[i] as number);
    stepHead(head, inputOf(l), slope, decay);
    if (l > 0) above = stepLayer(net.layers[l - 1] as HiddenLayer, inputOf(l - 1), above, decay);
  }
}

function stepHead(head: Head, input: Float64Array, slope: number, decay: number): void {
  let length2 = 1;
  for (const value of input) length2 += value * value;
  const step = (learningRate * slope) / Math.max(1, length2 / longInput);
  for (let i = 0; i < input.length; i++) {
    head.weights[i] = (1 - learningRate * decay) * (head.weights[i] as number) - step * (input[i] as number);
  }
  head.bias -= step;
}

/** Steps a layer along the gradient of its outputs and returns the gradient of its inputs (by the old weights). */
function stepLayer(
  layer: HiddenLayer,
  input: Float64Array,
  outputGradient: Float64Array,
  decay: number,
): Float64Array<ArrayBuffer> {
  const inputGradient = new Float64Array(layer.inputs);
  for (let o = 0; o < layer.output.length; o++) {
    const gradient = outputGradient[o] as number;
    if ((layer.output[o] as number) <= 0 || gradient === 0) continue;
    const row = o * layer.inputs;
    const step = learningRate * gradient;
    for (let i = 0; i < layer.inputs; i++) {
      const weight = layer.weights[row + i] as number;
      inputGradient[i] = (inputGradient[i] as number) + gradient * weight;
      layer.weights[row + i] = (1 - learningRate * decay) * weight - step * (input[i] as number);
    }
    layer.bias[o] = (layer.bias[o] as number) - step;
  }
  return inputGradient;
}

export const netState = (net: HedgeNet): HedgeNetState => ({
  layers: net.layers.map(({ weights, bias }) => ({ weights: [...weights], bias: [...bias] })),
  heads: net.heads.map(({ weights, bias }) => ({ weights: [...weights], bias })),
  alpha: [...net.alpha],
});

/** Undefined where the shapes do not fit together or a number is not finite. */
export function restoreNet(raw: unknown, inputs: number): HedgeNet | undefined {
  const saved = raw as Partial<HedgeNetState> | null;
  if (!Array.isArray(saved?.layers) || !Array.isArray(saved.heads) || !Array.isArray(saved.alpha)) return undefined;
  const layers: HiddenLayer[] = [];
  let width = inputs;
  for (const { weights, bias } of saved.layers as HedgeNetState['layers']) {
    if (!isNumbers(bias, bias?.length) || !isNumbers(weights, bias.length * width)) return undefined;
    layers.push(hiddenLayer(width, Float64Array.from(weights), Float64Array.from(bias)));
    width = bias.length;
  }
  const widths = [inputs, ...layers.map((layer) => layer.bias.length)];
  const heads = saved.heads as HedgeNetState['heads'];
  const fits = heads.length === widths.length && heads.every((h, l) => isNumbers(h.weights, widths[l]));
  if (!fits || !heads.every((h) => Number.isFinite(h.bias)) || !isNumbers(saved.alpha, heads.length)) return undefined;
  return {
    layers,
    heads: heads.map(({ weights, bias }) => ({ weights: Float64Array.from(weights), bias })),
    alpha: [...saved.alpha],
  };
}

const isNumbers = (value: unknown, length: number | undefined): value is readonly number[] =>
  Array.isArray(value) && value.length === length && value.every(Number.isFinite);
