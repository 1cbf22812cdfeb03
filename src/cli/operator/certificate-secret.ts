import type { Secret } from '../../crds/kubernetes.ts';
import type { Api } from '../../kube/api.ts';
import { AlreadyExists, Conflict, NotFound } from '../../kube/errors.ts';
import { pathOf, secrets } from '../../kube/resources.ts';
import type { CertificateSecret } from '../../server/certificates.ts';

/** The Secret of the serving certificate on the API server. */
export function certificateSecret(api: Api, namespace: string, name: string): CertificateSecret {
  const one = pathOf(secrets, { namespace, name });
  // what others wrote into its metadata stays when it is replaced
  let seen: Secret | undefined;
  return {
    read: async () => {
      try {
        seen = await api.request<Secret>('GET', one);
      } catch (error) {
        if (!(error instanceof NotFound)) throw error;
        seen = undefined;
        return undefined;
      }
      const data = Object.entries(seen.data ?? {}).map(([key, value]) => [key, decoded(value)] as const);
      return { data: Object.fromEntries(data), version: seen.metadata.resourceVersion ?? '' };
    },
    write: async (data, version) => {
      const encoded = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)]));
      const metadata = {
        ...seen?.metadata,
        name,
        namespace,
        ...(version === undefined ? {} : { resourceVersion: version }),
      };
      const secret = { apiVersion: 'v1', kind: 'Secret', type: seen?.type ?? 'Opaque', metadata, data: encoded };
      try {
        if (version === undefined) await api.request('POST', pathOf(secrets, { namespace }), secret);
        else await api.request('PUT', one, secret);
        return true;
      } catch (error) {
        if (error instanceof Conflict || error instanceof AlreadyExists) return false;
        throw error;
      }
    },
  };
}

const decoded = (value: string): string => Buffer.from(value, 'base64').toString('utf8');
const base64 = (value: string): string => Buffer.from(value, 'utf8').toString('base64');
