import { expect, test } from '@jest/globals';
import { type Arm, claimsOf, type Line, rowsOf } from '../../bench/teacher/report.ts';

const [plain, taught] = ['labels', 'labels and teacher'] as const;
const pretraining = (arm: Arm, accuracy: number): Line => ({
  ...{ kind: 'pre-training', member: 'nano', arm, epochs: 10, accuracy },
});
const tuning = (arm: Arm, dataset: string, seed: number, accuracy: number): Line => ({
  ...{ kind: 'fine-tuning', member: 'nano', arm, epochs: 10, dataset, seed, steps: 500, accuracy },
});

const lines: readonly Line[] = [
  ...[pretraining(plain, 0.26), pretraining(taught, 0.28)],
  ...[tuning(plain, 'pets', 1, 0.38), tuning(taught, 'pets', 1, 0.32)],
  ...[tuning(plain, 'pets', 2, 0.36), tuning(taught, 'pets', 2, 0.34)],
  ...[tuning(plain, 'insects', 1, 0.5), tuning(taught, 'insects', 1, 0.52)],
];

test('what a teacher gives is told by data set, the mean of the seeds, and for the pre-training', () => {
  expect(rowsOf(lines)).toEqual([
    { member: 'nano', on: 'pre-training', labels: 26, taught: 28, lead: 2 },
    { member: 'nano', on: 'pets', labels: 37, taught: 33, lead: -4 },
    { member: 'nano', on: 'insects', labels: 50, taught: 52, lead: 2 },
  ]);
});

test('it is claimed over data sets, each counting alike, with the standard error over them', () => {
  expect(claimsOf(lines)).toEqual([
    {
      name: 'points that the teacher gives nano on task sets (standard error over them 3.0)',
      ...{ value: -1, bound: 0, holds: false },
    },
  ]);
});
