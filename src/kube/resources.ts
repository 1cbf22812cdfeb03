/** Which kinds there are to the API server, and where they lie. */
import type { FineTuneTask } from '../crds/fine-tune-task.ts';
import { apiVersion as ownVersion } from '../crds/group.ts';
import type { ConfigMap, KubeEvent, KubeObject, Lease, PersistentVolumeClaim, Secret } from '../crds/kubernetes.ts';
import type { ModelZoo } from '../crds/model-zoo.ts';
import type { Job, Pod } from '../crds/workloads.ts';

declare const objectType: unique symbol;

/** One kind of object; `T` is what its objects look like. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** `batch/v1`; `v1` for the core group. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly [objectType]?: () => T;
}

/** Describes a namespaced kind. */
export const resource = <T extends KubeObject>(apiVersion: string, kind: string, plural: string): Resource<T> => ({
  apiVersion,
  kind,
  plural,
  namespaced: true,
});

/** As the API server hands them out; `parse...` of crds turns them into what the rest of the code trusts. */
export const fineTuneTasks = resource<FineTuneTask>(ownVersion, 'FineTuneTask', 'finetunetasks');
export const modelZoos = resource<ModelZoo>(ownVersion, 'ModelZoo', 'modelzoos');
export const jobs = resource<Job>('batch/v1', 'Job', 'jobs');
export const pods = resource<Pod>('v1', 'Pod', 'pods');
export const secrets = resource<Secret>('v1', 'Secret', 'secrets');
export const configMaps = resource<ConfigMap>('v1', 'ConfigMap', 'configmaps');
export const claims = resource<PersistentVolumeClaim>('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims');
export const leases = resource<Lease>('coordination.k8s.io/v1', 'Lease', 'leases');
/** Events as the scheduler and others write them; ours go out by `events.ts`. */
export const coreEvents = resource<KubeEvent>('v1', 'Event', 'events');
/** Asked by `request<TokenReview>('POST', pathOf(tokenReviews), ...)`: such a review is an answer, no stored object. */
export const tokenReviews: Resource = {
  ...resource('authentication.k8s.io/v1', 'TokenReview', 'tokenreviews'),
  namespaced: false,
};

export interface Place {
  /** Absent: all namespaces, or a kind without namespaces. */
  readonly namespace?: string | undefined;
  readonly name?: string;
  readonly subresource?: 'status' | 'log' | 'scale';
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** `/apis/batch/v1/namespaces/NAMESPACE/jobs/NAME/status?fieldManager=nasoa` */
export function pathOf({ apiVersion, plural }: Resource, place: Place = {}, query: Query = {}): string {
  const parts = [
    ...(apiVersion.includes('/') ? ['apis', ...apiVersion.split('/')] : ['api', apiVersion]),
    ...(place.namespace === undefined ? [] : ['namespaces', place.namespace]),
    plural,
    ...(place.name === undefined ? [] : [place.name]),
    ...(place.subresource === undefined ? [] : [place.subresource]),
  ];
  const search = Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join('&');
  return `/${parts.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`;
}

/** `namespace/name`, the key of caches and queues; the name alone where there is no namespace. */
export const keyOf = ({ metadata }: Pick<KubeObject, 'metadata'>): string => keyFor(metadata.namespace, metadata.name);

export const keyFor = (namespace: string | undefined, name: string): string =>
  namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;

/** The parts of a key. */
export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, Math.max(slash, 0)), name: key.slice(slash + 1) };
}

/** Of Kubernetes' MicroTime: its parser wants exactly six digits, and JavaScript gives three. */
export const microTime = (date: Date): string => date.toISOString().replace('Z', '000Z');

/** A selector of labels or of fields, of equalities alone: `a=b,c=d`. */
export const selector = (wanted: Readonly<Record<string, string>>): string =>
  Object.entries(wanted)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
