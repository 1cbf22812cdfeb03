/** Why a pod does not run, in the words of the scheduler, the kubelet or Kueue. */
import { labels } from '../crds/group.ts';
import type { waitingReasons } from '../crds/task-conditions.ts';
import type { Job, LooseCondition, Pod } from '../crds/workloads.ts';
import { containerName } from './pods.ts';

export type WaitingReason = keyof typeof waitingReasons;

export interface Waiting {
  readonly reason: WaitingReason;
  readonly message: string;
}

/** Reasons of a waiting container that come from its image, and from its configuration. */
const imageReasons = ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull', 'ImageInspectError'];
const configReasons = ['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError', 'StartError'];
/** A Job makes its pod within a second or two; after this long something refuses it. */
const podRefusedSeconds = 20;

export const conditionOf = (
  conditions: readonly LooseCondition[] | undefined,
  type: string,
): LooseCondition | undefined =>
  conditions?.find((condition) => condition.type === type && condition.status === 'True');

/** What a Job without a running pod waits for. `pod`: its newest that has not ended. `nowSeconds`: of the calendar. */
export function waitingFor(job: Job, pod: Pod | undefined, ended: Pod | undefined, nowSeconds: number): Waiting {
  if (job.spec.suspend === true) return held(job);
  if (pod !== undefined) return podWaits(pod);
  if (ended !== undefined) {
    const { name } = ended.metadata;
    return { reason: 'Retrying', message: `The pod ${name} ended${disruption(ended)}. Another one follows.` };
  }
  const began = Date.parse(job.status?.startTime ?? job.metadata.creationTimestamp) / 1000;
  const { name } = job.metadata;
  if (nowSeconds - began < podRefusedSeconds) return { reason: 'Starting', message: `The Job ${name} makes its pod.` };
  return {
    reason: 'PodRejected',
    message: `The Job ${name} could not make its pod: a quota or a policy refuses it. \`kubectl describe job ${name}\` tells which.`,
  };
}

/** When a Job that has no pod yet is to be looked at again, in seconds from now. */
export function pollSeconds(waiting: Waiting, pod: Pod | undefined): number | undefined {
  return waiting.reason === 'Starting' && pod === undefined ? podRefusedSeconds : undefined;
}

function held(job: Job): Waiting {
  const queue = job.metadata.labels?.[labels.queueName];
  return queue === undefined
    ? { reason: 'Queued', message: `The Job ${job.metadata.name} is suspended, and not by its task.` }
    : { reason: 'Queued', message: `Kueue holds the Job ${job.metadata.name} in the queue ${queue}.` };
}

/** What a pod that has not started waits for. */
export function podWaits(pod: Pod): Waiting {
  const { name } = pod.metadata;
  const unplaced = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (unplaced !== undefined) {
    return { reason: 'Unschedulable', message: unplaced.message ?? `No node was found for the pod ${name}.` };
  }
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  for (const { state } of statuses) {
    const { reason = '', message = '' } = state?.waiting ?? {};
    const words = `${reason} in the pod ${name}${message === '' ? '' : `: ${message}`}`;
    if (imageReasons.includes(reason)) return { reason: 'ImagePullFailed', message: words };
    if (configReasons.includes(reason)) return { reason: 'PodConfigInvalid', message: words };
  }
  if (pod.spec.nodeName === undefined) return { reason: 'Starting', message: `The pod ${name} waits for a node.` };
  return { reason: 'Starting', message: `The pod ${name} starts on the node ${pod.spec.nodeName}.` };
}

function disruption(pod: Pod): string {
  const { message, reason } = conditionOf(pod.status?.conditions, 'DisruptionTarget') ?? {};
  return message === undefined && reason === undefined ? '' : ` (${message ?? reason})`;
}

export const trainerOf = (pod: Pod) => pod.status?.containerStatuses?.find(({ name }) => name === containerName)?.state;
