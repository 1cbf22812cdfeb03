/** Jobs of the trainer, as plain data. Pure: the same request gives the same Job, so that it can be made again. */
import { apiVersion, labels, manager, progressAudience, shortUid } from '../crds/group.ts';
import type { ResourceMeta, StringMap } from '../crds/kubernetes.ts';
import type { PodOptions, Resources } from '../crds/pod-options.ts';
import {
  exitCodes,
  jobVariable,
  type TrainerJob,
  type TrainerReportTarget,
  type TrainerRole,
} from '../crds/trainer-job.ts';
import type { Container, JobSpec, NewJob, PodSecurityContext, PodSpec, Volume } from '../crds/workloads.ts';
import type { TrainerSettings } from './settings.ts';
import { keysOf, mountsOf, type Places, volumesOf } from './storage.ts';

/** The task or zoo that a Job works for. */
export interface Owner {
  readonly kind: 'FineTuneTask' | 'ModelZoo';
  readonly metadata: ResourceMeta;
}

export interface JobRequest {
  readonly owner: Owner;
  /** Last part of the name, such as `train-1`; unique among the owner's Jobs. */
  readonly suffix: string;
  readonly job: TrainerJob;
  readonly places: Places;
  readonly resources: Resources;
  readonly pod: PodOptions;
  readonly queueName?: string | undefined;
  /** Seconds after which the Job is ended whatever it does; counted from its start, waiting included. */
  readonly backstopSeconds: number;
}

export const containerName = 'trainer';
/** Annotation of a Job and of its pods, which may outlive it: active seconds that were spent before. */
export const spentSecondsKey = 'nasoa.dev/spent-seconds';
/** ConfigMap in each namespace with the authority of the operator's address. */
export const authorityConfigMap = 'nasoa-report-authority';
export const authorityKey = 'ca.crt';

/** Long enough to end a step and to write a checkpoint of some hundred megabytes to a slow claim or to S3. */
const graceSeconds = 120;
const tokenSeconds = 3600;
const identityFolder = '/var/run/nasoa';
/** Ended by SIGTERM before the trainer could handle it. */
const terminated = 143;

/** What the restricted Pod Security level asks of a pod. `userId`: that of the image where undefined. */
export const podSecurity = (userId: number | undefined): PodSecurityContext => ({
  runAsNonRoot: true,
  ...(userId === undefined ? {} : { runAsUser: userId, runAsGroup: userId, fsGroup: userId }),
  fsGroupChangePolicy: 'OnRootMismatch',
  seccompProfile: { type: 'RuntimeDefault' },
});

/** And of each of its containers. */
export const containerSecurity: NonNullable<Container['securityContext']> = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
};

/** Such as `flowers-1a2b3c4d-train-1`; at most 63 characters, and unique for the owner. */
export function jobName({ metadata }: Owner, suffix: string): string {
  const stem = metadata.name.slice(0, 40).replaceAll('.', '-').replace(/-+$/, '');
  return `${stem}-${shortUid(metadata.uid)}-${suffix}`;
}

/** A folder of the output that belongs to this object alone; its checkpoint, report and model lie there. */
export const outputFolder = ({ metadata }: Owner): string => `${metadata.name}-${shortUid(metadata.uid)}`;

/** 32 hexadecimal digits, as W3C trace ids are. */
export const traceIdOf = (uid: string): string => uid.replaceAll('-', '');

export function reportTarget(owner: Owner, settings: TrainerSettings): TrainerReportTarget {
  const { namespace, name } = owner.metadata;
  const collection = owner.kind === 'FineTuneTask' ? 'tasks' : 'zoos';
  return {
    url: `${settings.reportAddress}/progress/v1/namespaces/${namespace}/${collection}/${name}`,
    audience: progressAudience,
    tokenPath: `${identityFolder}/token`,
    caPath: `${identityFolder}/${authorityKey}`,
  };
}

export function trainerJob(request: JobRequest, settings: TrainerSettings): NewJob {
  const { owner, job, pod, queueName } = request;
  const { name, namespace, uid } = owner.metadata;
  const own = ownLabels(owner, job.kind, job.attempt);
  const account = { [spentSecondsKey]: String(job.spentSeconds) };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(owner, request.suffix),
      namespace,
      labels: { ...own, ...(queueName === undefined ? {} : { [labels.queueName]: queueName }) },
      annotations: account,
      ownerReferences: [{ apiVersion, kind: owner.kind, name, uid, controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      ...fixedJobSpec,
      // Kueue starts it; without Kueue it must not run past a quota that somebody wanted kept
      ...(queueName === undefined ? {} : { suspend: true }),
      activeDeadlineSeconds: Math.ceil(request.backstopSeconds),
      template: {
        metadata: {
          labels: { ...pod.labels, ...own },
          annotations: { ...pod.annotations, ...account },
        },
        spec: podSpec(request, settings),
      },
    },
  };
}

