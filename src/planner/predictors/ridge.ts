import { logit } from '../logit.ts';
import { coverage, guessIn, isSound, type Predictor, type PredictorOptions, weightOf } from './contract.ts';
import { doubtsOf } from './doubts.ts';
import { Errors } from './errors.ts';
import { Leverage } from './leverage.ts';
import { parsePredictorState } from './saved-state.ts';
import { Standardiser } from './standardiser.ts';

/**
 * Bayesian linear regression of the log odds, updated one run at a time (recursive least squares): the yardstick that a
 * network has to beat, and a better choice than one while there are only a few dozen runs.
 */
const name = 'ridge';
export const ridgeVersion = 3;

export const createRidge = (options: PredictorOptions): Predictor =>
  ridge(options, {
    weights: new Float64Array(options.inputs + 1),
    scale: Standardiser.of(options.inputs),
    leverage: new Leverage(options),
    errors: new Errors(),
    experiences: 0,
  });

export function restoreRidge(raw: unknown): Predictor | undefined {
  const saved = parsePredictorState(raw, name, ridgeVersion);
  if (!saved || !Array.isArray(saved.model)) return undefined;
  const weights: readonly unknown[] = saved.model;
  if (weights.length !== saved.options.inputs + 1 || !weights.every(Number.isFinite)) return undefined;
  return ridge(saved.options, {
    weights: Float64Array.from(saved.model),
    scale: new Standardiser(saved.scale),
    leverage: new Leverage(saved.options, saved.leverage),
    errors: new Errors(saved.errors),
    experiences: saved.experiences,
  });
}

interface RidgeModel {
  /** One an input, and one for the constant 1. */
  readonly weights: Float64Array;
  readonly scale: Standardiser;
  readonly leverage: Leverage;
  readonly errors: Errors;
  experiences: number;
}

function ridge(options: PredictorOptions, model: RidgeModel): Predictor {
  const { weights, scale, leverage, errors } = model;
  const offsetOf = (x: Float64Array): number => guessIn(x, options);
  return {
    name,
    version: ridgeVersion,
    get experiences() {
      return model.experiences;
    },
    predictOne(x) {
      const scores = scale.scores(x);
      const z = output(weights, scores) + offsetOf(x);
      return errors.interval(z, leverage.of(scores), coverage);
    },
    doubtBeside: doubtsOf(model),
    learnOne(x, y): boolean {
      if (!isSound(x, y, options.inputs)) return false;
      const target = logit(y) - offsetOf(x);
      const before = scale.scores(x);
      errors.add(output(weights, before) - target, leverage.of(before));
      scale.observe(x);
      const scores = scale.scores(x);
      const gain = leverage.gain(scores);
      const step = (target - output(weights, scores)) / (1 / weightOf(y) + leverage.of(scores, gain));
      for (let i = 0; i < weights.length; i++) weights[i] = (weights[i] as number) + step * (gain[i] as number);
      leverage.update(scores, weightOf(y));
      model.experiences++;
      return true;
    },
    // each run counts once in a posterior: nothing is gained by showing it again
    rehearse: () => {},
    observe: (x) => scale.observe(x),
    errorOf: (x, y) =>
      errors.scaled(output(weights, scale.scores(x)) + offsetOf(x) - logit(y), leverage.of(scale.scores(x))),
    setErrors: (held) => errors.replace(held),
    state: () => ({
      name,
      version: ridgeVersion,
      options,
      experiences: model.experiences,
      model: [...weights],
      scale: scale.state(),
      leverage: leverage.state(),
      errors: errors.state(),
    }),
  };
}

/** The last weight belongs to the constant 1. */
function output(weights: Float64Array, scores: Float64Array): number {
  let sum = weights[scores.length] as number;
  for (let i = 0; i < scores.length; i++) sum += (weights[i] as number) * (scores[i] as number);
  return sum;
}
