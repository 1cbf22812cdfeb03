/** Our own kinds, as the API server knows them, and the indexes by which controllers find what belongs together. */
import type { FineTuneTask } from '../crds/fine-tune-task.ts';
import { apiVersion, labels } from '../crds/group.ts';
import { kinds } from '../crds/kinds.ts';
import type { ModelZoo } from '../crds/model-zoo.ts';
import { byLabel, type Index } from '../kube/indexes.ts';
import { keyFor, resource } from '../kube/resources.ts';

export const tasks = resource<FineTuneTask>(apiVersion, kinds.FineTuneTask.kind, kinds.FineTuneTask.plural);
export const zoos = resource<ModelZoo>(apiVersion, kinds.ModelZoo.kind, kinds.ModelZoo.plural);

/** Pods by the uid of the task or zoo that they work for; their controlling owner is only a Job. */
export const podsByOwner: Index = byLabel(labels.taskUid);

/** Tasks or zoos by their own uid: what a Job or a pod tells of the object that it works for. */
export const byUid: Index = {
  name: 'uid',
  values: ({ metadata }) => (metadata.uid === undefined ? [] : [metadata.uid]),
};

/** Tasks by the zoo that they start from, as `namespace/name`. */
export const tasksByZoo: Index<FineTuneTask> = {
  name: 'zoo',
  values: ({ metadata, spec }) => (spec.zooRef === undefined ? [] : [keyFor(metadata.namespace, spec.zooRef.name)]),
};

/** Tasks whose spec is new or was changed, and no controller has answered to it yet; the value is always ''. */
export const unansweredTasks: Index<FineTuneTask> = {
  name: 'unanswered',
  values: ({ metadata, status }) => (status?.observedGeneration === metadata.generation ? [] : ['']),
};

/** Tasks by the claims that they name, as `namespace/name`. */
export const tasksByClaim: Index<FineTuneTask> = {
  name: 'claim',
  values: ({ metadata, spec }) => {
    const names = [spec.data.claim?.claimName, spec.output.claim?.claimName].filter((name) => name !== undefined);
    return [...new Set(names)].map((name) => keyFor(metadata.namespace, name));
  },
};
