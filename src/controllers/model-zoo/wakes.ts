/** What makes the controller look at a zoo: a change of the zoo itself, or of anything that its view holds. */
import type { PersistentVolumeClaim } from '../../crds/kubernetes.ts';
import type { ModelZoo } from '../../crds/model-zoo.ts';
import type { Job, Pod } from '../../crds/workloads.ts';
import type { Cache } from '../../kube/cache.ts';
import { byNamespace, type Index } from '../../kube/indexes.ts';
import { wakingOwners } from '../owned.ts';
import { byUid } from '../resources.ts';

export interface ZooCaches {
  /** With the index `byUid`. */
  readonly zoos: Cache<ModelZoo>;
  readonly jobs: Cache<Job>;
  readonly pods: Cache<Pod>;
  readonly claims: Cache<PersistentVolumeClaim>;
}

/** Indexes that the cache of zoos needs. */
export const zooIndexes: readonly Index<ModelZoo>[] = [byUid];

/** `add`: puts the key of a zoo into the queue. Returns how to stop. */
export function wakeZoos({ zoos, jobs, pods, claims }: ZooCaches, add: (key: string) => void): () => void {
  const addAll = (keys: readonly string[]): void => {
    for (const key of keys) add(key);
  };
  const owned = wakingOwners(zoos, add);
  const stops = [
    zoos.subscribe(({ key }) => add(key)),
    jobs.subscribe(owned),
    pods.subscribe(owned),
    claims.subscribe(({ now, before }) => {
      // zoos are few: all of the namespace may look, whichever of them name the claim
      const { namespace } = (now ?? before)?.metadata ?? {};
      if (namespace !== undefined && (now === undefined || before === undefined))
        addAll(zoos.findKeys(byNamespace, namespace));
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
