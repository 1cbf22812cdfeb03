/** The log of a task's newest pod. */
import { containerName } from '../../controllers/pods.ts';
import { findCondition } from '../../crds/conditions.ts';
import type { FineTuneTask } from '../../crds/fine-tune-task.ts';
import type { Pod } from '../../crds/workloads.ts';
import { pause } from '../../kube/timers.ts';
import { RunError } from '../../lib/errors.ts';
import type { CommandContext } from '../context.ts';
import type { Cluster } from './cluster.ts';
import { sentence } from './explain.ts';
import { podLog, podsOfTask, readPod } from './pods.ts';
import { isFinished } from './summary.ts';
import { readTask } from './tasks.ts';

export interface LogsRequest {
  readonly name: string;
  readonly follow: boolean;
  /** Of the profile pod in place of the newest of any kind. */
  readonly profile: boolean;
  readonly tailLines: number | undefined;
}

const pollSeconds = 1;

/** Hands the log to `write`, as it comes; answers with the pod's name. Throws RunError where there is no log. */
export async function writeLog(
  cluster: Cluster,
  request: LogsRequest,
  { signal, reporter }: Pick<CommandContext, 'signal' | 'reporter'>,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<string> {
  const task = await readTask(cluster, request.name);
  const pod = (await podsOfTask(cluster, task, request.profile ? 'profile' : undefined)).at(-1);
  if (pod === undefined) throw noPod(task, request.profile);
  const { name } = pod.metadata;
  if (!hasStarted(pod)) {
    if (!request.follow) throw notStarted(pod);
    reporter.line(`The pod ${name} has not started yet; waiting for it.`);
    await started(cluster, pod, signal);
  }
  const abort = new AbortController();
  signal.addEventListener('abort', () => abort.abort(signal.reason), { once: true });
  signal.throwIfAborted();
  const { follow, tailLines } = request;
  for await (const chunk of podLog(cluster, name, { container: containerName, follow, tailLines, abort })) {
    await write(chunk);
  }
  return name;
}

const stateOf = (pod: Pod) => pod.status?.containerStatuses?.find(({ name }) => name === containerName)?.state;

function hasStarted(pod: Pod): boolean {
  const state = stateOf(pod);
  return state?.running !== undefined || state?.terminated !== undefined;
}

async function started(cluster: Cluster, first: Pod, signal: AbortSignal): Promise<void> {
  for (let pod: Pod | undefined = first; !hasStarted(pod); ) {
    await pause(cluster.timers, pollSeconds, signal);
    signal.throwIfAborted();
    pod = await readPod(cluster, first.metadata.name);
    if (pod === undefined || pod.status?.phase === 'Failed') {
      throw new RunError(`The pod "${first.metadata.name}" went before it started.`, 'Run the command again.');
    }
  }
}

function notStarted(pod: Pod): RunError {
  const { reason, message } = stateOf(pod)?.waiting ?? {};
  const unplaced = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  const why = message ?? reason ?? unplaced?.message ?? 'it is being placed';
  return new RunError(`The pod "${pod.metadata.name}" has not started yet: ${sentence(why)}`, 'Add -f to wait for it.');
}

function noPod(task: FineTuneTask, profile: boolean): RunError {
  const { name } = task.metadata;
  const what = profile ? 'profile pod' : 'pod';
  if (isFinished(task) || (profile && task.status?.profile !== undefined)) {
    return new RunError(
      `The ${what} of the task "${name}" is gone, and its log with it.`,
      `See "nasoa status ${name}" for what came of it; logs that are to stay need a log collector in the cluster.`,
    );
  }
  const waits = findCondition(task.status?.conditions, 'Running')?.message;
  return new RunError(
    `The task "${name}" has no ${what} yet${waits === undefined ? '.' : `: ${sentence(waits)}`}`,
    `Try again once it runs; "nasoa status ${name} --watch" shows when.`,
  );
}
