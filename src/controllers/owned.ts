import { labels } from '../crds/group.ts';
import type { KubeObject, ResourceMeta } from '../crds/kubernetes.ts';
import type { Pod } from '../crds/workloads.ts';
import type { Cache, Change } from '../kube/cache.ts';
import { pods } from '../kube/resources.ts';
import type { World } from '../kube/world.ts';
import { byUid } from './resources.ts';

/** The pods that work for a task or zoo, as the API server has them at present. */
export const currentPods = (
  { metadata }: { readonly metadata: ResourceMeta },
  world: Pick<World, 'readAll'>,
): Promise<readonly Pod[]> => world.readAll<Pod>(pods, metadata.namespace, { [labels.taskUid]: metadata.uid });

/** A listener for Jobs and pods that adds the keys of the objects they work for. `owners`: with the index `byUid`. */
export const wakingOwners =
  <T extends KubeObject>(owners: Cache<T>, add: (key: string) => void) =>
  ({ now, before }: Change<KubeObject>): void => {
    const uid = (now ?? before)?.metadata.labels?.[labels.taskUid];
    for (const key of uid === undefined ? [] : owners.findKeys(byUid, uid)) add(key);
  };
