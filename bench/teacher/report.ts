/** What `make bench-teacher` says of its trainings. */
import { atLeast, type Claim, type Row } from '../lib/results.ts';
import { mean, standardError } from '../lib/statistics.ts';

/** What a member learned from in its pre-training. */
export const arms = ['labels', 'labels and teacher'] as const;
export type Arm = (typeof arms)[number];

export interface Pretraining {
  readonly kind: 'pre-training';
  readonly member: string;
  readonly arm: Arm;
  readonly epochs: number;
  readonly accuracy: number;
}

export interface FineTuning {
  readonly kind: 'fine-tuning';
  readonly member: string;
  readonly arm: Arm;
  /** Of its pre-training. */
  readonly epochs: number;
  readonly dataset: string;
  readonly seed: number;
  readonly steps: number;
  readonly accuracy: number;
}

export type Line = Pretraining | FineTuning;

export const columns = {
  member: 'member of the zoo, trained from nothing',
  on: 'what the accuracy is on: its pre-training, or a task set after fine-tuning',
  labels: 'accuracy in percent where it learned from labels; of task sets the mean of the seeds',
  taught: "the same where it learned from labels and the teacher's answers",
  lead: 'points that the teacher gives',
} as const;

/** Points in percent that the teacher gives on each data set, the mean of the seeds. */
const leadsOf = (lines: readonly FineTuning[]): readonly number[] =>
  [...Map.groupBy(lines, ({ dataset }) => dataset).values()].map((ofOne) => {
    const [labels, taught] = accuraciesOf(ofOne);
    return taught - labels;
  });

/** Means in percent, by arm. */
function accuraciesOf(lines: readonly Line[]): readonly [labels: number, taught: number] {
  const of = (arm: Arm): number => 100 * mean(lines.filter((line) => line.arm === arm).map(({ accuracy }) => accuracy));
  return [of(arms[0]), of(arms[1])];
}

export function rowsOf(lines: readonly Line[]): readonly Row[] {
  const members = [...new Set(lines.map(({ member }) => member))];
  return members.flatMap((member) => {
    const own = lines.filter((line) => line.member === member);
    const tunings = own.filter((line) => line.kind === 'fine-tuning');
    const datasets = [...new Set(tunings.map(({ dataset }) => dataset))];
    return [
      row(
        member,
        'pre-training',
        own.filter((line) => line.kind === 'pre-training'),
      ),
      ...datasets.map((dataset) =>
        row(
          member,
          dataset,
          tunings.filter((line) => line.dataset === dataset),
        ),
      ),
    ];
  });
}

function row(member: string, on: string, lines: readonly Line[]): Row {
  const [labels, taught] = accuraciesOf(lines);
  return { member, on, labels: rounded(labels), taught: rounded(taught), lead: rounded(taught - labels) };
}

export function claimsOf(lines: readonly Line[]): readonly Claim[] {
  const tunings = lines.filter((line) => line.kind === 'fine-tuning');
  return [...new Set(tunings.map(({ member }) => member))].map((member) => {
    const leads = leadsOf(tunings.filter((line) => line.member === member));
    const error = standardError(leads).toFixed(1);
    return atLeast(
      `points that the teacher gives ${member} on task sets (standard error over them ${error})`,
      rounded(mean(leads)),
      0,
    );
  });
}

const rounded = (value: number): number => Number(value.toFixed(1));
