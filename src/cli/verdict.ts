import { InputError } from '../lib/errors.ts';
import type { ZooVerifyOutcome, ZooVerifyRequest } from './requests.ts';

/** One measured difference against its bound. */
export interface Difference {
  readonly name: string;
  readonly value: number;
  readonly tolerance: number;
  readonly holds: boolean;
  /** Where it was largest. */
  readonly worst?: string;
}

export interface Verdict {
  readonly encoding: string;
  readonly differences: readonly Difference[];
  readonly holds: boolean;
}

/** Judges what was measured; a difference that is no number never holds. */
export function judge(outcome: ZooVerifyOutcome, request: ZooVerifyRequest): Verdict {
  const { tolerance, gradientTolerance, encoding } = request;
  const within = (name: string, value: number, bound: number, worst?: string): Difference => ({
    name,
    value,
    tolerance: bound,
    holds: value <= bound,
    ...(worst === undefined ? {} : { worst }),
  });
  const { training } = outcome;
  const differences = [
    within('logits', outcome.logits, tolerance),
    ...(training === undefined
      ? []
      : [
          within('loss', training.loss, gradientTolerance),
          within('gradients', training.gradients, gradientTolerance, training.worst),
        ]),
  ];
  return { encoding, differences, holds: differences.every(({ holds }) => holds) };
}

/** Gradients are compared at the inputs of a training reference: one file without the other says nothing. */
export function trainingFiles(
  gradients: string | undefined,
  trainReference: string | undefined,
): ZooVerifyRequest['training'] {
  if (gradients === undefined && trainReference === undefined) return undefined;
  if (gradients !== undefined && trainReference !== undefined) return { gradients, trainReference };
  throw new InputError(
    `The option ${gradients === undefined ? '--train-reference' : '--gradients'} was given without the other.`,
    'Give --gradients and --train-reference together, or neither.',
  );
}
