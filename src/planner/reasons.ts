/** Why a plan is what it is: what the best candidates with other choices would cost. */
import type { MemberInfo, Reason, Regime } from './types.ts';

export interface Judged {
  readonly candidate: { readonly member: MemberInfo; readonly regime: Regime };
  /** By which candidates are ranked: a cautious accuracy. */
  readonly score: number;
}

type Dimension = Reason['dimension'];

/** The choices that people discuss; the others follow from them or hardly matter. */
const dimensions: Readonly<Record<Dimension, (judged: Judged['candidate']) => string>> = {
  member: ({ member }) => member.name,
  inputSize: ({ regime }) => String(regime.inputSize),
  frozenStages: ({ regime }) => String(regime.frozenStages),
  optimizer: ({ regime }) => regime.optimizer,
  augmentation: ({ regime }) => regime.augmentation,
  mix: ({ regime }) => regime.mix,
  batchSize: ({ regime }) => String(regime.batchSize),
  schedule: ({ regime }) => regime.schedule,
};

/** Below it a choice did not matter. */
const leastLoss = 0.0005;
const mostReasons = 5;

/**
 * What mattered most, first: for each choice the best candidate that fits and decides otherwise, and what it loses.
 * `ranked`: best first, the plan at the head.
 */
export function reasonsOf(ranked: readonly Judged[]): readonly Reason[] {
  const [plan] = ranked;
  if (plan === undefined) return [];
  return (Object.keys(dimensions) as Dimension[])
    .flatMap((dimension): Reason[] => {
      const choiceOf = dimensions[dimension];
      const choice = choiceOf(plan.candidate);
      const other = ranked.find(({ candidate }) => choiceOf(candidate) !== choice);
      if (other === undefined) return [];
      const loss = Number((plan.score - other.score).toFixed(4));
      return [{ dimension, choice, alternative: choiceOf(other.candidate), loss }];
    })
    .filter(({ loss }) => loss >= leastLoss)
    .sort((a, b) => b.loss - a.loss)
    .slice(0, mostReasons);
}
