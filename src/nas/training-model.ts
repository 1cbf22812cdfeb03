/**
 * A network in a session, ready to train: one graph with a signature for each thing that a run does, over variables that
 * live in the session. A step is one call: forward, loss, backward, update, running statistics, moving average.
 */
import { attr, GraphBuilder, type Tensor, type Variable } from '../graph/builder.ts';
import { operations } from '../graph/operations/table.ts';
import { clipByGlobalNorm, type OptimizerName, optimizers, updateAverage } from '../graph/optimizers.ts';
import { type Feed, Session } from '../graph/session.ts';
import { Tape } from '../graph/tape.ts';
import { createRng, deriveSeed } from '../lib/rng.ts';
import { elementsOf, type HostTensor } from './host-tensor.ts';
import type { Network } from './layers.ts';
import { boundaryOf, buildNetwork, buildStages } from './network.ts';
import { fromTorch, type Parameter, parametersOf, startValues, toTorch } from './parameters.ts';

export interface TrainingOptions {
  readonly batchSize: number;
  readonly inputSize: number;
  readonly frozenStages: number;
  readonly optimizer: OptimizerName;
  readonly weightDecay: number;
  readonly labelSmoothing: number;
  /** Largest joint norm of the gradients; 0 switches clipping off. */
  readonly clipNorm: number;
  /** Whether a moving average of all parameters is kept; evaluation and export then use it. */
  readonly average: boolean;
  readonly precision: 'fp32' | 'bf16';
  /** Steps are fed with the frozen stages' activations in place of images. */
  readonly cachedFeatures: boolean;
}

/** What one step is fed with, besides images (or activations) and targets. */
export interface StepSettings {
  readonly learningRate: number;
  /** 1-based. */
  readonly step: number;
  readonly averageDecay: number;
  readonly seed: number;
}

/** Channel statistics of ImageNet, by which images are normalised. */
const channelMean = Float32Array.of(0.485, 0.456, 0.406);
const channelDeviation = Float32Array.of(0.229, 0.224, 0.225);

/** RGB values 0 to 255 [n, h, w, 3] of any type -> normalised float32. */
export function normaliseImages(g: GraphBuilder, images: Tensor): Tensor {
  const scale = channelDeviation.map((d) => 1 / (255 * d));
  const shift = channelMean.map((m, i) => -m / (channelDeviation[i] as number));
  const scaled = g.like('Mul', [g.cast(images, 'float32'), g.floats(scale, [3])]);
  return g.like('AddV2', [scaled, g.floats(shift, [3])]);
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
    const graph = new TrainingGraph(network, options);
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
          const source = v.name.startsWith(averagePrefix) ? v.name.slice(averagePrefix.length) : v.name;
          return [v.name, values.get(source) ?? new Float32Array(elementsOf(v.shape))];
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

  /** Logits [n, classes] of images [n, size, size, 3] (or of cached activations), with the average where one is kept. */
  logits(data: Float32Array | Int32Array, rows: number): Float32Array {
    return this.#forward(data, rows)['logits']?.data as Float32Array;
  }

  /** Pooled features [n, channels] of images [n, size, size, 3] (or of cached activations). */
  embed(data: Float32Array | Int32Array, rows: number): Float32Array {
    return this.#forward(data, rows)['features']?.data as Float32Array;
  }

  #forward(data: Float32Array | Int32Array, rows: number) {
    const { inputSize, cachedFeatures } = this.options;
    const shape = cachedFeatures ? (this.boundaryShape ?? []) : [inputSize, inputSize, 3];
    return this.#session.run('forward', { data: { data, shape: [rows, ...shape] } });
  }

  /** Activations of the frozen stages for images [n, size, size, 3]: what `cachedFeatures` are made of. */
  boundary(images: Int32Array, rows: number): Float32Array {
    const { inputSize } = this.options;
    const shape = [rows, inputSize, inputSize, 3];
    return this.#session.run('boundary', { data: { data: images, shape } })['activations']?.data as Float32Array;
  }

  /** All parameters in PyTorch's layout by their published names; the average where one is kept. */
  weights(): Map<string, HostTensor> {
    const state = this.state();
    const prefix = this.options.average ? averagePrefix : '';
    return new Map(this.parameters.map((p) => [p.name, toTorch(p, state.get(prefix + p.name) as Float32Array)]));
  }

  /** Everything that a resumed run needs: parameters, optimizer state, average. */
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

  close(): void {
    this.#session.close();
  }
}

const averagePrefix = 'average/';
const scalar = (value: number): Feed => ({ data: Float32Array.of(value), shape: [] });

class TrainingGraph {
  readonly g = new GraphBuilder();
  readonly parameters: readonly Parameter[];
  readonly state: Variable[] = [];
  boundaryShape: readonly number[] | undefined;
  readonly #network: Network;
  readonly #options: TrainingOptions;
  readonly #variables = new Map<string, Variable>();
  readonly #averages = new Map<string, Variable>();

  constructor(network: Network, options: TrainingOptions) {
    this.#network = network;
    this.#options = options;
    this.parameters = parametersOf(network);
    for (const p of this.parameters) {
      this.#variables.set(p.name, this.#keep(p.name, p.shape));
      if (options.average) this.#averages.set(p.name, this.#keep(averagePrefix + p.name, p.shape));
    }
    if (options.frozenStages > 0) this.#boundary();
    this.#step();
    this.#forward();
    this.#stateSignatures();
  }

