import { containerName, containerSecurity, outputFolder, podSecurity } from '../../controllers/pods.ts';
import type { FineTuneTask } from '../../crds/fine-tune-task.ts';
import type { NewPod, PodSpec } from '../../crds/workloads.ts';

export interface HelperRequest {
  readonly task: FineTuneTask;
  readonly claimName: string;
  /** Folder of the artifact inside the claim. */
  readonly path: string;
  /** The pod of a Job of the task: its image, its user, and where it may run. */
  readonly like: PodSpec;
  /** In place of that pod's image. */
  readonly image?: string | undefined;
  /** Unique among the task's helpers. */
  readonly suffix: string;
}

export const helperContainer = 'pack';
/** The cluster ends a helper that was forgotten. */
export const helperSeconds = 900;
const mount = '/artifact';

/** A pod that writes an artifact to its log and ends; it keeps the restricted Pod Security level. */
export function helperPod({ task, claimName, path, like, image, suffix }: HelperRequest): NewPod {
  const { metadata, apiVersion, kind } = task;
  const trainer = like.containers.find(({ name }) => name === containerName) ?? like.containers[0];
  const { nodeSelector, tolerations, affinity, serviceAccountName, imagePullSecrets } = like;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${outputFolder(task).slice(0, 50)}-get-${suffix}`,
      namespace: metadata.namespace,
      // none of the operator's own labels: it would take the pod for one of the task's
      labels: { 'app.kubernetes.io/name': 'nasoa', 'app.kubernetes.io/component': 'get-model' },
      // goes with the task, should the command be killed before it removes the pod
      ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid }],
    },
    spec: {
      restartPolicy: 'Never',
      activeDeadlineSeconds: helperSeconds,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: podSecurity(like.securityContext?.runAsUser),
      ...(nodeSelector === undefined ? {} : { nodeSelector }),
      ...(tolerations === undefined ? {} : { tolerations }),
      ...(affinity === undefined ? {} : { affinity }),
      ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
      ...(imagePullSecrets === undefined ? {} : { imagePullSecrets }),
      containers: [
        {
          name: helperContainer,
          image: image ?? trainer?.image ?? '',
          imagePullPolicy: trainer?.imagePullPolicy ?? 'IfNotPresent',
          args: ['pack', `${mount}/${path}`],
          resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } },
          securityContext: containerSecurity,
          volumeMounts: [
            { name: 'artifact', mountPath: mount, readOnly: true },
            { name: 'tmp', mountPath: '/tmp' },
          ],
          terminationMessagePolicy: 'FallbackToLogsOnError',
        },
      ],
      volumes: [
        { name: 'artifact', persistentVolumeClaim: { claimName, readOnly: true } },
        { name: 'tmp', emptyDir: {} },
      ],
    },
  };
}
