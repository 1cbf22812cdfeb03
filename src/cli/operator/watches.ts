/** All kinds that the operator watches. Every replica does, so that one that comes to lead begins at once. */

import { taskIndexes } from '../../controllers/fine-tune-task/wakes.ts';
import { zooIndexes } from '../../controllers/model-zoo/wakes.ts';
import { podsByOwner, tasks, zoos } from '../../controllers/resources.ts';
import { slimClaim, slimJob, slimPod } from '../../controllers/slim.ts';
import type { FineTuneTask } from '../../crds/fine-tune-task.ts';
import { labels, manager } from '../../crds/group.ts';
import type { PersistentVolumeClaim } from '../../crds/kubernetes.ts';
import type { ModelZoo } from '../../crds/model-zoo.ts';
import type { Job, Pod } from '../../crds/workloads.ts';
import type { Cache } from '../../kube/cache.ts';
import { Informers, type InformersOptions } from '../../kube/informers.ts';
import { claims, jobs, pods } from '../../kube/resources.ts';

export interface Watches {
  readonly informers: Informers;
  readonly tasks: Cache<FineTuneTask>;
  readonly zoos: Cache<ModelZoo>;
  readonly jobs: Cache<Job>;
  readonly pods: Cache<Pod>;
  readonly claims: Cache<PersistentVolumeClaim>;
  readonly synced: () => Promise<void>;
}

export function watchAll(options: InformersOptions): Watches {
  const informers = new Informers(options);
  // Jobs and pods of others are none of our business, and there may be many
  const own = { [labels.managedBy]: manager };
  return {
    informers,
    tasks: informers.watch({ resource: tasks, indexes: taskIndexes }),
    zoos: informers.watch({ resource: zoos, indexes: zooIndexes }),
    jobs: informers.watch({ resource: jobs, labels: own, trim: slimJob }),
    pods: informers.watch({ resource: pods, labels: own, indexes: [podsByOwner], trim: slimPod }),
    claims: informers.watch({ resource: claims, trim: slimClaim }),
    synced: () => informers.synced(),
  };
}
