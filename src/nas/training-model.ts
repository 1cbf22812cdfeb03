/**
 * A network in a session, ready to train: one graph with a signature for each thing that a run does, over variables that
 * live in the session. A step is one call: forward, loss, backward, update, running statistics, moving average.
 */
import type { Variable } from '../graph/builder.ts';
import { type Feed, kernelsHere, Session } from '../graph/session.ts';
import { createRng, deriveSeed } from '../lib/rng.ts';
import { elementsOf, type HostTensor } from './host-tensor.ts';
import type { Network } from './layers.ts';
import { fromTorch, type Parameter, startValues, toTorch } from './parameters.ts';
import { averagePrefix, startPrefix, TrainingGraph, type TrainingOptions } from './training-graph.ts';
import { headTensors } from './weight-shapes.ts';

/** What one step is fed with, besides images (or activations) and targets. */
export interface StepSettings {
  readonly learningRate: number;
  /** 1-based. */
  readonly step: number;
  readonly averageDecay: number;
  readonly seed: number;
}

export class TrainingModel {
  readonly network: Network;
  readonly options: TrainingOptions;
  readonly parameters: readonly Parameter[];
  /** Shape of the frozen stages' activations, without the batch; undefined where nothing is frozen. */
  readonly boundaryShape: readonly number[] | undefined;
  readonly #state: readonly Variable[];
  readonly #session: Session;
  private constructor(network: Network, options: TrainingOptions, graph: TrainingGraph, session: Session) {
    this.network = network;
    this.options = options;
    this.parameters = graph.parameters;
    this.boundaryShape = graph.boundaryShape;
    this.#state = graph.state;
    this.#session = session;
  }

  static async open(network: Network, options: TrainingOptions): Promise<TrainingModel> {
    const graph = new TrainingGraph(network, options, await kernelsHere());
    return new TrainingModel(network, options, graph, await Session.open(graph.g));
  }

  /** Sets the parameters (PyTorch layout, by name); those not given start from `seed`; optimizer and average start anew. */
  start(weights: ReadonlyMap<string, HostTensor>, seed: number): void {
    const values = new Map<string, Float32Array>();
    for (const p of this.parameters) {
      const given = weights.get(p.name);
      values.set(p.name, given ? fromTorch(p, given) : startValues(p, createRng(deriveSeed(seed, p.name))));
    }
    this.restore(
      new Map(
        this.#state.map((v) => {
          const copied = copyPrefixes.find((prefix) => v.name.startsWith(prefix)) ?? '';
          return [v.name, values.get(v.name.slice(copied.length)) ?? new Float32Array(elementsOf(v.shape))];
        }),
      ),
    );
  }

  /** One training step over a full batch; the mean loss. */
  step(data: Float32Array | Int32Array, targets: Float32Array, settings: StepSettings): number {
    const { batchSize, inputSize, cachedFeatures } = this.options;
    const shape = cachedFeatures ? (this.boundaryShape ?? []) : [inputSize, inputSize, 3];
    const fetched = this.#session.run('step', {
      data: { data, shape: [batchSize, ...shape] },
      targets: { data: targets, shape: [batchSize, this.network.classes] },
      learningRate: scalar(settings.learningRate),
      updateNumber: scalar(settings.step),
      averageDecay: scalar(settings.averageDecay),
      seed: { data: Int32Array.of(settings.seed, settings.step), shape: [2] },
    });
    return fetched['loss']?.data[0] as number;
  }

  /**
   * Logits [n, classes] of images [n, size, size, 3] (or of cached activations), with the average where one is kept; with
   * another share of the start than the model's own where that has one.
   */
  logits(data: Float32Array | Int32Array, rows: number, startShare?: number): Float32Array {
    return this.#forward(data, rows, startShare)['logits']?.data as Float32Array;
  }

  /** Pooled features [n, channels] of images [n, size, size, 3] (or of cached activations). */
  embed(data: Float32Array | Int32Array, rows: number): Float32Array {
    return this.#forward(data, rows)['features']?.data as Float32Array;
  }

  #forward(data: Float32Array | Int32Array, rows: number, startShare = this.options.startShare ?? 0) {
    const { inputSize, cachedFeatures } = this.options;
    const shape = cachedFeatures ? (this.boundaryShape ?? []) : [inputSize, inputSize, 3];
    return this.#session.run('forward', {
      data: { data, shape: [rows, ...shape] },
      ...(this.options.startShare ? { startShare: scalar(startShare) } : {}),
    });
  }

  /** Activations of the frozen stages for images [n, size, size, 3]: what `cachedFeatures` are made of. */
  boundary(images: Int32Array, rows: number): Float32Array {
    const { inputSize } = this.options;
    const shape = [rows, inputSize, inputSize, 3];
    return this.#session.run('boundary', { data: { data: images, shape } })['activations']?.data as Float32Array;
  }

  /** All parameters in PyTorch's layout by their published names, as they evaluate. */
  weights(): Map<string, HostTensor> {
    const { average, startShare = 0 } = this.options;
    const state = this.state();
    const prefix = average ? averagePrefix : '';
    return new Map(
      this.parameters.map((p) => {
        const [now, start] = [state.get(prefix + p.name) as Float32Array, state.get(startPrefix + p.name)];
        const values = start ? now.map((value, i) => value + startShare * ((start[i] as number) - value)) : now;
        return [p.name, toTorch(p, values)];
      }),
    );
  }

  /** Everything that a resumed run needs: parameters, optimizer state, average, what training began with. */
  state(): Map<string, Float32Array> {
    const fetched = this.#session.run('state');
    return new Map(this.#state.map((v, i) => [v.name, fetched[`v${i}`]?.data as Float32Array]));
  }

  restore(state: ReadonlyMap<string, Float32Array>): void {
    const feeds: Record<string, Feed> = {};
    for (const [i, v] of this.#state.entries()) {
      const data = state.get(v.name);
      if (data?.length !== elementsOf(v.shape)) throw new Error(`state of ${v.name}: ${data?.length} values`);
      feeds[`v${i}`] = { data, shape: v.shape };
    }
    this.#session.run('restore', feeds);
  }

  /**
   * Sets the head that training begins with, and its copies where some are kept: weight [classes, features] as PyTorch has
   * it, bias [classes].
   */
  setHead(weight: Float32Array, bias: Float32Array): void {
    const state = this.state();
    for (const [i, name] of headTensors(this.network).entries()) {
      const parameter = this.parameters.find((p) => p.name === name) as Parameter;
      const data = i === 0 ? weight : bias;
      const values = fromTorch(parameter, { dtype: 'F32', shape: parameter.torchShape, data });
      for (const variable of ['', ...copyPrefixes].map((prefix) => prefix + name))
        if (state.has(variable)) state.set(variable, values);
    }
    this.restore(state);
  }

  close(): void {
    this.#session.close();
  }
}

/** Of variables that begin as copies of a parameter. */
const copyPrefixes = [averagePrefix, startPrefix] as const;

const scalar = (value: number): Feed => ({ data: Float32Array.of(value), shape: [] });
