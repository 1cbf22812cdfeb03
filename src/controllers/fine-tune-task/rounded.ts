/** Numbers of a status as people read them: nobody measures accuracy to sixteen digits, and kubectl shows all of them. */
import type { TaskPlan, TaskResult } from '../../crds/fine-tune-task-status.ts';
import type { Choice, Plan } from '../../planner/types.ts';

/** A hundredth of a percent. */
export const share = (value: number): number => Math.round(value * 1e4) / 1e4;
export const seconds = (value: number): number => Math.round(value * 10) / 10;

export const roundedChoice = <C extends Choice>(choice: C): C => {
  const { accuracy, low, high, seconds: expected } = choice.predicted;
  const predicted = { accuracy: share(accuracy), low: share(low), high: share(high), seconds: seconds(expected) };
  return { ...choice, predicted };
};

/** The plan as a status has it. */
export function statedPlan({ budgetSeconds: _, ...plan }: Omit<Plan, 'cloud'>): Omit<TaskPlan, 'plannedAt'> {
  return {
    ...roundedChoice(plan),
    nearest: plan.nearest.map((task) => ({ ...task, accuracy: share(task.accuracy), seconds: seconds(task.seconds) })),
    tradeOff: plan.tradeOff.map((point) => ({
      ...point,
      accuracy: share(point.accuracy),
      budgetSeconds: seconds(point.budgetSeconds),
    })),
    runnersUp: plan.runnersUp.slice(0, 5).map(roundedChoice),
  };
}

export const roundedResult = (result: TaskResult): TaskResult => ({
  ...result,
  accuracy: share(result.accuracy),
  ...(result.top5Accuracy === undefined ? {} : { top5Accuracy: share(result.top5Accuracy) }),
  ...(result.macroF1 === undefined ? {} : { macroF1: share(result.macroF1) }),
  seconds: seconds(result.seconds),
  ...(result.replanned === undefined ? {} : { replanned: roundedReplanned(result.replanned) }),
});

const roundedReplanned = (of: NonNullable<TaskResult['replanned']>): NonNullable<TaskResult['replanned']> => ({
  ...of,
  ...{ seconds: seconds(of.seconds), accuracy: share(of.accuracy), low: share(of.low), high: share(of.high) },
  ...(of.choice === undefined ? {} : { choice: roundedChoice(of.choice) }),
});
