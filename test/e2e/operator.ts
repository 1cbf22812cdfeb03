/** The operator's own objects. */
import type { ApiClient } from '../../hack/cluster/api-client.ts';
import { until } from '../../hack/cluster/service.ts';
import { leaseName, operatorNamespace } from './release.ts';

interface Lease {
  readonly spec: { readonly holderIdentity?: string; readonly renewTime?: string };
}

const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases/${leaseName}`;
const freshMs = 15_000;

/** Name of the pod that leads; undefined where nobody has renewed the lease of late. */
export async function leaderPod(api: ApiClient): Promise<string | undefined> {
  const { spec } = await api.call<Lease>('GET', leasePath);
  if (Date.now() - Date.parse(spec.renewTime ?? '') > freshMs) return undefined;
  return spec.holderIdentity?.split('_')[0];
}

export const otherLeader = (api: ApiClient, than: string): Promise<string> =>
  until('another replica leads', 60, async () => {
    const leader = await leaderPod(api);
    return leader === than || leader === '' ? undefined : leader;
  });

/** Waits until the Deployment has all its replicas of the newest kind. */
export async function rollout(api: ApiClient): Promise<void> {
  interface Deployment {
    readonly metadata: { readonly generation: number };
    readonly spec: { readonly replicas: number };
    readonly status: {
      readonly observedGeneration?: number;
      readonly updatedReplicas?: number;
      readonly readyReplicas?: number;
    };
  }
  await until('the operator is rolled out', 120, async () => {
    const path = `/apis/apps/v1/namespaces/${operatorNamespace}/deployments/nasoa`;
    const { metadata, spec, status } = await api.call<Deployment>('GET', path);
    const isDone =
      status.observedGeneration === metadata.generation &&
      status.updatedReplicas === spec.replicas &&
      status.readyReplicas === spec.replicas;
    return isDone ? true : undefined;
  });
}
