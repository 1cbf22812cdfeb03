/**
 * A small neural network for tables, in batches: standardised inputs, two hidden layers of ReLU with dropout, squared error,
 * AdamW with one cycle of the learning rate (Loshchilov and Hutter, ICLR 2019; Smith, 2018). Where trees step, it is smooth:
 * what it says between and beyond the examples goes on as they do. An ensemble of both errs less than either.
 */
import type { Rng } from '../../lib/rng.ts';
import type { Examples } from './boosted-trees.ts';

export interface TableNetOptions {
  /** Units of the two hidden layers. */
  readonly hidden: readonly [number, number];
  /** Share of the units of each hidden layer that drop out. */
  readonly dropout: readonly [number, number];
  readonly epochs: number;
  readonly batch: number;
  /** The highest. */
  readonly learningRate: number;
  readonly weightDecay: number;
}

export const defaultTableNet: TableNetOptions = {
  hidden: [64, 32],
  dropout: [0.2, 0.1],
  epochs: 12,
  batch: 128,
  learningRate: 3e-3,
  weightDecay: 0.05,
};

export interface TableNet {
  readonly means: Float32Array;
  /** 1 / standard deviation of each input; 0 for one that never differs. */
  readonly scales: Float32Array;
  readonly layers: readonly DenseLayer[];
}

interface DenseLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** [outputs, inputs] row-major. */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

/** Standard deviations beyond which an input says no more than "far away". */
const largestScore = 4;

/** Throws where there are no rows. */
export function fitTableNet({ rows, targets }: Examples, options: TableNetOptions, rng: Rng): TableNet {
  const [first] = rows;
  if (first === undefined) throw new Error('no rows to learn from');
  const inputs = first.length;
  const { means, scales } = scaleOf(rows, inputs);
  const scores = new Float32Array(rows.length * inputs);
  for (const [i, row] of rows.entries()) standardise(row, means, scales, scores.subarray(i * inputs));
  const sizes = [inputs, ...options.hidden, 1];
  const layers = sizes.slice(1).map((outputs, l) => startLayer(sizes[l] as number, outputs, rng));
  let mean = 0;
  for (let i = 0; i < rows.length; i++) mean += (targets[i] as number) / rows.length;
  (layers.at(-1) as DenseLayer).bias[0] = mean;
  const batch = Math.min(options.batch, rows.length);
  const training = new Training(layers, { ...options, batch }, rng);
  const batches = Math.floor(rows.length / batch);
  const steps = options.epochs * batches;
  let order = [...rows.keys()];
  for (let step = 0; step < steps; step++) {
    if (step % batches === 0) order = rng.shuffle(order);
    const from = (step % batches) * batch;
    for (let i = 0; i < batch; i++) {
      const row = order[from + i] as number;
      training.input.set(scores.subarray(row * inputs, (row + 1) * inputs), i * inputs);
      training.targets[i] = targets[row] as number;
    }
    training.step(cycleAt(step / steps) * options.learningRate);
  }
  return { means, scales, layers };
}

export function predictTableNet({ means, scales, layers }: TableNet, row: Float64Array): number {
  let values = new Float32Array(row.length);
  standardise(row, means, scales, values);
  for (const [l, layer] of layers.entries()) {
    const out = new Float32Array(layer.outputs);
    forward(layer, values, out, 1, l < layers.length - 1);
    values = out;
  }
  return values[0] as number;
}

/** Share of the highest rate: up over three tenths of the way, then down as a cosine. */
const cycleAt = (share: number): number =>
  share < 0.3 ? 0.04 + (0.96 * share) / 0.3 : 0.5 * (1 + Math.cos((Math.PI * (share - 0.3)) / 0.7));

function scaleOf(rows: readonly Float64Array[], inputs: number) {
  const means = new Float32Array(inputs);
  const scales = new Float32Array(inputs);
  for (let j = 0; j < inputs; j++) {
    let [sum, squares] = [0, 0];
    for (const row of rows) sum += row[j] as number;
    const mean = sum / rows.length;
    for (const row of rows) squares += ((row[j] as number) - mean) ** 2;
    const deviation = Math.sqrt(squares / rows.length);
    means[j] = mean;
    scales[j] = deviation > 1e-9 ? 1 / deviation : 0;
  }
  return { means, scales };
}

function standardise(row: Float64Array, means: Float32Array, scales: Float32Array, out: Float32Array): void {
  for (let j = 0; j < means.length; j++) {
    const score = ((row[j] as number) - (means[j] as number)) * (scales[j] as number);
    out[j] = Math.max(-largestScore, Math.min(largestScore, score));
  }
}

function startLayer(inputs: number, outputs: number, rng: Rng): DenseLayer {
  const deviation = outputs === 1 ? 0.1 / Math.sqrt(inputs) : Math.sqrt(2 / inputs);
  const weights = Float32Array.from({ length: inputs * outputs }, () => deviation * rng.normal());
  return { inputs, outputs, weights, bias: new Float32Array(outputs) };
}

/** `out` [count, outputs] of `x` [count, inputs]. */
function forward(layer: DenseLayer, x: Float32Array, out: Float32Array, count: number, rectify: boolean): void {
  const { inputs, outputs, weights, bias } = layer;
  for (let i = 0; i < count; i++) {
    const at = i * inputs;
    for (let o = 0; o < outputs; o++) {
      const w = o * inputs;
      let sum = bias[o] as number;
      for (let k = 0; k < inputs; k++) sum += (weights[w + k] as number) * (x[at + k] as number);
      out[i * outputs + o] = rectify && sum < 0 ? 0 : sum;
    }
  }
}

