/** Tasks and zoos on the cluster: the samples applied, and what became of them. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { ApiClient, ApiObject } from '../../hack/cluster/api-client.ts';
import { until } from '../../hack/cluster/service.ts';
import type { FineTuneTask } from '../../src/crds/fine-tune-task.ts';
import { labels } from '../../src/crds/group.ts';
import type { Job, Pod } from '../../src/crds/workloads.ts';
import { taskNamespace } from './release.ts';

export const samplePath = (file: string): string =>
  fileURLToPath(new URL(`../../manifests/samples/${file}`, import.meta.url));

/** A sample with other values in its spec, merged into the maps that are there. */
export function sample(file: string, name: string, spec: object): ApiObject {
  const object = parse(readFileSync(samplePath(file), 'utf8')) as ApiObject;
  const metadata = { ...object.metadata, name, namespace: taskNamespace };
  return { ...object, metadata, spec: merged(object['spec'], spec) };
}

function merged(into: unknown, from: unknown): unknown {
  if (!isMap(into) || !isMap(from)) return from;
  const changed = Object.entries(from).map(([key, value]) => [key, merged(into[key], value)] as const);
  return { ...into, ...Object.fromEntries(changed) };
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const group = `/apis/nasoa.dev/v1alpha1/namespaces/${taskNamespace}`;
export const tasksPath = `${group}/finetunetasks`;
export const zoosPath = `${group}/modelzoos`;
export const jobsPath = `/apis/batch/v1/namespaces/${taskNamespace}/jobs`;
export const podsPath = `/api/v1/namespaces/${taskNamespace}/pods`;

export const readTask = (api: ApiClient, name: string): Promise<FineTuneTask> =>
  api.call<FineTuneTask>('GET', `${tasksPath}/${name}`);

/** Waits for a state of a task. One that failed ends the waiting with its own words. */
export async function taskReaches(
  api: ApiClient,
  name: string,
  seconds: number,
  wanted: (task: FineTuneTask) => boolean,
): Promise<FineTuneTask> {
  let last: FineTuneTask | undefined;
  try {
    return await until(`the task ${name} is as wanted`, seconds, async () => {
      last = await readTask(api, name).catch(() => last);
      if (last === undefined) return undefined;
      if (wanted(last)) return last;
      if (last.status?.phase === 'Failed') throw new Error(`the task ${name} failed`);
      return undefined;
    });
  } catch (error) {
    throw new Error(`${name} stands at ${JSON.stringify(last?.status, undefined, 1)}`, { cause: error });
  }
}

export const isComplete = ({ status }: FineTuneTask): boolean => status?.phase === 'Complete';

/** It trains, and said so: there is something that could be lost. */
export const isTraining = ({ status }: FineTuneTask): boolean =>
  status?.phase === 'Running' && (status.progress?.step ?? 0) > 0;

export function condition({ status }: FineTuneTask, type: string) {
  return status?.conditions?.find((one) => one.type === type);
}

const ofTask = (uid: string, role: string): string =>
  `labelSelector=${encodeURIComponent(`${labels.taskUid}=${uid},${labels.role}=${role}`)}`;

export async function jobsOf(api: ApiClient, task: FineTuneTask, role: string): Promise<readonly Job[]> {
  return (await api.call<{ items: readonly Job[] }>('GET', `${jobsPath}?${ofTask(task.metadata.uid, role)}`)).items;
}

export async function podsOf(api: ApiClient, task: FineTuneTask, role: string): Promise<readonly Pod[]> {
  return (await api.call<{ items: readonly Pod[] }>('GET', `${podsPath}?${ofTask(task.metadata.uid, role)}`)).items;
}

export async function patchTask(api: ApiClient, name: string, spec: object): Promise<void> {
  await api.call('PATCH', `${tasksPath}/${name}`, { spec }, 'application/merge-patch+json');
}
