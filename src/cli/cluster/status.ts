/** What `nasoa status` shows: the tasks of a namespace, or one of them, once or as they change. */
import type { FineTuneTask } from '../../crds/fine-tune-task.ts';
import { RunError } from '../../lib/errors.ts';
import type { Answer, CommandContext } from '../context.ts';
import { Interruption } from '../interruption.ts';
import type { Paint } from '../terminal/paint.ts';
import { Screen } from '../terminal/screen.ts';
import { taskListText } from '../terminal/task-list-text.ts';
import { taskText } from '../terminal/task-text.ts';
import type { Cluster } from './cluster.ts';
import { followTasks } from './follow.ts';
import { sameCluster } from './follow-up.ts';
import type { ClusterOptions } from './options.ts';
import { isFinished, summaryOf } from './summary.ts';
import { listTasks, readTask } from './tasks.ts';

/** Columns of sentences: those of the terminal, as far as they are pleasant to read. */
export const textColumns = (): number => Math.min(new Screen(process.stdout).columns ?? 100, 120);

/** Ages and the time since the last report grow although nothing changes. */
const redrawSeconds = 5;

export async function showList(cluster: Cluster, { clock }: CommandContext): Promise<Answer> {
  const { namespace } = cluster;
  const tasks = (await listTasks(cluster)).map(summaryOf);
  const columns = new Screen(process.stdout).columns;
  return {
    document: { namespace, tasks },
    text: (paint) => taskListText(tasks, { paint, namespace, now: clock.date(), columns }),
  };
}

export async function showTask(
  cluster: Cluster,
  name: string,
  options: ClusterOptions,
  { clock }: CommandContext,
): Promise<Answer> {
  const task = await readTask(cluster, name);
  return { document: documentOf(task), text: (paint) => textOf(task, options, paint, clock.date()) };
}

export const documentOf = ({ metadata, spec, status = {} }: FineTuneTask) => {
  const { name, namespace, uid, creationTimestamp: createdAt } = metadata;
  return { ...{ name, namespace, uid, createdAt }, spec, status };
};

function textOf(task: FineTuneTask, options: ClusterOptions, paint: Paint, now: Date): string {
  return taskText(task, { paint, now, columns: textColumns(), flags: sameCluster(options) });
}

/** Until Ctrl-C; a single task until it has finished or is gone. */
export async function watchStatus(
  cluster: Cluster,
  name: string | undefined,
  options: ClusterOptions,
  { paint, signal, clock, reporter }: CommandContext,
): Promise<Answer> {
  // what is wrong from the start is told at once, not tried again and again
  if (name === undefined) await listTasks(cluster);
  else await readTask(cluster, name);
  const screen = new Screen(process.stdout);
  const onOutage = (): void => reporter.line('The cluster does not answer; still trying.');
  const everySeconds = screen.columns === undefined ? {} : { everySeconds: redrawSeconds };
  const given = name === undefined ? {} : { name };
  const { namespace } = cluster;
  for await (const tasks of followTasks(cluster, { ...given, ...everySeconds, signal, onOutage })) {
    const now = clock.date();
    if (name === undefined) {
      screen.show(taskListText(tasks.map(summaryOf), { paint, namespace, now, columns: screen.columns }));
      continue;
    }
    const [task] = tasks;
    if (task === undefined)
      throw new RunError(`The task "${name}" was deleted.`, 'See those there are by "nasoa status".');
    screen.show(textOf(task, options, paint, now));
    if (isFinished(task)) return { document: documentOf(task), text: () => '' };
  }
  const exitCode = signal.reason instanceof Interruption ? signal.reason.exitCode : 1;
  return { document: { interrupted: {} }, text: () => '', exitCode };
}
