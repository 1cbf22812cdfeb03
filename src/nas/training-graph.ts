/** The graph of a training model: one signature for each thing that a run does. */
import { GraphBuilder, type KernelChoice, portableKernels, type Tensor, type Variable } from '../graph/builder.ts';
import { operations } from '../graph/operations/table.ts';
import { clipByGlobalNorm, type OptimizerName, optimizers, updateAverage } from '../graph/optimizers.ts';
import { Tape } from '../graph/tape.ts';
import type { Network } from './layers.ts';
import { boundaryOf, buildNetwork, buildStages, type NormStatistics } from './network.ts';
import { normaliseImages } from './normalise.ts';
import { type Parameter, parametersOf } from './parameters.ts';

export interface TrainingOptions {
  readonly batchSize: number;
  readonly inputSize: number;
  readonly frozenStages: number;
  /** Of the trained stages' batch norms; the batch's unless given. */
  readonly normStatistics?: NormStatistics;
  readonly optimizer: OptimizerName;
  /** Learning rate of a stage over that of the stage after it, the head being the last; 1 unless given. */
  readonly layerDecay?: number;
  readonly weightDecay: number;
  readonly labelSmoothing: number;
  /** Largest joint norm of the gradients; 0 switches clipping off. */
  readonly clipNorm: number;
  /** Whether a moving average of all parameters is kept; evaluation and export then use it. */
  readonly average: boolean;
  /**
   * Share of the weights that training began with in those that evaluate and are exported, 0 to 1 (Wortsman et al., "Robust
   * fine-tuning of zero-shot models", CVPR 2022); 0 unless given.
   */
  readonly startShare?: number;
  readonly precision: 'fp32' | 'bf16';
  /** Steps are fed with the frozen stages' activations in place of images. */
  readonly cachedFeatures: boolean;
}

/** Of the variables that hold the moving average of a parameter. */
export const averagePrefix = 'average/';
/** Of the variables that hold what a parameter was before the first step. */
export const startPrefix = 'start/';

/**
 * Signatures: `step` trains, `forward` evaluates, `boundary` runs the frozen stages, `state` and `restore` read and set all
 * variables.
 */
export class TrainingGraph {
  readonly g: GraphBuilder;
  readonly parameters: readonly Parameter[];
  readonly state: Variable[] = [];
  boundaryShape: readonly number[] | undefined;
  readonly #network: Network;
  readonly #options: TrainingOptions;
  readonly #variables = new Map<string, Variable>();
  readonly #averages = new Map<string, Variable>();
  /** Of the trained stages, where a share of them is wanted. */
  readonly #starts = new Map<string, Variable>();

  constructor(network: Network, options: TrainingOptions, kernels: KernelChoice = portableKernels) {
    this.g = new GraphBuilder(kernels);
    this.#network = network;
    this.#options = options;
    this.parameters = parametersOf(network);
    for (const p of this.parameters) {
      this.#variables.set(p.name, this.#keep(p.name, p.shape));
      if (options.average) this.#averages.set(p.name, this.#keep(averagePrefix + p.name, p.shape));
      if (options.startShare && p.stage >= options.frozenStages) {
        this.#starts.set(p.name, this.#keep(startPrefix + p.name, p.shape));
      }
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
      normaliseImages(this.g, data, this.#network.normalisation),
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
      return { data, input: normaliseImages(this.g, data, this.#network.normalisation), from: -1 };
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
    const { frozenStages, normStatistics = 'batch' } = o;
    const training = { frozenStages, normStatistics, seed, updateStatistics };
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
    const rates = this.#learningRates(learningRate);
    return trained.map((p, i) => {
      const slots = optimizer.slots.map((slot) => this.#keep(`${slot}/${p.name}`, p.shape));
      const item = {
        variable: this.#variables.get(p.name) as Variable,
        gradient: clipped[i] as Tensor,
        decay: p.decay,
      };
      return optimizer.update(g, item, slots, {
        weightDecay: o.weightDecay,
        learningRate: rates(p.stage),
        updateNumber,
      });
    });
  }

  /** Learning rate of a stage; discriminative fine-tuning (Howard and Ruder, ACL 2018, section 3.2). */
  #learningRates(ofHead: Tensor): (stage: number) => Tensor {
    const { layerDecay = 1 } = this.#options;
    if (layerDecay === 1) return () => ofHead;
    const stages = this.#network.stages.length;
    const known = new Map<number, Tensor>([[stages, ofHead]]);
    return (stage) => {
      const rate = known.get(stage) ?? this.g.like('Mul', [ofHead, this.g.scalar(layerDecay ** (stages - stage))]);
      known.set(stage, rate);
      return rate;
    };
  }

  #forward(): void {
    const { data, input, from } = this.#input('forward_data', -1);
    const startShare = this.#starts.size > 0 ? this.g.placeholder('start_share', [], 'float32') : undefined;
    const options = { parameter: this.#evaluated(startShare), precision: this.#precision } as const;
    const { logits, features } = buildNetwork(new Tape(this.g), this.#network, input, from, options);
    const inputs = startShare ? { data, startShare } : { data };
    this.g.signature('forward', inputs, { logits, features });
  }

  /** Parameters as they evaluate: the average where one is kept, on the way back to the start by the share of it. */
  #evaluated(startShare: Tensor | undefined): (name: string) => Tensor {
    const now = this.#reader(this.#options.average ? this.#averages : this.#variables);
    if (!startShare) return now;
    const start = this.#reader(this.#starts);
    const known = new Map<string, Tensor>();
    return (name) => {
      if (!this.#starts.has(name)) return now(name);
      const back = () => this.g.like('Mul', [this.g.like('Sub', [start(name), now(name)]), startShare]);
      const parameter = known.get(name) ?? this.g.like('AddV2', [now(name), back()]);
      known.set(name, parameter);
      return parameter;
    };
  }

  #stateSignatures(): void {
    const { g } = this;
    const inputs = Object.fromEntries(
      this.state.map((v, i) => [`v${i}`, g.placeholder(`restore/${i}`, v.shape, 'float32')]),
    );
    const assigned = this.state.map((v, i) => g.assignFed(v, inputs[`v${i}`] as Tensor));
    g.signature('restore', inputs, { done: g.after(g.scalar(0), assigned) });
    // copies: the variables' own buffers would change under the reader's hands
    const outputs = this.state.map((v, i) => [`v${i}`, g.copy(g.read(v))] as const);
    g.signature('state', {}, Object.fromEntries(outputs));
  }
}
