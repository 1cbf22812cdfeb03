/** Follows one task to its end, with the progress lines of `nasoa tune`. */
import { findCondition } from '../../crds/conditions.ts';
import type { FineTuneTask } from '../../crds/fine-tune-task.ts';
import { taskConditions } from '../../crds/task-conditions.ts';
import { RunError } from '../../lib/errors.ts';
import { percent } from '../../train/regime-words.ts';
import type { CommandContext } from '../context.ts';
import type { Reporter } from '../terminal/reporter.ts';
import type { Cluster } from './cluster.ts';
import { sentence } from './explain.ts';
import { followTasks } from './follow.ts';
import { isFinished, troubleOf } from './summary.ts';

/** What the bar is called in each phase; those of `nasoa tune` where it has them. */
const phaseNames: Readonly<Record<string, string>> = {
  Pending: 'waiting',
  Profiling: 'profile',
  Planning: 'plan',
  Starting: 'starting',
  Running: 'training',
  Suspended: 'suspended',
};

/**
 * The finished task; undefined where the signal came first. `onPlan` is told once, as soon as there is a plan. Throws
 * RunError where the task fails or is deleted.
 */
export async function waitForTask(
  cluster: Cluster,
  task: FineTuneTask,
  { reporter, signal }: Pick<CommandContext, 'reporter' | 'signal'>,
  onPlan: (task: FineTuneTask) => void,
): Promise<FineTuneTask | undefined> {
  const { name, uid } = task.metadata;
  const teller = new ProgressTeller(reporter);
  let planned = false;
  const onOutage = (): void => reporter.line('The cluster does not answer; still trying.');
  for await (const tasks of followTasks(cluster, { name, signal, onOutage })) {
    const now = tasks.find(({ metadata }) => metadata.uid === uid);
    if (now === undefined) {
      throw new RunError(`The task "${name}" was deleted.`, 'Submit it again if it was not meant to be.');
    }
    if (!isFinished(now)) teller.tell(now);
    if (!planned && now.status?.plan !== undefined) {
      planned = true;
      onPlan(now);
      // the text has taken the place of the bar
      if (!isFinished(now)) teller.tell(now);
    }
    if (isFinished(now)) return finished(now);
  }
  return undefined;
}

function finished(task: FineTuneTask): FineTuneTask {
  const failed = findCondition(task.status?.conditions, 'Failed');
  if (task.status?.phase === 'Complete' && failed?.status !== 'True') return task;
  throw failureOf(task);
}

/** Why a task failed, and the remedy for its reason. */
export function failureOf({ metadata, status }: FineTuneTask): RunError {
  const { reason = 'Internal', message = '' } = findCondition(status?.conditions, 'Failed') ?? {};
  const reasons: Readonly<Record<string, string>> = taskConditions.Failed.reasons;
  const words = message === '' ? `it gave no reason but ${reason}` : message;
  const remedy = reasons[reason] ?? 'See its conditions with "nasoa status".';
  return new RunError(`The task "${metadata.name}" failed (${reason}): ${sentence(words)}`, remedy);
}

/** Tells a reporter what changed from one status to the next. */
class ProgressTeller {
  readonly #reporter: Reporter;
  #phase = '';
  #trouble = '';

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  tell({ status = {} }: FineTuneTask): void {
    const name = phaseNames[status.phase ?? 'Pending'] ?? 'waiting';
    const { progress } = status;
    const isCounted = name === 'training' && progress !== undefined;
    // a bar begins the phase by itself, and shows its first share at once
    if (name !== this.#phase && !isCounted) this.#reporter.phase(name);
    this.#phase = name;
    const trouble = troubleOf(status.conditions ?? []);
    const words = trouble === undefined ? '' : `${trouble.reason}: ${trouble.message}`;
    if (words !== '' && words !== this.#trouble) this.#reporter.line(words);
    this.#trouble = words;
    if (!isCounted) return;
    const { step, steps, accuracy, secondsLeft } = progress;
    this.#reporter.progress({
      ...{ phase: name, done: step, total: steps },
      ...(accuracy === undefined ? {} : { detail: `accuracy ${percent(accuracy)}` }),
      ...(secondsLeft === undefined ? {} : { secondsLeft }),
    });
  }
}
