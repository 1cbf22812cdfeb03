import { labels } from '../crds/group.ts';
import type { KubeObject } from '../crds/kubernetes.ts';
import type { Cache, Change } from '../kube/cache.ts';
import { keyOf } from '../kube/resources.ts';
import { byUid } from './resources.ts';

/** A listener for Jobs and pods that adds the keys of the objects they work for. `owners`: with the index `byUid`. */
export const wakingOwners =
  <T extends KubeObject>(owners: Cache<T>, add: (key: string) => void) =>
  ({ now, before }: Change<KubeObject>): void => {
    const uid = (now ?? before)?.metadata.labels?.[labels.taskUid];
    for (const owner of uid === undefined ? [] : owners.find(byUid, uid)) add(keyOf(owner));
  };
