/** The operator's own objects. */
import { readdirSync, readFileSync } from 'node:fs';
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

/** Kills the process of a replica, as a crash does: it releases no lease. Answers when, in milliseconds of the clock. */
export function crash(pod: string): number {
  const mine = `POD_NAME=${pod}\0`;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && environment(name).includes(mine));
  if (pids.length === 0) throw new Error(`no process of ${pod} is on this machine`);
  for (const pid of pids) process.kill(Number(pid), 'SIGKILL');
  return Date.now();
}

function environment(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}

/** Waits until a replica has taken or renewed the lease after that time. */
export const leaderSince = (api: ApiClient, sinceMs: number): Promise<string> =>
  until('one leads', 60, async () => {
    const { spec } = await api.call<Lease>('GET', leasePath);
    return Date.parse(spec.renewTime ?? '') > sinceMs ? spec.holderIdentity?.split('_')[0] : undefined;
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