const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];

/** What AdamW remembers of each number of a list. */
interface Moments {
  readonly values: Float32Array;
  readonly gradient: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
  readonly decays: boolean;
}

class Training {
  readonly input: Float32Array;
  readonly targets: Float32Array;
  readonly #layers: readonly DenseLayer[];
  readonly #options: TableNetOptions;
  readonly #rng: Rng;
  /** Of each layer, [batch, outputs], after ReLU and dropout. */
  readonly #outputs: readonly Float32Array[];
  /** Of the loss by them. */
  readonly #gradients: readonly Float32Array[];
  /** By layer: weights, then bias. */
  readonly #moments: readonly (readonly [Moments, Moments])[];
  #steps = 0;

  constructor(layers: readonly DenseLayer[], options: TableNetOptions, rng: Rng) {
    const [first] = layers as [DenseLayer];
    const { batch } = options;
    this.#layers = layers;
    this.#options = options;
    this.#rng = rng;
    this.input = new Float32Array(batch * first.inputs);
    this.targets = new Float32Array(batch);
    this.#outputs = layers.map(({ outputs }) => new Float32Array(batch * outputs));
    this.#gradients = layers.map(({ outputs }) => new Float32Array(batch * outputs));
    this.#moments = layers.map(({ weights, bias }) => [momentsOf(weights, true), momentsOf(bias, false)]);
  }

  step(learningRate: number): void {
    const { batch, dropout } = this.#options;
    this.#steps++;
    for (const [l, layer] of this.#layers.entries()) {
      const isLast = l === this.#layers.length - 1;
      const out = this.#outputs[l] as Float32Array;
      forward(layer, this.#outputs[l - 1] ?? this.input, out, batch, !isLast);
      if (!isLast) this.#dropOut(out, dropout[l] ?? 0);
    }
    const [predicted, loss] = [this.#outputs.at(-1) as Float32Array, this.#gradients.at(-1) as Float32Array];
    for (let i = 0; i < batch; i++) loss[i] = (2 * ((predicted[i] as number) - (this.targets[i] as number))) / batch;
    for (let l = this.#layers.length - 1; l >= 0; l--) this.#backward(l);
    for (const [weights, bias] of this.#moments) {
      this.#update(weights, learningRate);
      this.#update(bias, learningRate);
    }
  }

  /** What stays is scaled up, so that the sum stays. */
  #dropOut(values: Float32Array, share: number): void {
    if (share === 0) return;
    const scale = 1 / (1 - share);
    for (let i = 0; i < values.length; i++) {
      values[i] = this.#rng.next() < share ? 0 : (values[i] as number) * scale;
    }
  }

  #backward(l: number): void {
    const { batch, dropout } = this.#options;
    const { inputs, outputs, weights } = this.#layers[l] as DenseLayer;
    const x = this.#outputs[l - 1] ?? this.input;
    const dy = this.#gradients[l] as Float32Array;
    const dx = this.#gradients[l - 1];
    const [ofWeights, ofBias] = (this.#moments[l] as readonly [Moments, Moments]).map(({ gradient }) => gradient) as [
      Float32Array,
      Float32Array,
    ];
    ofWeights.fill(0);
    ofBias.fill(0);
    dx?.fill(0);
    const scale = 1 / (1 - (dropout[l - 1] ?? 0));
    for (let i = 0; i < batch; i++) {
      const at = i * inputs;
      for (let o = 0; o < outputs; o++) {
        const slope = dy[i * outputs + o] as number;
        if (slope === 0) continue;
        const w = o * inputs;
        ofBias[o] = (ofBias[o] as number) + slope;
        for (let k = 0; k < inputs; k++)
          ofWeights[w + k] = (ofWeights[w + k] as number) + slope * (x[at + k] as number);
        if (dx === undefined) continue;
        for (let k = 0; k < inputs; k++) dx[at + k] = (dx[at + k] as number) + slope * (weights[w + k] as number);
      }
      // a unit at 0 was cut off by its ReLU or has dropped out
      if (dx !== undefined) for (let k = at; k < at + inputs; k++) dx[k] = x[k] === 0 ? 0 : (dx[k] as number) * scale;
    }
  }

  #update({ values, gradient, first, second, decays }: Moments, learningRate: number): void {
    const keep = decays ? 1 - learningRate * this.#options.weightDecay : 1;
    const [ofFirst, ofSecond] = [1 - beta1 ** this.#steps, 1 - beta2 ** this.#steps];
    for (let i = 0; i < values.length; i++) {
      const slope = gradient[i] as number;
      const m = beta1 * (first[i] as number) + (1 - beta1) * slope;
      const v = beta2 * (second[i] as number) + (1 - beta2) * slope * slope;
      first[i] = m;
      second[i] = v;
      const change = m / ofFirst / (Math.sqrt(v / ofSecond) + epsilon);
      values[i] = keep * (values[i] as number) - learningRate * change;
    }
  }
}

const momentsOf = (values: Float32Array, decays: boolean): Moments => ({
  ...{ values, decays },
  gradient: new Float32Array(values.length),
  first: new Float32Array(values.length),
  second: new Float32Array(values.length),
});
