/** Names that the API is known by. */
import type { StringMap } from './kubernetes.ts';

export const apiGroup = 'nasoa.dev';
export const apiVersion = 'nasoa.dev/v1alpha1';

/** Labels and other keys on the objects that a task or a zoo owns. */
export const labels = {
  /** Name of the task or zoo. */
  task: 'nasoa.dev/task',
  taskUid: 'nasoa.dev/task-uid',
  role: 'nasoa.dev/role',
  attempt: 'nasoa.dev/attempt',
  /** By its value the operator finds its own among all Jobs and pods of a cluster. */
  managedBy: 'app.kubernetes.io/managed-by',
  /** Kueue's own. */
  queueName: 'kueue.x-k8s.io/queue-name',
} as const satisfies StringMap;

/** Value of `labels.managedBy`. */
export const manager = 'nasoa';

/** Audience of the tokens with which pods report their progress. */
export const progressAudience = 'nasoa.dev/progress';

/** The first 8 hexadecimal digits of an object's uid: tells two objects of one name apart. */
export const shortUid = (uid: string): string => uid.replaceAll('-', '').slice(0, 8);
