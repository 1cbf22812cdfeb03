/** Jobs and pods as a cluster shows them; say only what the test is about. */
import { containerName, spentSecondsKey } from '../../src/controllers/pods.ts';
import type { TrainerSettings } from '../../src/controllers/settings.ts';
import { labels } from '../../src/crds/group.ts';
import type { StringMap } from '../../src/crds/kubernetes.ts';
import { terminationMessage } from '../../src/crds/trainer-codec.ts';
import type { TrainerMessage } from '../../src/crds/trainer-job.ts';
import type { ContainerState, Job, LooseCondition, Pod } from '../../src/crds/workloads.ts';
import { anInstant, aProfile, uidOf } from '../support/objects.ts';

export const settings: TrainerSettings = {
  image: 'trainer:1',
  gpuImage: 'trainer-gpu:1',
  imagePullPolicy: 'IfNotPresent',
  cpu: '1',
  memory: '2Gi',
  zooFolder: '/app/zoo/default',
  userId: 65532,
  reportAddress: 'https://nasoa.nasoa-system.svc:8443',
};

/** `seconds` after the instant at which the builders' objects were made. */
export const at = (seconds: number): Date => new Date(Date.parse(anInstant) + 1000 * seconds);
export const timeAt = (seconds: number): string => `${at(seconds).toISOString().slice(0, 19)}Z`;

export interface JobOver {
  readonly labels?: StringMap;
  readonly spentSeconds?: number;
  readonly suspend?: boolean;
  readonly madeAt?: number;
  readonly deletedAt?: number;
  readonly ended?: 'Complete' | 'Failed';
  readonly message?: string;
}

export function aJob(name: string, over: JobOver = {}): Job {
  const { ended, message, madeAt = 0, deletedAt } = over;
  const conditions: readonly LooseCondition[] =
    ended === undefined ? [] : [{ type: ended, status: 'True', ...(message === undefined ? {} : { message }) }];
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...{ name, namespace: 'vision', uid: uidOf(`job ${name}`), resourceVersion: '1' },
      creationTimestamp: timeAt(madeAt),
      labels: over.labels ?? {},
      annotations: { [spentSecondsKey]: String(over.spentSeconds ?? 0) },
      ...(deletedAt === undefined ? {} : { deletionTimestamp: timeAt(deletedAt) }),
    },
    spec: {
      ...(over.suspend === undefined ? {} : { suspend: over.suspend }),
      template: { spec: { containers: [] } },
    },
    status: { startTime: timeAt(madeAt), conditions },
  };
}

export interface PodOver {
  readonly name?: string;
  readonly node?: string;
  readonly madeAt?: number;
  readonly deletedAt?: number;
  readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  readonly reason?: string;
  readonly message?: string;
  readonly conditions?: readonly LooseCondition[];
  readonly state?: ContainerState;
}

/** A pod of that Job, with the Job's labels. */
export function aPod(job: Job, over: PodOver = {}): Pod {
  const { name = `${job.metadata.name}-x`, node, madeAt = 1, deletedAt, phase = 'Pending', state } = over;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...{ name, namespace: 'vision', uid: uidOf(`pod ${name}`), resourceVersion: '1' },
      creationTimestamp: timeAt(madeAt),
      labels: job.metadata.labels ?? {},
      annotations: job.metadata.annotations ?? {},
      ownerReferences: [
        { apiVersion: 'batch/v1', kind: 'Job', name: job.metadata.name, uid: job.metadata.uid, controller: true },
      ],
      ...(deletedAt === undefined ? {} : { deletionTimestamp: timeAt(deletedAt) }),
    },
    spec: { containers: [], ...(node === undefined ? {} : { nodeName: node }) },
    status: {
      phase,
      conditions: over.conditions ?? [],
      ...(over.reason === undefined ? {} : { reason: over.reason }),
      ...(over.message === undefined ? {} : { message: over.message }),
      containerStatuses: [
        { name: containerName, ready: false, restartCount: 0, ...(state === undefined ? {} : { state }) },
      ],
    },
  };
}

export const unschedulable = (job: Job, message: string): Pod =>
  aPod(job, { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] });

export const waitingWith = (job: Job, reason: string, message = ''): Pod =>
  aPod(job, { node: 'node-1', state: { waiting: { reason, message } } });

export const runningPod = (job: Job, over: PodOver & { readonly startedAt?: number } = {}): Pod =>
  aPod(job, {
    ...{ phase: 'Running', node: 'node-1', state: { running: { startedAt: timeAt(over.startedAt ?? 10) } } },
    ...over,
  });

export interface EndOver extends PodOver {
  readonly code?: number;
  readonly why?: string;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly log?: string;
}

/** A pod that ended, with the words it left: a message of the trainer, the end of a log, or none. */
export function endedPod(job: Job, words: TrainerMessage | undefined, over: EndOver = {}): Pod {
  const { code = 0, why = code === 0 ? 'Completed' : 'Error', startedAt = 10, endedAt = 20, log, ...rest } = over;
  const message = words === undefined ? log : terminationMessage(words);
  return aPod(job, {
    ...{ phase: code === 0 ? 'Succeeded' : 'Failed', node: 'node-1' },
    state: {
      terminated: {
        ...{ exitCode: code, reason: why, startedAt: timeAt(startedAt), finishedAt: timeAt(endedAt) },
        ...(message === undefined ? {} : { message }),
      },
    },
    ...rest,
  });
}

export const disrupted: LooseCondition = {
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'PreemptionByScheduler',
  message: 'preempted by a pod of higher priority',
};

export const profiled: TrainerMessage = { kind: 'profile', profile: aProfile() };

export const trained: Extract<TrainerMessage, { kind: 'training' }> = {
  kind: 'training',
  result: { accuracy: 0.83, images: 2500, classes: 10, seconds: 590 },
  artifact: { claim: { claimName: 'models', path: 'flowers' } },
  activeSeconds: 590,
  stopped: 'completed',
  curve: [
    { seconds: 200, accuracy: 0.6 },
    { seconds: 590, accuracy: 0.83 },
  ],
};

export const failed = (reason: 'NoImages' | 'OutOfMemory' | 'StorageUnreachable' | 'Internal'): TrainerMessage => ({
  kind: 'failure',
  reason,
  message: `It is ${reason}.`,
});

export const jobLabels = (uid: string, role: 'profile' | 'training', attempt: number): StringMap => ({
  [labels.taskUid]: uid,
  [labels.role]: role,
  [labels.attempt]: String(attempt),
});
