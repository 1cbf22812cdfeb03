import { expect, test } from '@jest/globals';
import { mayBeReplanned } from '../../../bench/online/replans.ts';
import { anExperience, aRegime } from '../../planner/builders.ts';

const predicted = { accuracy: 0.7, low: 0.62, high: 0.77, seconds: 50 };
/** A run whose evaluations have shown these, the last of them after its end. */
const run = (...accuracies: readonly number[]) => ({
  predicted,
  regime: aRegime({ batchSize: 32, steps: 100 }),
  experience: anExperience({ curve: accuracies.map((accuracy, i) => ({ seconds: 10 * (i + 1), accuracy })) }),
});

test.each<[string, Parameters<typeof mayBeReplanned>[0], boolean]>([
  ['as it was predicted', run(0.55, 0.62, 0.66, 0.69, 0.7), false],
  ['above what was predicted', run(0.75, 0.8, 0.85, 0.9, 0.9), false],
  ['far below early on', run(0.2, 0.3, 0.4, 0.5, 0.6), true],
  ['below when there is no time left for another', run(0.55, 0.62, 0.66, 0.5, 0.6), true],
  ['below at its end alone', run(0.55, 0.62, 0.66, 0.69, 0.5), false],
  ['a little down late, by less than chance', run(0.55, 0.62, 0.68, 0.66, 0.68), false],
  ['down late by more than chance', run(0.75, 0.85, 0.88, 0.7, 0.7), true],
  ['down early, when accuracies go up and down', run(0.85, 0.68, 0.84, 0.84, 0.85), false],
  ['without a plan', {}, false],
])('a run may be re-planned that was %s: %#', (_, seen, may) => {
  expect(mayBeReplanned(seen)).toBe(may);
});
