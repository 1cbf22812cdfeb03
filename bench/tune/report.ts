import { atLeast, atMost, type Claim, type Row } from '../lib/results.ts';
import { mean } from '../lib/statistics.ts';
import { arms } from './arms.ts';
import { type ArmName, armNames, type Run, runOf } from './runs.ts';

export const columns: Readonly<Record<string, string>> = {
  dataset: 'data set; "mean" is the mean of the rows of that budget and arm',
  budgetSeconds: 'seconds allowed from the first look at the images to the trained weights',
  arm: 'what spent the budget: nasoa tune without the experience of this data set; its member and regime from random weights, everything trained, in the same seconds; an everyday regime on the middle member of the zoo by MACs; ImageNet weights of EfficientNet-Lite0 and of -Lite2 in PyTorch, each the best of fine-tuning at two input sizes (96 and 128 px, from 100 s on 128 and 160) and of a head on frozen features. Only the first profiles and plans, on the same budget',
  accuracy: 'top-1 on the validation split',
  seconds: 'seconds of the budget that were used',
  wallSeconds: 'seconds of the whole process, start, last evaluation and export included',
  member: 'network',
  inputSize: 'side of the input in pixels',
  steps: 'training steps',
  predicted: 'accuracy that the plan predicted before training',
  low: 'lower end of the predicted interval',
  high: 'upper end of the predicted interval',
  held: 'whether the accuracy was in the interval',
};

/** How far beyond its budget a run may come. */
export const allowedSeconds = (budgetSeconds: number): number => Math.max(1, 0.01 * budgetSeconds);

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

const budgetsOf = (runs: readonly Run[]): readonly number[] =>
  [...new Set(runs.map(({ budgetSeconds }) => budgetSeconds))].sort((a, b) => a - b);

const ofArm = (runs: readonly Run[], budgetSeconds: number, arm: ArmName): readonly Run[] =>
  runs.filter((run) => run.budgetSeconds === budgetSeconds && run.arm === arm);

/** Whether the accuracy was in the predicted interval; undefined where nothing was predicted. */
export const hasHeld = ({ accuracy, predicted }: Pick<Run, 'accuracy' | 'predicted'>): boolean | undefined =>
  predicted && predicted.low <= accuracy && accuracy <= predicted.high;

/** The means of every budget and arm, then the runs. */
export function rowsOf(runs: readonly Run[]): readonly Row[] {
  const means = budgetsOf(runs).flatMap((budgetSeconds) =>
    armNames.flatMap((arm) => {
      const some = ofArm(runs, budgetSeconds, arm);
      return some.length > 0 ? [meanRow(some, budgetSeconds, arm)] : [];
    }),
  );
  return [...means, ...runs.map(runRow)];
}

function meanRow(runs: readonly Run[], budgetSeconds: number, arm: ArmName): Row {
  const predictions = runs.flatMap(({ predicted }) => predicted ?? []);
  const held = runs.filter(hasHeld).length;
  return {
    dataset: 'mean',
    budgetSeconds,
    arm: arms[arm].title,
    accuracy: round(mean(runs.map(({ accuracy }) => accuracy)), 4),
    seconds: round(mean(runs.map(({ seconds }) => seconds)), 2),
    wallSeconds: round(mean(runs.map(({ wallSeconds }) => wallSeconds)), 2),
    ...{ member: null, inputSize: null, steps: null },
    predicted: predictions.length > 0 ? round(mean(predictions.map(({ accuracy }) => accuracy)), 4) : null,
    ...{ low: null, high: null },
    held: predictions.length > 0 ? `${held} of ${predictions.length}` : null,
  };
}

function runRow(run: Run): Row {
  const { dataset, budgetSeconds, member, inputSize, steps, predicted } = run;
  return {
    ...{ dataset, budgetSeconds, arm: arms[run.arm].title },
    accuracy: round(run.accuracy, 4),
    seconds: round(run.seconds, 2),
    wallSeconds: round(run.wallSeconds, 2),
    ...{ member, inputSize, steps },
    predicted: predicted ? round(predicted.accuracy, 4) : null,
    low: predicted ? round(predicted.low, 4) : null,
    high: predicted ? round(predicted.high, 4) : null,
    held: hasHeld(run) ?? null,
  };
}

/** What the mean lead over an arm must be, and what the worst of a data set may be; 0 and anything where nothing is said. */
const wantedLeads: Partial<Record<ArmName, { readonly mean: number; readonly worst: number }>> = {
  lite0: { mean: 0.03, worst: -0.01 },
  lite2: { mean: 0.03, worst: -0.01 },
};

/** For each budget: that it is kept, and the mean lead over every other arm; an arm that was not run is not spoken of. */
export const claimsOf = (runs: readonly Run[]): readonly Claim[] =>
  budgetsOf(runs).flatMap((budgetSeconds) => {
    const tuned = ofArm(runs, budgetSeconds, 'tune');
    const leads = armNames.flatMap((arm) => leadOver(arm, tuned, runs, budgetSeconds));
    return tuned.length === 0 ? [] : [overrun(tuned, budgetSeconds), ...leads];
  });

function overrun(tuned: readonly Run[], budgetSeconds: number): Claim {
  // to the millisecond: the difference of two numbers is not exact
  const largest = round(Math.max(...tuned.map(({ seconds }) => seconds - budgetSeconds)), 3);
  return atMost(
    `largest overrun of ${arms.tune.title} at ${budgetSeconds} s, in seconds`,
    largest,
    allowedSeconds(budgetSeconds),
  );
}

/** Only data sets and repeats that both have run are compared. */
function leadOver(arm: ArmName, tuned: readonly Run[], runs: readonly Run[], budgetSeconds: number): readonly Claim[] {
  if (arm === 'tune') return [];
  const leads = tuned.flatMap((run) => {
    const other = runOf(runs, { ...run, arm });
    return other ? [run.accuracy - other.accuracy] : [];
  });
  if (leads.length === 0) return [];
  const [wanted, difference] = [
    wantedLeads[arm],
    `${arms.tune.title} minus "${arms[arm].title}" at ${budgetSeconds} s`,
  ];
  const ofMean = atLeast(`mean accuracy of ${difference}`, mean(leads), wanted?.mean ?? 0);
  if (!wanted) return [ofMean];
  return [ofMean, atLeast(`on its worst data set, accuracy of ${difference}`, Math.min(...leads), wanted.worst)];
}
