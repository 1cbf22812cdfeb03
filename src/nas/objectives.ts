import { type Judged, nondominatedFronts } from './nsga2/ranking.ts';
import type { Evaluated, Measured, Objective, SearchSettings } from './search.ts';

type Judging = Pick<SearchSettings, 'objectives' | 'constraints'>;

/** A candidate as it competes: each objective as a loss, and how far it is from what is allowed. */
export interface JudgedCandidate extends Judged {
  readonly candidate: Evaluated;
}

export function judged(candidate: Evaluated, { objectives, constraints }: Judging): JudgedCandidate {
  // an accuracy of a lower rung is not to be compared: Deb's rules put it behind all that were trained in full
  const missed = candidate.missedRungs ?? 0;
  const violation = excess(candidate, missed > 0 ? { ...constraints, minAccuracy: undefined } : constraints) + missed;
  return { candidate, losses: objectives.map((objective) => lossOf(candidate, objective)), violation };
}

/** How far a result is from the constraints that only an evaluation shows; 0 where it keeps them. */
function excess(
  { stepSeconds, accuracy }: Measured,
  { maxStepSeconds = Number.POSITIVE_INFINITY, minAccuracy = 0 }: Judging['constraints'],
): number {
  return Math.max(0, stepSeconds / maxStepSeconds - 1) + Math.max(0, minAccuracy - accuracy);
}

/** Whether a candidate was trained in full and keeps the constraints that only an evaluation shows. */
export const isAllowed = (candidate: Measured, { constraints }: Pick<Judging, 'constraints'>): boolean =>
  (candidate.missedRungs ?? 0) === 0 && excess(candidate, constraints) === 0;

/** Times and sizes differ by factors, so their logarithms are compared. */
export const lossOf = (measured: Measured, objective: Objective): number =>
  objective === 'accuracy' ? 1 - measured.accuracy : Math.log(Math.max(measured[objective], 1e-12));

/** Those that no other beats, trained in full and within the constraints, fastest first. */
export function frontOf(evaluated: readonly Evaluated[], judging: Judging): readonly Evaluated[] {
  const allowed = evaluated.map((one) => judged(one, judging)).filter(({ violation }) => violation === 0);
  const [front = []] = nondominatedFronts(allowed, 1);
  return front.map(({ candidate }) => candidate).sort((a, b) => a.stepSeconds - b.stepSeconds || a.id - b.id);
}
