/** What caches keep of the objects that there are many of. Nobody here reads the rest, and it would cost memory. */
import type { PersistentVolumeClaim } from '../crds/kubernetes.ts';
import type { Job, Pod } from '../crds/workloads.ts';

const noSpec = { containers: [] } as const;

/** Without the pod's template, which holds all that the trainer is told. */
export function slimJob(job: Job): Job {
  const { suspend } = job.spec;
  return { ...job, spec: { ...(suspend === undefined ? {} : { suspend }), template: { spec: noSpec } } };
}

export function slimPod(pod: Pod): Pod {
  const { nodeName } = pod.spec;
  return { ...pod, spec: { ...noSpec, ...(nodeName === undefined ? {} : { nodeName }) } };
}

/** That it exists is all that is asked. */
export const slimClaim = ({ apiVersion, kind, metadata }: PersistentVolumeClaim): PersistentVolumeClaim => ({
  apiVersion,
  kind,
  metadata,
});