/** A failure needs a decision (less memory? no retry at all?), so the Job itself repeats nothing but disrupted pods. */
const fixedJobSpec = {
  parallelism: 1,
  completions: 1,
  backoffLimit: 0,
  // two pods must never write one checkpoint
  podReplacementPolicy: 'Failed',
  podFailurePolicy: {
    rules: [
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      {
        action: 'FailJob',
        onExitCodes: { containerName, operator: 'In', values: [exitCodes.badData, exitCodes.badSpec] },
      },
      {
        action: 'Ignore',
        onExitCodes: { containerName, operator: 'In', values: [exitCodes.interrupted, terminated] },
      },
    ],
  },
} as const satisfies Partial<JobSpec>;

const ownLabels = ({ metadata }: Owner, role: TrainerRole, attempt: number): StringMap => ({
  [labels.task]: labelValue(metadata.name),
  [labels.taskUid]: metadata.uid,
  [labels.role]: role,
  [labels.attempt]: String(attempt),
  [labels.managedBy]: manager,
});

/** Names may be longer than the value of a label. */
const labelValue = (name: string): string => name.slice(0, 63).replace(/[-.]+$/, '');

function podSpec(request: JobRequest, settings: TrainerSettings): PodSpec {
  const { pod, places, resources } = request;
  const { userId } = settings;
  const { gpu } = resources;
  const tolerations = [
    ...(pod.tolerations ?? []),
    // nodes with GPUs are often kept for those who ask for one, by a taint of the resource's name
    ...(gpu === undefined ? [] : [{ key: gpu.name, operator: 'Exists', effect: 'NoSchedule' } as const]),
  ];
  return {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: graceSeconds,
    securityContext: podSecurity(userId),
    ...placement(pod),
    ...(tolerations.length === 0 ? {} : { tolerations }),
    containers: [container(request, settings)],
    volumes: [...volumesOf(places), ...ownVolumes(settings)],
  };
}

function placement(pod: PodOptions): Partial<PodSpec> {
  const { nodeSelector, affinity, runtimeClassName, priorityClassName, serviceAccountName, imagePullSecrets } = pod;
  return {
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
    ...(affinity === undefined ? {} : { affinity }),
    ...(runtimeClassName === undefined ? {} : { runtimeClassName }),
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
    ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
    ...(imagePullSecrets === undefined ? {} : { imagePullSecrets }),
  };
}

function container({ job, places, resources }: JobRequest, settings: TrainerSettings): Container {
  const { gpu, cpu = settings.cpu, memory = settings.memory } = resources;
  const devices = gpu === undefined ? {} : { [gpu.name]: String(gpu.count) };
  return {
    name: containerName,
    image: gpu === undefined ? settings.image : settings.gpuImage,
    imagePullPolicy: settings.imagePullPolicy,
    env: [{ name: jobVariable, value: JSON.stringify(job) }, ...keysOf(places)],
    // no limit on the processor: idle cores help, and throttled ones would make the measured steps a lie
    resources: { requests: { cpu, memory, ...devices }, limits: { memory, ...devices } },
    securityContext: containerSecurity,
    volumeMounts: [
      ...mountsOf(places),
      { name: 'identity', mountPath: identityFolder, readOnly: true },
      { name: 'scratch', mountPath: '/scratch' },
      { name: 'tmp', mountPath: '/tmp' },
    ],
    // a trainer that died without a word leaves the end of its log
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
}

const ownVolumes = ({ scratchSize }: TrainerSettings): readonly Volume[] => [
  {
    name: 'identity',
    projected: {
      sources: [
        { serviceAccountToken: { audience: progressAudience, expirationSeconds: tokenSeconds, path: 'token' } },
        // a pod that cannot report still trains
        { configMap: { name: authorityConfigMap, items: [{ key: authorityKey, path: authorityKey }], optional: true } },
      ],
    },
  },
  { name: 'scratch', emptyDir: scratchSize === undefined ? {} : { sizeLimit: scratchSize } },
  { name: 'tmp', emptyDir: {} },
];
