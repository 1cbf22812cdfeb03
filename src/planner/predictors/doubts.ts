import type { Predictor } from './contract.ts';
import type { Errors } from './errors.ts';
import type { Leverage } from './leverage.ts';
import type { Standardiser } from './standardiser.ts';

export interface Judgement {
  readonly scale: Standardiser;
  readonly leverage: Leverage;
  readonly errors: Errors;
}

/**
 * What a choice is worth differs from one data set to the next, and no number of runs on others tells by how much: variance
 * of an input's weight between data sets, in squared log odds a squared standard score. From 0.001 to 0.002 the differences
 * between runs of a data set are likeliest by the runs of the others (`hack/zoo/check-predictors.ts`).
 */
const varianceBetweenDatasets = 0.0015;

/** The doubts of a predictor that judges by these, see `Predictor.doubtBeside`. */
export const doubtsOf =
  ({ scale, leverage, errors }: Judgement): Predictor['doubtBeside'] =>
  (other) => {
    const beside = scale.scores(other);
    return (x) => {
      const scores = scale.scores(x);
      const ofModel = errors.deviation(leverage.between(scores, beside));
      return Math.hypot(ofModel, Math.sqrt(varianceBetweenDatasets * squaredDistance(scores, beside)));
    };
  };

function squaredDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return sum;
}
