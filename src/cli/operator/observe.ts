/** What the tasks that pass by mean for the metrics. */
import { findCondition } from '../../crds/conditions.ts';
import { budgetSeconds, type FineTuneTask } from '../../crds/fine-tune-task.ts';
import type { TaskPhase } from '../../crds/fine-tune-task-status.ts';
import type { KubeObject } from '../../crds/kubernetes.ts';
import type { Cache, Change } from '../../kube/cache.ts';
import type { Clock } from '../../lib/clock.ts';
import type { PhaseCounts, TaskTelemetry } from '../../server/task-metrics.ts';

interface Phased extends KubeObject {
  readonly status?: { readonly phase?: string };
}

const phaseOf = (object: Phased): string => object.status?.phase ?? 'Pending';

/** Objects by their phase, counted as they change, so that a scrape of ten thousand costs nothing. */
export function countPhases<T extends Phased>(cache: Cache<T>): () => PhaseCounts {
  const counts: Record<string, number> = {};
  const add = (object: T | undefined, by: number): void => {
    if (object !== undefined) counts[phaseOf(object)] = (counts[phaseOf(object)] ?? 0) + by;
  };
  cache.subscribe(({ now, before }) => {
    add(before, -1);
    add(now, 1);
  });
  return () => counts;
}

/** Tells how tasks fare, while `isLeader`: each replica sees the same changes, and they are to be counted once. */
export function observeTasks(
  cache: Cache<FineTuneTask>,
  telemetry: TaskTelemetry,
  { isLeader, clock }: { readonly isLeader: () => boolean; readonly clock: Clock },
): void {
  const since = new Map<string, number>();
  cache.subscribe(({ now, before }) => {
    const uid = (now ?? before)?.metadata.uid ?? '';
    if (now === undefined) {
      since.delete(uid);
      return;
    }
    if (before !== undefined && phaseOf(now) === phaseOf(before)) return;
    const enteredSeconds = since.get(uid);
    since.set(uid, clock.nowSeconds());
    if (before === undefined || !isLeader()) return;
    if (enteredSeconds !== undefined) {
      telemetry.leftPhase(phaseOf(before) as TaskPhase, clock.nowSeconds() - enteredSeconds);
    }
    tellEnd({ now, before }, telemetry);
  });
}

function tellEnd(
  { now, before }: Required<Pick<Change<FineTuneTask>, 'now' | 'before'>>,
  telemetry: TaskTelemetry,
): void {
  const became = (type: 'Complete' | 'Failed') => {
    const condition = findCondition(now?.status?.conditions, type);
    const was = findCondition(before?.status?.conditions, type);
    return condition?.status === 'True' && was?.status !== 'True' ? condition : undefined;
  };
  const failed = became('Failed');
  if (failed !== undefined) telemetry.failed(failed.reason);
  const { plan, result, profile, activeSeconds } = now?.status ?? {};
  if (now === undefined || became('Complete') === undefined || plan === undefined || result === undefined) return;
  telemetry.finished({
    predicted: plan.predicted,
    accuracy: result.accuracy,
    seconds: Math.max(0, result.seconds - (profile?.seconds ?? 0)),
    activeSeconds: activeSeconds ?? result.seconds,
    budgetSeconds: budgetSeconds(now.spec.budget),
  });
}
