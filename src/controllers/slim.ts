/** What caches keep of the objects that there are many of. Nobody here reads the rest, and it would cost memory. */
import type { PersistentVolumeClaim } from '../crds/kubernetes.ts';
import type { ContainerStatus, Job, LooseCondition, Pod, PodStatus } from '../crds/workloads.ts';

const noSpec = { containers: [] } as const;

/** Without the pod's template, which holds all that the trainer is told. */
export function slimJob(job: Job): Job {
  const { suspend } = job.spec;
  return { ...job, spec: { ...(suspend === undefined ? {} : { suspend }), template: { spec: noSpec } } };
}

export function slimPod({ spec: { nodeName }, status, ...pod }: Pod): Pod {
  return {
    ...pod,
    spec: { ...noSpec, ...(nodeName === undefined ? {} : { nodeName }) },
    ...(status === undefined ? {} : { status: slimStatus(status) }),
  };
}

/** Without the addresses, what the containers are made of, and the conditions that tell nothing more than the phase. */
function slimStatus({ phase, reason, message, conditions, containerStatuses, initContainerStatuses }: PodStatus) {
  return {
    ...(phase === undefined ? {} : { phase }),
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    ...(conditions === undefined ? {} : { conditions: conditions.filter(tellsMore) }),
    ...(containerStatuses === undefined ? {} : { containerStatuses: containerStatuses.map(slimContainer) }),
    ...(initContainerStatuses === undefined ? {} : { initContainerStatuses: initContainerStatuses.map(slimContainer) }),
  };
}

const tellsMore = ({ type, status }: LooseCondition): boolean =>
  (type === 'PodScheduled' && status === 'False') || type === 'DisruptionTarget';

const slimContainer = ({ name, ready, restartCount, state }: ContainerStatus): ContainerStatus => ({
  ...{ name, ready, restartCount },
  ...(state === undefined ? {} : { state }),
});

/** That it exists is all that is asked. */
export const slimClaim = ({ apiVersion, kind, metadata }: PersistentVolumeClaim): PersistentVolumeClaim => ({
  apiVersion,
  kind,
  metadata,
});
