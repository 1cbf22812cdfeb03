import { controllerOf } from '../../crds/kubernetes.ts';
import type { Job, Pod } from '../../crds/workloads.ts';
import type { Cache } from '../../kube/cache.ts';
import type { Reported } from '../../server/progress.ts';
import type { Bearer } from '../../server/token-check.ts';

/**
 * The task or zoo that a pod works for, by the chain of controlling owners, pod, Job, object: labels are anybody's to
 * write. Undefined where one of them is gone, or not known yet.
 */
export function podOwner(pods: Cache<Pod>, jobs: Cache<Job>): (bearer: Bearer) => Promise<Reported | undefined> {
  return async ({ namespace, podName, podUid }) => {
    const pod = pods.get(namespace, podName);
    if (pod === undefined || pod.metadata.uid !== podUid) return undefined;
    const jobOwner = controllerOf(pod.metadata);
    const job = jobOwner === undefined ? undefined : jobs.get(namespace, jobOwner.name);
    if (job === undefined || job.metadata.uid !== jobOwner?.uid) return undefined;
    const owner = controllerOf(job.metadata);
    return owner === undefined ? undefined : { namespace, name: owner.name, uid: owner.uid };
  };
}
