/** How the tasks fare, and whether the planner keeps its word. */
import type { TaskPhase } from '../crds/fine-tune-task-status.ts';
import type { Prediction } from '../planner/types.ts';
import { bounded, longSeconds, type MetricSet, shortSeconds } from './metric-set.ts';

/** Objects by their phase. */
export type PhaseCounts = Readonly<Record<string, number>>;

/** A finished task: what was promised, and what came of it. */
export interface FinishedTask {
  readonly predicted: Prediction;
  /** Top-1 on the validation split, 0 to 1. */
  readonly accuracy: number;
  /** Active seconds without profile and planning, as they are predicted. */
  readonly seconds: number;
  /** All active seconds, and those allowed. */
  readonly activeSeconds: number;
  readonly budgetSeconds: number;
}

export type ReconcileOutcome = 'done' | 'retry' | 'stalled' | 'requeue';
export type ReportFate = 'accepted' | 'forwarded' | 'limited' | 'refused' | 'failed';

export interface TaskTelemetry {
  /** A task left `phase` after that many seconds in it. */
  leftPhase(phase: TaskPhase, seconds: number): void;
  finished(task: FinishedTask): void;
  /** A task failed for good. */
  failed(reason: string): void;
  /** `kind` such as FineTuneTask. */
  reconciled(kind: string, outcome: ReconcileOutcome, seconds: number): void;
  /** After it learnt: its smoothed loss, scaled to 0 to 1, and the experiences it has seen. */
  predictor(loss: number, experiences: number): void;
  progressReport(fate: ReportFate): void;
}

const taskPhases = ['Pending', 'Profiling', 'Planning', 'Starting', 'Running', 'Suspended', 'Complete', 'Failed'];
const accuracyErrors = [-0.3, -0.2, -0.1, -0.05, -0.02, -0.01, 0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3] as const;
const ratios = [0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 1, 1.05, 1.1, 1.25, 1.5, 2, 4] as const;
const shares = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 1, 1.01, 1.05, 1.1, 1.25] as const;

export interface ObjectCounts {
  readonly tasks?: () => PhaseCounts;
  readonly zoos?: () => PhaseCounts;
}

/** Reads where the objects are at each scrape, so that no count can drift. */
export function objectMetrics({ gauge }: MetricSet, { tasks, zoos }: ObjectCounts): void {
  if (tasks !== undefined) {
    gauge('tasks', 'FineTuneTasks by phase, as this replica sees them.', ['phase'], (g) => {
      const counts = tasks();
      for (const phase of taskPhases) g.set({ phase }, counts[phase] ?? 0);
    });
  }
  if (zoos !== undefined) {
    const phaseOf = bounded(16);
    gauge('zoos', 'ModelZoos by phase, as this replica sees them.', ['phase'], (g) => {
      g.reset();
      for (const [phase, count] of Object.entries(zoos())) g.set({ phase: phaseOf(phase) }, count);
    });
  }
}

export function taskMetrics(set: MetricSet): TaskTelemetry {
  return { ...calibrationMetrics(set), ...flowMetrics(set) };
}

function calibrationMetrics({ counter, gauge, histogram }: MetricSet) {
  const accuracy = histogram('accuracy_error', 'Observed minus predicted accuracy of finished tasks.', accuracyErrors);
  const seconds = histogram('seconds_ratio', 'Observed by predicted active seconds of finished tasks.', ratios);
  const covered = counter('predictions_total', 'Finished tasks, by where in its interval the accuracy fell.', [
    'where',
  ]);
  const budget = histogram('budget_use_ratio', 'Active seconds by budget of finished tasks.', shares);
  const loss = gauge('predictor_loss', 'Smoothed loss of the predictor on new experience, 0 to 1.');
  const experiences = gauge('predictor_experiences', 'Finished runs that the predictor has learnt.');
  return {
    finished: (task) => {
      const { predicted } = task;
      accuracy.observe(task.accuracy - predicted.accuracy);
      if (predicted.seconds > 0) seconds.observe(task.seconds / predicted.seconds);
      if (task.budgetSeconds > 0) budget.observe(task.activeSeconds / task.budgetSeconds);
      const where = task.accuracy < predicted.low ? 'below' : task.accuracy > predicted.high ? 'above' : 'within';
      covered.inc({ where });
    },
    predictor: (value, count) => {
      loss.set(value);
      experiences.set(count);
    },
  } satisfies Partial<TaskTelemetry>;
}

function flowMetrics({ counter, histogram }: MetricSet) {
  const [kindOf, reasonOf] = [bounded(8), bounded(48)];
  const phases = histogram('task_phase_seconds', 'Seconds that tasks spent in a phase.', longSeconds, ['phase']);
  const failures = counter('task_failures_total', 'Tasks that failed for good, by reason.', ['reason']);
  const reconciles = counter('reconciles_total', 'Passes of the controllers, by outcome.', ['kind', 'outcome']);
  const took = histogram('reconcile_seconds', 'Seconds of one pass of a controller.', shortSeconds, ['kind']);
  const reports = counter('progress_reports_total', 'Progress reports of pods, by what became of them.', ['fate']);
  return {
    leftPhase: (phase, seconds) => phases.observe({ phase }, seconds),
    failed: (reason) => failures.inc({ reason: reasonOf(reason) }),
    reconciled: (kind, outcome, seconds) => {
      reconciles.inc({ kind: kindOf(kind), outcome });
      took.observe({ kind: kindOf(kind) }, seconds);
    },
    progressReport: (fate) => reports.inc({ fate }),
  } satisfies Partial<TaskTelemetry>;
}
