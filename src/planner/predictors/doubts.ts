import type { Predictor } from './contract.ts';
import type { Errors } from './errors.ts';
import type { Leverage } from './leverage.ts';
import type { Standardiser } from './standardiser.ts';

export interface Judgement {
  readonly scale: Standardiser;
  readonly leverage: Leverage;
  readonly errors: Errors;
}

/** The doubts of a predictor that judges by these, see `Predictor.doubtBeside`. */
export const doubtsOf =
  ({ scale, leverage, errors }: Judgement): Predictor['doubtBeside'] =>
  (other) => {
    const beside = scale.scores(other);
    return (x) => errors.deviation(leverage.between(scale.scores(x), beside));
  };
