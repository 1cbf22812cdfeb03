import { happeningsBetween } from './events.ts';
import { type Facts, factsOf } from './facts.ts';
import { completion } from './policies/completion.ts';
import { evidence } from './policies/evidence.ts';
import { fatal } from './policies/fatal.ts';
import { finished } from './policies/finished.ts';
import { planning } from './policies/planning.ts';
import { start } from './policies/start.ts';
import { withinStartDeadline } from './policies/start-deadline.ts';
import { suspension } from './policies/suspension.ts';
import { watch } from './policies/watch.ts';
import type { Policy, Ruling } from './ruling.ts';
import { statusAfter, withoutChatter } from './stated.ts';
import { type Decision, isQuestion, type View } from './view.ts';

/** The first that applies decides. What is over is over; a result counts whatever is asked; then a failure does. */
export const policies: readonly Policy[] = [finished, completion, evidence, fatal, suspension, planning, start, watch];

/**
 * What to do about a task, and what its status is to say. Pure. A decision with a question is provisional: it is to be
 * made again once the question is answered. `now`: of the calendar.
 */
export function decide(view: View, now: Date): Decision {
  const { task } = view;
  const written = task.status ?? {};
  if (task.metadata.deletionTimestamp !== undefined) return { actions: [], status: written };
  const facts = factsOf(view, now);
  const ruled = firstRuling(facts);
  const actions = ruled.actions ?? [];
  if (actions.some(isQuestion)) return { actions, status: written };
  const ruling = withinStartDeadline(facts, ruled);
  const { status, waitSeconds } = withoutChatter(facts, statusAfter(facts, ruling), (ruling.actions ?? []).length > 0);
  const happenings = status === written ? [] : happeningsBetween(written, status);
  const wakes = [ruling.wakeSeconds, waitSeconds].filter((seconds) => seconds !== undefined);
  return {
    actions: [...(ruling.actions ?? []), ...happenings.map((happening) => ({ do: 'event', happening }) as const)],
    status,
    ...(wakes.length === 0 ? {} : { requeueAfterSeconds: Math.min(...wakes) }),
  };
}

function firstRuling(facts: Facts): Ruling {
  for (const policy of policies) {
    const ruling = policy(facts);
    if (ruling !== undefined) return ruling;
  }
  throw new Error(`no policy applies to a task whose Job is ${facts.state.kind}`);
}
