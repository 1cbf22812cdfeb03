/** Why a plan is what it is, in sentences: for the terminal, reports and `nasoa status`. */
import { formatDuration } from '../lib/duration.ts';
import type { Choice, Plan, Reason } from '../planner/types.ts';
import { count, percent } from './regime-words.ts';
import type { TuneResult } from './result.ts';

/** What of a plan explains it; a plan on a cluster has as much. */
export type Explained = Choice & Pick<Plan, 'confidence' | 'doubt' | 'nearest' | 'reasons' | 'target' | 'runnersUp'>;

/** `2.1 points`, of a share. */
const points = (share: number): string => {
  const text = (100 * share).toFixed(1);
  return text === '1.0' ? '1 point' : `${text} points`;
};

/** A warning where the data set is unlike all others, for it is to be read before all else. */
export const doubtSentence = ({ confidence, doubt }: Pick<Explained, 'confidence' | 'doubt'>): string | undefined =>
  confidence === 'Usual'
    ? undefined
    : `Low confidence. ${doubt ?? ''} The plan is the safest of the usual ones, and its prediction a guess.`;

/** Sentences, the one that matters most first; none where nothing is known. */
export function whySentences(plan: Explained): readonly string[] {
  return [...targetSentence(plan), ...nearestSentence(plan), ...plan.reasons.map(reasonSentence), ...notTaken(plan)];
}

function targetSentence({ target }: Explained): readonly string[] {
  if (target === undefined) return [];
  const wanted = percent(target.accuracy);
  return target.isExpected
    ? [`The shortest run that is expected to reach ${wanted}.`]
    : [`No run within the budget is expected to reach ${wanted}; this is the most accurate one.`];
}

function nearestSentence({ nearest }: Explained): readonly string[] {
  const told = nearest.map(
    ({ dataset, images, accuracy, member, seconds }) =>
      `${dataset} (${images === undefined ? '' : `${count(images)} images; `}at best ${percent(accuracy)}, ${member} in ${formatDuration(seconds)})`,
  );
  return told.length === 0 ? [] : [`Most alike of the data sets known: ${told.join(', ')}.`];
}

const dimensionWords: Readonly<Record<Reason['dimension'], (choice: string) => string>> = {
  member: (choice) => choice,
  inputSize: (choice) => `${choice} px`,
  frozenStages: (choice) =>
    choice === '0' ? 'no frozen stage' : `${choice} frozen ${choice === '1' ? 'stage' : 'stages'}`,
  optimizer: (choice) => (choice === 'sgd' ? 'SGD' : 'AdamW'),
  augmentation: (choice) => `${choice === 'none' ? 'no' : choice} augmentation`,
  mix: (choice) => (choice === 'none' ? 'unmixed images' : choice),
  batchSize: (choice) => `batches of ${choice}`,
  schedule: (choice) => `a ${choice} schedule`,
};

function reasonSentence({ dimension, choice, alternative, loss }: Reason): string {
  const words = dimensionWords[dimension];
  // names stay as they are
  const chosen = dimension === 'member' ? choice : capital(words(choice));
  return `${chosen}: the best plan with ${words(alternative)} is expected to lose ${points(loss)}.`;
}

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** Below it two predictions are the same to anybody. */
const sameShare = 0.002;

/** Why not the first runner-up, which looks best of those that were not taken. */
function notTaken({ predicted, runnersUp, target }: Explained): readonly string[] {
  const [next] = runnersUp;
  if (next === undefined || target !== undefined) return [];
  const name = `The first runner-up (${next.member}, ${next.regime.inputSize} px)`;
  const less = predicted.accuracy - next.predicted.accuracy;
  if (less > sameShare) return [`${name} is expected to reach ${points(less)} less.`];
  const lower = predicted.low - next.predicted.low;
  if (lower > sameShare) return [`${name} is expected to reach as much, but may end ${points(lower)} lower.`];
  if (less < -sameShare) {
    return [`${name} is expected to reach ${points(-less)} more, but finished runs say too little of such a choice.`];
  }
  return [`${name} is expected to do as well.`];
}

/** What became of the plan while it was carried out; undefined where it was followed. */
export function replannedSentence({
  plan,
  replanned,
}: Pick<TuneResult, 'replanned'> & { readonly plan: Choice }): string | undefined {
  if (replanned === undefined) return undefined;
  const { action, seconds, accuracy, expected, before } = replanned;
  const seen =
    `After ${formatDuration(seconds)} the accuracy was ${percent(accuracy)}, where ${percent(expected.low)} to ` +
    `${percent(expected.high)} had been expected`;
  return action === 'switched'
    ? `${seen}: ${before?.member ?? 'the plan'} was given up, and ${plan.member} at ${plan.regime.inputSize} px trained in the time left.`
    : `${seen}, and falling: the schedule was cut.`;
}
