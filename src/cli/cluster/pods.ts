/** Pods of a task: which there are, and their logs. */
import type { FineTuneTask } from '../../crds/fine-tune-task.ts';
import { labels } from '../../crds/group.ts';
import type { Pod } from '../../crds/workloads.ts';
import { NotFound } from '../../kube/errors.ts';
import { listLabelled } from '../../kube/labelled.ts';
import { pathOf, pods } from '../../kube/resources.ts';
import { RunError } from '../../lib/errors.ts';
import { type Cluster, patience } from './cluster.ts';
import { explained } from './explain.ts';

/** The task's pods, in the order in which they were made. `role`: of that one alone. */
export async function podsOfTask(cluster: Cluster, task: FineTuneTask, role?: string): Promise<readonly Pod[]> {
  const { api, namespace } = cluster;
  const wanted = { [labels.taskUid]: task.metadata.uid, ...(role === undefined ? {} : { [labels.role]: role }) };
  const found = await explained(cluster, { kind: 'pod' }, () => listLabelled(api, pods, namespace, wanted, patience));
  return found.toSorted(
    ({ metadata: a }, { metadata: b }) =>
      a.creationTimestamp.localeCompare(b.creationTimestamp) || a.name.localeCompare(b.name),
  );
}

/** Undefined where it is gone. */
export async function readPod(cluster: Cluster, name: string): Promise<Pod | undefined> {
  const { api, namespace } = cluster;
  return await explained(cluster, { kind: 'pod', name }, async () => {
    try {
      return await api.request<Pod>('GET', pathOf(pods, { namespace, name }), undefined, patience);
    } catch (error) {
      if (error instanceof NotFound) return undefined;
      throw error;
    }
  });
}

export interface LogOptions {
  readonly container: string;
  /** Goes on until the container ends. */
  readonly follow: boolean;
  /** Last lines to begin with; all where absent. */
  readonly tailLines?: number | undefined;
  /** Aborted by the caller; the answer ends with it. */
  readonly abort: AbortController;
}

/** The bytes of a container's log. Throws RunError where it cannot be had, or breaks off. */
export async function* podLog(cluster: Cluster, pod: string, options: LogOptions): AsyncGenerator<Uint8Array> {
  const { api, namespace } = cluster;
  const { container, follow, tailLines, abort } = options;
  const path = pathOf(pods, { namespace, name: pod, subresource: 'log' }, { container, follow, tailLines });
  const subject = { kind: 'pod', name: pod, missing: 'The pod is gone, and its log with it.' };
  const stream = await explained(cluster, subject, () => api.stream(path, abort));
  try {
    yield* stream;
  } catch (error) {
    abort.signal.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    throw new RunError(`The log of the pod "${pod}" broke off: ${why}.`, 'Run the command again.', { cause: error });
  }
}
