import { createRng } from '../../lib/rng.ts';
import { logit } from '../logit.ts';
import {
  coverage,
  guessIn,
  type Interval,
  isSound,
  type Predictor,
  type PredictorOptions,
  weightOf,
} from './contract.ts';
import { doubtsOf } from './doubts.ts';
import { Errors } from './errors.ts';
import { createNet, decayAfter, descend, forward, type HedgeNet, netState, restoreNet } from './hedge-net.ts';
import { Leverage } from './leverage.ts';
import { parsePredictorState } from './saved-state.ts';
import { Standardiser } from './standardiser.ts';

/**
 * Hedge backpropagation (Sahoo et al., Online Deep Learning, IJCAI 2018) for regression: a network with a head after
 * the input and after each hidden layer; the prediction is the heads' mean weighted by alpha, and alpha shrinks by each
 * head's own loss, so that a shallow head leads while there is little experience and deeper ones take over later.
 * The output is the log odds of the accuracy; the loss is Huber's, scaled and clipped into [0, 1] where it moves alpha.
 */
const name = 'hedge';
export const hedgeVersion = 3;
const discount = 0.99;
const smoothing = 0.2;
/** Error in log odds from which the loss grows linearly. */
const huberWidth = 1;
/** Huber loss that counts as the largest, 1. */
const largestLoss = 2;

export const createHedge = (options: PredictorOptions): Predictor =>
  hedge(options, {
    net: createNet(options.inputs, createRng(options.seed)),
    scale: Standardiser.of(options.inputs),
    leverage: new Leverage(options),
    errors: new Errors(),
    experiences: 0,
  });

export function restoreHedge(raw: unknown): Predictor | undefined {
  const saved = parsePredictorState(raw, name, hedgeVersion);
  const net = saved && restoreNet(saved.model, saved.options.inputs);
  if (!net) return undefined;
  return hedge(saved.options, {
    net,
    scale: new Standardiser(saved.scale),
    leverage: new Leverage(saved.options, saved.leverage),
    errors: new Errors(saved.errors),
    experiences: saved.experiences,
  });
}

interface HedgeModel {
  readonly net: HedgeNet;
  readonly scale: Standardiser;
  readonly leverage: Leverage;
  readonly errors: Errors;
  experiences: number;
}

function hedge(options: PredictorOptions, model: HedgeModel): Predictor {
  const { net, scale, leverage, errors } = model;
  const offsetOf = (x: Float64Array): number => guessIn(x, options);
  return {
    name,
    version: hedgeVersion,
    get experiences() {
      return model.experiences;
    },
    predictOne(x): Interval {
      const scores = scale.scores(x);
      const z = outputOf(net, scores) + offsetOf(x);
      return errors.interval(z, leverage.of(scores), coverage);
    },
    doubtBeside: doubtsOf(model),
    learnOne(x, y): boolean {
      if (!isSound(x, y, options.inputs)) return false;
      const target = logit(y) - offsetOf(x);
      const before = scale.scores(x);
      errors.add(outputOf(net, before) - target, leverage.of(before));
      scale.observe(x);
      const scores = scale.scores(x);
      update(model, scores, target, weightOf(y));
      leverage.update(scores, weightOf(y));
      model.experiences++;
      return true;
    },
    rehearse(x, y): void {
      if (isSound(x, y, options.inputs)) update(model, scale.scores(x), logit(y) - offsetOf(x), weightOf(y));
    },
    observe: (x) => scale.observe(x),
    errorOf: (x, y) =>
      errors.scaled(outputOf(net, scale.scores(x)) + offsetOf(x) - logit(y), leverage.of(scale.scores(x))),
    setErrors: (held) => errors.replace(held),
    state: () => ({
      name,
      version: hedgeVersion,
      options,
      experiences: model.experiences,
      model: netState(net),
      scale: scale.state(),
      leverage: leverage.state(),
      errors: errors.state(),
    }),
  };
}

/** One step of hedge backpropagation towards a target in log odds. */
function update({ net, experiences }: HedgeModel, scores: Float64Array, target: number, weight: number): void {
  const errors = forward(net, scores).map((f) => f - target);
  const slopes = errors.map((e) => weight * huberSlope(e));
  const losses = errors.map((e) => weight * scaledLoss(e));
  descend(net, scores, slopes, decayAfter(experiences));
  net.alpha = hedgeWeights(net.alpha, losses);
}

const outputOf = (net: HedgeNet, scores: Float64Array): number =>
  forward(net, scores).reduce((sum, f, l) => sum + (net.alpha[l] as number) * f, 0);

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
