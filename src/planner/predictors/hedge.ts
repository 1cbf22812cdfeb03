import { createRng } from '../../lib/rng.ts';
import { logit } from '../logit.ts';
import { confidence, type Interval, isSound, type Predictor, type PredictorOptions } from './contract.ts';
import { Errors } from './errors.ts';
import { createNet, descend, forward, type HedgeNet, netState, restoreNet } from './hedge-net.ts';
import { parsePredictorState } from './saved-state.ts';
import { Standardiser } from './standardiser.ts';

/**
 * Hedge backpropagation (Sahoo et al., Online Deep Learning, IJCAI 2018) for regression: a network with a head after
 * the input and after each hidden layer; the prediction is the heads' mean weighted by alpha, and alpha shrinks by each
 * head's own loss, so that a shallow head leads while there is little experience and deeper ones take over later.
 * The output is the log odds of the accuracy; the loss is Huber's, scaled and clipped into [0, 1] where it moves alpha.
 */
const name = 'hedge';
export const hedgeVersion = 1;
const discount = 0.99;
const smoothing = 0.2;
/** Error in log odds from which the loss grows linearly. */
const huberWidth = 1;
/** Huber loss that counts as the largest, 1. */
const largestLoss = 2;

export const createHedge = (options: PredictorOptions): Predictor =>
  hedge(options, createNet(options.inputs, createRng(options.seed)), Standardiser.of(options.inputs), new Errors(), 0);

export function restoreHedge(raw: unknown): Predictor | undefined {
  const saved = parsePredictorState(raw, name, hedgeVersion);
  const net = saved && restoreNet(saved.model, saved.options.inputs);
  return net && hedge(saved.options, net, new Standardiser(saved.scale), new Errors(saved.errors), saved.experiences);
}

function hedge(
  options: PredictorOptions,
  net: HedgeNet,
  scale: Standardiser,
  errors: Errors,
  learnt: number,
): Predictor {
  const offsetOf = (x: Float64Array): number => (options.offset === undefined ? 0 : (x[options.offset] ?? 0));
  let experiences = learnt;
  const update = (scores: Float64Array, target: number): void => {
    const outputs = forward(net, scores);
    const headErrors = outputs.map((f) => f - target);
    descend(net, scores, headErrors.map(huberSlope));
    net.alpha = hedgeWeights(net.alpha, headErrors.map(scaledLoss));
  };
  const outputOf = (scores: Float64Array): number =>
    forward(net, scores).reduce((sum, f, l) => sum + (net.alpha[l] as number) * f, 0);
  return {
    name,
    version: hedgeVersion,
    get experiences() {
      return experiences;
    },
    predictOne(x): Interval {
      const scores = scale.scores(x);
      const z = outputOf(scores) + finite(offsetOf(x));
      return errors.interval(z, scale.remoteness(scores), confidence);
    },
    learnOne(x, y): boolean {
      if (!isSound(x, y, options.inputs)) return false;
      const target = logit(y) - offsetOf(x);
      errors.add(outputOf(scale.scores(x)) - target);
      scale.observe(x);
      update(scale.scores(x), target);
      experiences++;
      return true;
    },
    rehearse(x, y): void {
      if (isSound(x, y, options.inputs)) update(scale.scores(x), logit(y) - offsetOf(x));
    },
    observe: (x) => scale.observe(x),
    setErrors: (values) => errors.replace(values),
    state: () => {
      const model = netState(net);
      const state = { name, version: hedgeVersion, options, experiences, model, scale: scale.state() };
      return { ...state, errors: errors.state() };
    },
  };
}

/** alpha <- alpha * beta^loss, floored so that a slow starter stays alive, then normalised. Losses lie in [0, 1]. */
export function hedgeWeights(alpha: readonly number[], losses: readonly number[]): number[] {
  const raised = alpha.map((a, l) => Math.max(a * discount ** (losses[l] ?? 1), smoothing / alpha.length));
  const total = raised.reduce((a, b) => a + b, 0);
  return raised.map((a) => a / total);
}

const huberSlope = (error: number): number => Math.min(huberWidth, Math.max(-huberWidth, error));

function scaledLoss(error: number): number {
  const size = Math.abs(error);
  const huber = size <= huberWidth ? (size * size) / 2 : huberWidth * (size - huberWidth / 2);
  return Math.min(1, huber / largestLoss);
}

const finite = (value: number): number => (Number.isFinite(value) ? value : 0);
