import type { Lease } from '../crds/kubernetes.ts';
import type { Api, RequestOptions } from './api.ts';
import { NotFound } from './errors.ts';
import { leases, pathOf } from './resources.ts';

/** The one Lease object that contenders share. Each call ends soon, or when `signal` aborts. */
export interface LeaseStore {
  read(signal: AbortSignal): Promise<Lease | undefined>;
  /** Throws AlreadyExists. */
  create(spec: LeaseSpec, signal: AbortSignal): Promise<Lease>;
  /** Throws Conflict where the lease is not as in `basis` any longer, NotFound. */
  replace(basis: Lease, spec: LeaseSpec, signal: AbortSignal): Promise<Lease>;
}

export type LeaseSpec = NonNullable<Lease['spec']>;

/** Less than half of the time in which a lease must be renewed: a request that hangs leaves time for another one. */
const timeoutSeconds = 4;

export function apiLeaseStore(api: Api, namespace: string, name: string): LeaseStore {
  const one = pathOf(leases, { namespace, name });
  // neither repeated nor held up by the rate limit: whoever holds a lease has its own rhythm
  const options = (signal: AbortSignal): RequestOptions => ({ signal, timeoutSeconds, attempts: 1, urgent: true });
  const { apiVersion, kind } = leases;
  return {
    read: async (signal) => {
      try {
        return await api.request<Lease>('GET', one, undefined, options(signal));
      } catch (error) {
        if (error instanceof NotFound) return undefined;
        throw error;
      }
    },
    create: (spec, signal) => {
      const lease: Lease = { apiVersion, kind, metadata: { namespace, name }, spec };
      return api.request<Lease>('POST', pathOf(leases, { namespace }), lease, options(signal));
    },
    replace: ({ metadata }, spec, signal) =>
      api.request<Lease>('PUT', one, { apiVersion, kind, metadata, spec }, options(signal)),
  };
}
