import { earliestCut } from '../../src/cli/local/reconsidered.ts';
import { hasFallen, hasFallenOut } from '../../src/planner/course.ts';
import { evaluatedImages } from '../../src/planner/types.ts';
import type { Found } from './arms.ts';

/**
 * Whether `--replan` may make another run of one of `nasoa tune`: an evaluation within it fell below what was predicted of
 * that moment, or below an earlier one. Where none did, nothing is re-planned, and the run with the flag is the run without.
 */
export function mayBeReplanned({ predicted, regime, experience }: Pick<Found, 'predicted' | 'regime' | 'experience'>) {
  if (!predicted || !regime || !experience) return false;
  const accuracies = experience.curve.map(({ accuracy }) => accuracy);
  // of how many images is not kept: with more of them less is a fall
  const images = evaluatedImages(regime, Number.POSITIVE_INFINITY);
  // the last is that of the finished run
  return accuracies.slice(0, -1).some((accuracy, i) => {
    const share = (i + 1) / accuracies.length;
    return (
      hasFallenOut(predicted, { share, accuracy }) ||
      (share >= earliestCut && hasFallen(accuracies.slice(0, i + 1), images))
    );
  });
}
