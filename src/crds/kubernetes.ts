/**
 * The Kubernetes objects that nasoa reads and writes, as plain data and only with the fields used here.
 * Times are RFC 3339 strings, whether they came from a LIST or from a watch.
 */
import type { Json } from '../lib/json.ts';

/** Such as `500m`, `2`, `4Gi`. */
export type Quantity = string;
/** RFC 3339, such as `2026-08-01T12:00:00Z`. */
export type Time = string;
export type StringMap = Readonly<Record<string, string>>;

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Metadata as one writes it. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: Time;
  readonly deletionTimestamp?: Time;
  readonly labels?: StringMap;
  readonly annotations?: StringMap;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
}

/** Metadata of a namespaced object that the API server has stored. */
export interface StoredMeta extends ObjectMeta {
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: Time;
}

/** Metadata of an object of our own kinds: its generation counts the changes of its spec. */
export interface ResourceMeta extends StoredMeta {
  readonly generation: number;
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

export interface ObjectList<T> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly T[];
}

/** The API server's answer to a refused request (meta/v1 Status). */
export interface ApiStatus {
  readonly kind: 'Status';
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly retryAfterSeconds?: number };
}

export type ConditionStatus = 'True' | 'False' | 'Unknown';

export interface Condition {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: Time;
  readonly observedGeneration?: number;
}

export interface LabelSelector {
  readonly matchLabels?: StringMap;
}

export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion?: string;
}

/** core/v1 Event; `Event` itself is a type of the platform. */
export interface KubeEvent extends KubeObject {
  readonly involvedObject: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly action?: string;
  readonly count?: number;
  readonly firstTimestamp?: Time;
  readonly lastTimestamp?: Time;
  /** With microseconds. */
  readonly eventTime?: Time;
  readonly reportingComponent?: string;
  readonly reportingInstance?: string;
  readonly source?: { readonly component?: string };
}

/** coordination.k8s.io/v1 Lease; its times carry microseconds. */
export interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: Time;
    readonly renewTime?: Time;
    readonly leaseTransitions?: number;
  };
}

export interface Secret extends KubeObject {
  readonly type?: string;
  /** Base64. Never logged. */
  readonly data?: StringMap;
}

export interface ConfigMap extends KubeObject {
  readonly data?: StringMap;
}

export interface PersistentVolumeClaim extends KubeObject {
  readonly spec?: {
    readonly accessModes?: readonly string[];
    readonly storageClassName?: string;
    readonly volumeName?: string;
    readonly resources?: ResourceRequirements;
  };
  readonly status?: { readonly phase?: 'Pending' | 'Bound' | 'Lost' };
}

export interface ResourceRequirements {
  readonly requests?: Readonly<Record<string, Quantity>>;
  readonly limits?: Readonly<Record<string, Quantity>>;
}

/** authentication.k8s.io/v1 TokenReview, as asked and as answered. */
export interface TokenReview {
  readonly apiVersion: 'authentication.k8s.io/v1';
  readonly kind: 'TokenReview';
  readonly spec: { readonly token: string; readonly audiences?: readonly string[] };
  readonly status?: {
    readonly authenticated?: boolean;
    readonly audiences?: readonly string[];
    readonly error?: string;
    readonly user?: {
      /** `system:serviceaccount:NAMESPACE:NAME` for a pod. */
      readonly username?: string;
      readonly uid?: string;
      readonly groups?: readonly string[];
      /** A bound token names its pod in `authentication.kubernetes.io/pod-name` and `.../pod-uid`. */
      readonly extra?: Readonly<Record<string, readonly string[]>>;
    };
  };
}

/** Scheduling rules are handed through as they are. */
export type Affinity = { readonly [key: string]: Json | undefined };

export interface Toleration {
  readonly key?: string;
  readonly operator?: 'Exists' | 'Equal';
  readonly value?: string;
  readonly effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  readonly tolerationSeconds?: number;
}

/** The owner that controls the object, undefined where none does. */
export const controllerOf = (metadata: ObjectMeta): OwnerReference | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true);
