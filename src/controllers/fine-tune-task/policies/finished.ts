import { isTrue } from '../../../crds/conditions.ts';
import { parseDuration } from '../../../lib/duration.ts';
import { lastWords } from '../../job-state.ts';
import { experienceOf, keeping } from '../experience.ts';
import type { Facts } from '../facts.ts';
import { finishedRunning, type Policy, type Ruling, stopping } from '../ruling.ts';

/** A finished task stays as it is; its experience is stored if it was not, and it goes when its time is up. */
export const finished: Policy = (facts) => {
  const { status } = facts;
  const complete = isTrue(status.conditions, 'Complete');
  if (!complete && !isTrue(status.conditions, 'Failed')) return undefined;
  const kept = complete && status.experienceStored === undefined ? unstored(facts) : {};
  if (kept.actions !== undefined || kept.wakeSeconds !== undefined) {
    return { running: finishedRunning, ...kept, actions: [...(kept.actions ?? []), ...stopping(facts)] };
  }
  const left = secondsToLive(facts);
  return {
    running: finishedRunning,
    ...kept,
    actions: left <= 0 ? [{ do: 'deleteTask' }] : stopping(facts),
    ...(Number.isFinite(left) && left > 0 ? { wakeSeconds: left } : {}),
  };
};

function unstored(facts: Facts): Partial<Ruling> {
  const { status, pods } = facts;
  const { result, completionTime } = status;
  if (result === undefined || completionTime === undefined) return {};
  const words = [...pods.map(lastWords), facts.view.report?.report.message];
  const curve = words.find((message) => message?.kind === 'training')?.curve ?? [];
  return keeping(facts, experienceOf(facts, result, curve, completionTime));
}

function secondsToLive({ spec, status, nowSeconds }: Facts): number {
  if (spec.ttlAfterFinished === undefined || status.completionTime === undefined) return Number.POSITIVE_INFINITY;
  const age = nowSeconds - Date.parse(status.completionTime) / 1000;
  return parseDuration(spec.ttlAfterFinished, 'ttlAfterFinished') - age;
}
