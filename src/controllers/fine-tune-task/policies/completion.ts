import { formatDuration } from '../../../lib/duration.ts';
import { experienceOf, keeping } from '../experience.ts';
import { roundedResult, seconds, share } from '../rounded.ts';
import { ending, type Policy } from '../ruling.ts';

/** The training has a result: the task is complete, whether it was asked to pause meanwhile or not. */
export const completion: Policy = (facts) => {
  const { state, now, role, status } = facts;
  if (role !== 'training' || state.kind !== 'answered' || state.answer.kind !== 'training') return undefined;
  const { result, artifact, stopped, curve } = state.answer;
  const accuracy = `${(100 * result.accuracy).toFixed(1)} %`;
  const steps = status.plan?.regime.steps ?? 0;
  const step = result.steps ?? status.progress?.step ?? steps;
  const kept = keeping(facts, experienceOf(facts, result, curve, now));
  return ending(
    facts,
    {
      kind: 'complete',
      reason: stopped === 'completed' ? 'PlanCompleted' : 'BudgetSpent',
      message: `Accuracy ${accuracy} after ${formatDuration(Math.max(0, result.seconds))} of active time.`,
    },
    {
      ...kept,
      changes: {
        ...kept.changes,
        ...{ result: roundedResult(result), artifact, completionTime: now },
        // what kubectl shows of a task that runs, it shows of one that is done
        progress: { step, steps, accuracy: share(result.accuracy), lastReportTime: now },
        activeSeconds: Math.max(status.activeSeconds ?? 0, seconds(state.answer.activeSeconds)),
      },
    },
  );
};