  #keep(name: string, shape: readonly number[]): Variable {
    const variable = this.g.variable(name, shape);
    this.state.push(variable);
    return variable;
  }

  get #precision() {
    return this.#options.precision === 'bf16' ? 'bfloat16' : 'float32';
  }

  /** Values of the parameters by name, each read once in a signature. */
  #reader(source: ReadonlyMap<string, Variable>): (name: string) => Tensor {
    const reads = new Map<string, Tensor>();
    return (name) => {
      const known = reads.get(name) ?? this.g.read(source.get(name) as Variable);
      reads.set(name, known);
      return known;
    };
  }

  #images(name: string, rows: number): Tensor {
    const { inputSize } = this.#options;
    return this.g.placeholder(name, [rows, inputSize, inputSize, 3], 'int32');
  }

  #boundary(): void {
    const data = this.#images('boundary_data', -1);
    const parameter = this.#reader(this.#variables);
    const { frozenStages } = this.#options;
    const options = { parameter, precision: this.#precision } as const;
    const activations = buildStages(
      new Tape(this.g),
      this.#network,
      normaliseImages(this.g, data),
      frozenStages,
      options,
    );
    this.boundaryShape = activations.shape.slice(1);
    this.g.signature('boundary', { data }, { activations });
  }

  /** The tensor to feed and the layer after which the network goes on from it. */
  #input(name: string, rows: number): { data: Tensor; input: Tensor; from: number } {
    if (!this.#options.cachedFeatures) {
      const data = this.#images(name, rows);
      return { data, input: normaliseImages(this.g, data), from: -1 };
    }
    const data = this.g.placeholder(name, [rows, ...(this.boundaryShape ?? [])], 'float32');
    return { data, input: data, from: boundaryOf(this.#network, this.#options.frozenStages) };
  }

  #step(): void {
    const { g } = this;
    const o = this.#options;
    const { data, input, from } = this.#input('step_data', o.batchSize);
    const targets = g.placeholder('step_targets', [o.batchSize, this.#network.classes], 'float32');
    const seed = g.placeholder('step_seed', [2], 'int32');
    const [learningRate, updateNumber, averageDecay] = ['learning_rate', 'update_number', 'average_decay'].map((name) =>
      g.placeholder(name, [], 'float32'),
    ) as [Tensor, Tensor, Tensor];
    const tape = new Tape(g);
    const parameter = this.#reader(this.#variables);
    const done: string[] = [];
    const updateStatistics = (name: string, s: { mean: Tensor; variance: Tensor }): void => {
      done.push(g.assign(this.#variables.get(`${name}.running_mean`) as Variable, s.mean));
      done.push(g.assign(this.#variables.get(`${name}.running_var`) as Variable, s.variance));
    };
    const training = { frozenStages: o.frozenStages, seed, updateStatistics };
    const { logits } = buildNetwork(tape, this.#network, input, from, {
      parameter,
      precision: this.#precision,
      training,
    });
    const loss = tape.apply(operations.softmaxCrossEntropy, [logits, targets], { labelSmoothing: o.labelSmoothing });
    done.push(...this.#updates(tape, loss, parameter, learningRate, updateNumber));
    if (o.average) {
      const moved = this.parameters.map((p) => {
        const [average, variable] = [this.#averages.get(p.name) as Variable, this.#variables.get(p.name) as Variable];
        return updateAverage(g, average, variable, averageDecay, done);
      });
      done.push(...moved);
    }
    const inputs = { data, targets, learningRate, updateNumber, averageDecay, seed };
    g.signature('step', inputs, { loss: g.after(loss, done) });
  }

  #updates(
    tape: Tape,
    loss: Tensor,
    parameter: (name: string) => Tensor,
    learningRate: Tensor,
    updateNumber: Tensor,
  ): string[] {
    const { g } = this;
    const o = this.#options;
    const trained = this.parameters.filter((p) => !p.statistic && p.stage >= o.frozenStages);
    const gradients = tape.gradients(
      loss,
      trained.map((p) => parameter(p.name)),
    ) as Tensor[];
    const clipped = o.clipNorm > 0 ? clipByGlobalNorm(g, gradients, o.clipNorm) : gradients;
    const optimizer = optimizers[o.optimizer];
    return trained.map((p, i) => {
      const slots = optimizer.slots.map((slot) => this.#keep(`${slot}/${p.name}`, p.shape));
      const item = {
        variable: this.#variables.get(p.name) as Variable,
        gradient: clipped[i] as Tensor,
        decay: p.decay,
      };
      return optimizer.update(g, item, slots, { weightDecay: o.weightDecay, learningRate, updateNumber });
    });
  }

  #forward(): void {
    const { data, input, from } = this.#input('forward_data', -1);
    const parameter = this.#reader(this.#options.average ? this.#averages : this.#variables);
    const options = { parameter, precision: this.#precision } as const;
    const { logits, features } = buildNetwork(new Tape(this.g), this.#network, input, from, options);
    this.g.signature('forward', { data }, { logits, features });
  }

  #stateSignatures(): void {
    const { g } = this;
    const inputs = Object.fromEntries(
      this.state.map((v, i) => [`v${i}`, g.placeholder(`restore/${i}`, v.shape, 'float32')]),
    );
    const assigned = this.state.map((v, i) => g.assign(v, inputs[`v${i}`] as Tensor));
    g.signature('restore', inputs, { done: g.after(g.scalar(0), assigned) });
    const outputs = this.state.map((v, i) => {
      // a copy: the variable's own buffer would change under the reader's hands
      const copy = g.single('DeepCopy', [g.read(v)], { T: attr.type('float32') }, { shape: v.shape, dtype: 'float32' });
      return [`v${i}`, copy] as const;
    });
    g.signature('state', {}, Object.fromEntries(outputs));
  }
}
