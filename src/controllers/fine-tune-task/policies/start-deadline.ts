import { findCondition } from '../../../crds/conditions.ts';
import { formatDuration, parseDuration } from '../../../lib/duration.ts';
import type { Facts } from '../facts.ts';
import { failing, type Ruling } from '../ruling.ts';

/**
 * A ruling under which the task waits stands until the start deadline; then the task fails with what it waited for.
 * The wait began when Running became False: what ran, was suspended or was not asked for before then does not count.
 */
export function withinStartDeadline(facts: Facts, ruling: Ruling): Ruling {
  const { spec } = facts;
  const { running, end } = ruling;
  const waits = running.status === 'False' && running.reason !== 'Finished' && end === undefined;
  if (!waits || spec.startDeadline === undefined) return ruling;
  const left = parseDuration(spec.startDeadline, 'startDeadline') - waitedSeconds(facts);
  if (left > 0) return { ...ruling, wakeSeconds: Math.min(left, ruling.wakeSeconds ?? left) };
  const { overdueReason = 'StartDeadlineExceeded' } = ruling;
  const waited = `No pod ran within ${formatDuration(parseDuration(spec.startDeadline))}`;
  return {
    ...failing(facts, overdueReason, `${waited}. ${running.reason}: ${running.message}`),
    ...keptChanges(ruling),
  };
}

/** What was decided beside the start stays true; an attempt that now has no Job is not promised. */
function keptChanges({ changes }: Ruling): Pick<Ruling, 'changes'> {
  if (changes === undefined) return {};
  const { attempts: _, ...kept } = changes;
  return { changes: kept };
}

function waitedSeconds({ view, nowSeconds }: Facts): number {
  // of what was never seen waiting before it is not known: an operator that was away must not fail it
  const before = findCondition(view.task.status?.conditions, 'Running');
  return before?.status === 'False' ? nowSeconds - Date.parse(before.lastTransitionTime) / 1000 : 0;
}
