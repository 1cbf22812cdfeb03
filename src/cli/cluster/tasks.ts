/** Tasks of a namespace: read, listed, created. */
import { randomUUID } from 'node:crypto';
import { type FineTuneTask, parseFineTuneTask } from '../../crds/fine-tune-task.ts';
import type { ObjectList } from '../../crds/kubernetes.ts';
import { fieldManager } from '../../kube/apply.ts';
import { AlreadyExists } from '../../kube/errors.ts';
import { fineTuneTasks, pathOf } from '../../kube/resources.ts';
import { InputError } from '../../lib/errors.ts';
import { type Cluster, patience } from './cluster.ts';
import type { TaskDraft } from './draft.ts';
import { explained } from './explain.ts';

const pageSize = 500;
/** Tells our own task, whose creation was answered too late, from another of that name. */
const submissionKey = 'nasoa.dev/submission';
/** Names tried where none was given: flowers, flowers-2, ... */
const mostNames = 100;

/** Throws InputError where there is none. */
export async function readTask(cluster: Cluster, name: string): Promise<FineTuneTask> {
  const { api, namespace } = cluster;
  const subject = { kind: 'task', name, missing: '"nasoa status" lists the tasks of a namespace; -n chooses another.' };
  return await explained(cluster, subject, async () => {
    const raw = await api.request('GET', pathOf(fineTuneTasks, { namespace, name }), undefined, patience);
    return parseFineTuneTask(raw);
  });
}

/** All tasks of the namespace, the newest last. */
export async function listTasks(cluster: Cluster): Promise<readonly FineTuneTask[]> {
  const { api, namespace } = cluster;
  const tasks: FineTuneTask[] = [];
  await explained(cluster, { kind: 'task' }, async () => {
    for (let next: string | undefined; ; ) {
      const path = pathOf(fineTuneTasks, { namespace }, { limit: pageSize, continue: next });
      const page = await api.request<ObjectList<FineTuneTask>>('GET', path, undefined, patience);
      tasks.push(...page.items);
      next = page.metadata.continue;
      if (next === undefined || next === '') return;
    }
  });
  return inOrder(tasks);
}

/** By age, the oldest first; those of one second by name. */
export const inOrder = (tasks: readonly FineTuneTask[]): readonly FineTuneTask[] =>
  tasks.toSorted(
    ({ metadata: a }, { metadata: b }) =>
      a.creationTimestamp.localeCompare(b.creationTimestamp) || a.name.localeCompare(b.name),
  );

/**
 * Creates the task. Where `mayRename`, a taken name gets a number, as folders of `nasoa tune` do; throws InputError
 * otherwise. An answer that was lost on its way does not make a second task.
 */
export async function createTask(cluster: Cluster, draft: TaskDraft, mayRename: boolean): Promise<FineTuneTask> {
  const submission = randomUUID();
  for (let i = 1; i <= mostNames; i++) {
    const name = i === 1 ? draft.metadata.name : `${draft.metadata.name}-${i}`;
    const created = await tryCreate(cluster, draft, name, submission, mayRename);
    if (created !== undefined) return created;
  }
  const { name } = draft.metadata;
  throw new InputError(`There are already ${mostNames} tasks named like "${name}".`, 'Give a name with --name.');
}

/** Undefined where the name is taken and another may be tried. */
async function tryCreate(
  cluster: Cluster,
  draft: TaskDraft,
  name: string,
  submission: string,
  mayRename: boolean,
): Promise<FineTuneTask | undefined> {
  const { api, namespace } = cluster;
  const metadata = { name, namespace, annotations: { [submissionKey]: submission } };
  const path = pathOf(fineTuneTasks, { namespace }, { fieldManager, fieldValidation: 'Strict' });
  return await explained(cluster, { kind: 'task', name }, async () => {
    try {
      return parseFineTuneTask(await api.request('POST', path, { ...draft, metadata }, patience));
    } catch (error) {
      if (!(error instanceof AlreadyExists)) throw error;
      const existing = await readTask(cluster, name);
      if (existing.metadata.annotations?.[submissionKey] === submission) return existing;
      if (!mayRename) throw error;
      return undefined;
    }
  });
}
