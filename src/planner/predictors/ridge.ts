import { logit } from '../logit.ts';
import { confidence, isSound, type Predictor, type PredictorOptions } from './contract.ts';
import { Errors } from './errors.ts';
import { parsePredictorState } from './saved-state.ts';
import { Standardiser } from './standardiser.ts';

/**
 * Bayesian linear regression of the log odds, updated one run at a time (recursive least squares): the yardstick that a
 * network has to beat, and a better choice than one while there are only a few dozen runs.
 */
const name = 'ridge';
export const ridgeVersion = 1;
/** Prior variance of a weight relative to the noise: 40 inputs together may move the log odds by about 1. */
const priorVariance = 0.1;

interface RidgeModel {
  readonly weights: Float64Array;
  /** Posterior covariance over the noise variance, [inputs + 1, inputs + 1]. */
  readonly covariance: Float64Array;
}

export function createRidge(options: PredictorOptions): Predictor {
  const n = options.inputs + 1;
  const covariance = new Float64Array(n * n);
  for (let i = 0; i < n; i++) covariance[i * n + i] = i === n - 1 ? 10 * priorVariance : priorVariance;
  return ridge(options, { weights: new Float64Array(n), covariance }, Standardiser.of(n - 1), new Errors(), 0);
}

export function restoreRidge(raw: unknown): Predictor | undefined {
  const saved = parsePredictorState(raw, name, ridgeVersion);
  if (!saved) return undefined;
  const { weights, covariance } = saved.model as { weights?: unknown; covariance?: unknown };
  const n = saved.options.inputs + 1;
  if (!Array.isArray(weights) || !Array.isArray(covariance)) return undefined;
  if (weights.length !== n || covariance.length !== n * n || ![...weights, ...covariance].every(Number.isFinite)) {
    return undefined;
  }
  const model = { weights: Float64Array.from(weights), covariance: Float64Array.from(covariance) };
  return ridge(saved.options, model, new Standardiser(saved.scale), new Errors(saved.errors), saved.experiences);
}

function ridge(
  options: PredictorOptions,
  model: RidgeModel,
  scale: Standardiser,
  errors: Errors,
  learnt: number,
): Predictor {
  const offsetOf = (x: Float64Array): number => (options.offset === undefined ? 0 : (x[options.offset] ?? 0));
  let experiences = learnt;
  return {
    name,
    version: ridgeVersion,
    get experiences() {
      return experiences;
    },
    predictOne(x) {
      const scores = scale.scores(x);
      const offset = offsetOf(x);
      const z = output(model, scores) + (Number.isFinite(offset) ? offset : 0);
      return errors.interval(z, scale.remoteness(scores), confidence);
    },
    learnOne(x, y): boolean {
      if (!isSound(x, y, options.inputs)) return false;
      const target = logit(y) - offsetOf(x);
      errors.add(output(model, scale.scores(x)) - target);
      scale.observe(x);
      update(model, scale.scores(x), target);
      experiences++;
      return true;
    },
    // each run counts once in a posterior: nothing is gained by showing it again
    rehearse: () => {},
    observe: (x) => scale.observe(x),
    setErrors: (values) => errors.replace(values),
    state: () => {
      const saved = { weights: [...model.weights], covariance: [...model.covariance] };
      const state = { name, version: ridgeVersion, options, experiences, model: saved, scale: scale.state() };
      return { ...state, errors: errors.state() };
    },
  };
}

/** The last weight belongs to the constant 1. */
function output({ weights }: RidgeModel, scores: Float64Array): number {
  let sum = weights[scores.length] as number;
  for (let i = 0; i < scores.length; i++) sum += (weights[i] as number) * (scores[i] as number);
  return sum;
}

/** Sherman-Morrison: the exact posterior after one more observation. */
function update(model: RidgeModel, scores: Float64Array, target: number): void {
  const { weights, covariance } = model;
  const n = weights.length;
  const x = Float64Array.from({ length: n }, (_, i) => (i < n - 1 ? (scores[i] as number) : 1));
  const gain = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += (covariance[i * n + j] as number) * (x[j] as number);
    gain[i] = sum;
  }
  let spread = 1;
  for (let i = 0; i < n; i++) spread += (x[i] as number) * (gain[i] as number);
  const error = target - output(model, scores);
  for (let i = 0; i < n; i++) {
    weights[i] = (weights[i] as number) + ((gain[i] as number) * error) / spread;
    for (let j = 0; j < n; j++) {
      covariance[i * n + j] = (covariance[i * n + j] as number) - ((gain[i] as number) * (gain[j] as number)) / spread;
    }
  }
}
