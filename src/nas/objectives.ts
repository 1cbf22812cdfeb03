import { type Judged, nondominatedFronts } from './nsga2/ranking.ts';
import type { Evaluated, Measured, Objective, SearchSettings } from './search.ts';

type Judging = Pick<SearchSettings, 'objectives' | 'constraints'>;

/** A candidate as it competes: each objective as a loss, and how far it is from what is allowed. */
export interface JudgedCandidate extends Judged {
  readonly candidate: Evaluated;
}

export function judged(candidate: Evaluated, { objectives, constraints }: Judging): JudgedCandidate {
  const most = constraints.maxStepSeconds ?? Number.POSITIVE_INFINITY;
  const tooSlow = Math.max(0, candidate.stepSeconds / most - 1);
  // an accuracy of a lower rung is not to be compared: Deb's rules put it behind all that were trained in full
  const violation = tooSlow + (candidate.missedRungs ?? 0);
  return { candidate, losses: objectives.map((objective) => lossOf(candidate, objective)), violation };
}

/** Times and sizes differ by factors, so their logarithms are compared. */
export const lossOf = (measured: Measured, objective: Objective): number =>
  objective === 'accuracy' ? 1 - measured.accuracy : Math.log(Math.max(measured[objective], 1e-12));

/** Those that no other beats, trained in full and within the constraints, fastest first. */
export function frontOf(evaluated: readonly Evaluated[], judging: Judging): readonly Evaluated[] {
  const allowed = evaluated.map((one) => judged(one, judging)).filter(({ violation }) => violation === 0);
  const [front = []] = nondominatedFronts(allowed, 1);
  return front.map(({ candidate }) => candidate).sort((a, b) => a.stepSeconds - b.stepSeconds || a.id - b.id);
}
