/** What the pods of a task or of a zoo need, and where they may run. */
import { objectName } from './fields.ts';
import type { Affinity, Toleration } from './kubernetes.ts';
import {
  choice,
  type Infer,
  integer,
  list,
  map,
  object,
  opaque,
  optional,
  quantity,
  type Schema,
  text,
  withDefault,
} from './schema.ts';

const qualified = '([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';

const gpu = object(
  {
    name: withDefault(
      text({
        description:
          'Resource name of the GPU as its device plugin announces it: nvidia.com/gpu, amd.com/gpu, or a MIG profile ' +
          'such as nvidia.com/mig-1g.10gb.',
        pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$',
        wanted: 'a resource name with its domain, such as nvidia.com/gpu',
        maxLength: 253,
      }),
      'nvidia.com/gpu',
    ),
    count: withDefault(integer({ description: 'GPUs of a pod.', min: 1, max: 16 }), 1),
  },
  { description: 'GPU of a pod. Without it pods train on the CPU.' },
);

export const resources = object(
  {
    gpu: optional(gpu),
    cpu: optional(quantity('Processor cores of a pod, such as 4 or 500m.')),
    memory: optional(quantity('Memory of a pod, such as 8Gi; its request and its limit.')),
  },
  { description: "Resources of each pod. The operator's own defaults where absent." },
);
export type Resources = Infer<typeof resources>;

const toleration = object(
  {
    key: optional(text({ description: 'Key of the taint. All keys where absent.', maxLength: 316 })),
    operator: optional(choice(['Exists', 'Equal'], 'Equal where absent.')),
    value: optional(text({ description: 'Value of the taint.', maxLength: 63 })),
    effect: optional(
      choice(['NoSchedule', 'PreferNoSchedule', 'NoExecute'], 'Effect of the taint. All effects where absent.'),
    ),
    tolerationSeconds: optional(integer({ description: 'How long a NoExecute taint is borne. Always where absent.' })),
  },
  { description: 'A taint that the pods bear.' },
) satisfies Schema<Toleration>;

const labelValue = text({
  description: 'Value.',
  pattern: '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$',
  wanted: 'the value of a label: up to 63 letters, digits, -, _ and .',
  maxLength: 63,
});

const ownKeys = {
  rule: "self.all(key, !key.startsWith('nasoa.dev/') && !key.startsWith('kueue.x-k8s.io/'))",
  message: 'Keys of nasoa.dev and kueue.x-k8s.io are set by the operator; use queueName to choose a queue.',
  holds: (value: object) =>
    Object.keys(value).every((key) => !key.startsWith('nasoa.dev/') && !key.startsWith('kueue.x-k8s.io/')),
};

const validKeys = {
  rule: `self.all(key, key.size() <= 317 && key.matches('^${qualified}$'))`,
  message: 'A key is a name of letters, digits, -, _ and ., with an optional domain before a slash.',
  holds: (value: object) =>
    Object.keys(value).every((key) => key.length <= 317 && new RegExp(`^${qualified}$`).test(key)),
};

export const pod = object(
  {
    nodeSelector: optional(
      map(labelValue, { description: 'Labels that a node must carry.', maxProperties: 32, rules: [validKeys] }),
    ),
    tolerations: optional(list(toleration, { description: 'Taints that the pods bear.', maxItems: 32 })),
    affinity: optional(opaque<Affinity>('Affinity of the pods, as in a pod.')),
    runtimeClassName: optional(objectName('RuntimeClass of the pods.')),
    priorityClassName: optional(objectName('PriorityClass of the pods.')),
    serviceAccountName: optional(
      objectName("ServiceAccount of the pods. They call no Kubernetes API; the namespace's default serves."),
    ),
    imagePullSecrets: optional(
      list(object({ name: objectName('Name of a Secret.') }, { description: 'A Secret of the namespace.' }), {
        description: 'Secrets with which the image is pulled.',
        maxItems: 8,
        keys: ['name'],
      }),
    ),
    labels: optional(
      map(labelValue, { description: 'Labels of the pods.', maxProperties: 32, rules: [validKeys, ownKeys] }),
    ),
    annotations: optional(
      map(text({ description: 'Value.', maxLength: 4096 }), {
        description: 'Annotations of the pods.',
        maxProperties: 32,
        rules: [validKeys, ownKeys],
      }),
    ),
  },
  { description: 'Where the pods may run, and what they carry.' },
);
export type PodOptions = Infer<typeof pod>;

export const queueName = objectName(
  'LocalQueue of Kueue that admits the Jobs. It can only be changed while the object is suspended.',
);

/** Rule of the surrounding spec; the queue of a running Job is not to be changed. */
export const queueNameRule = {
  rule:
    "oldSelf.suspend || (has(self.queueName) ? self.queueName : '') == " +
    "(has(oldSelf.queueName) ? oldSelf.queueName : '')",
  message: 'queueName can only be changed while suspend is true.',
};
