/** Where the leader is, and how a replica hands a report on to it. */
import { isIPv6 } from 'node:net';
import type { HttpsPost } from './https-post.ts';
import type { HttpResponse } from './routes.ts';

export type Leader =
  | { readonly kind: 'here' }
  | { readonly kind: 'elsewhere'; readonly address: string }
  /** Nobody holds the lease, or its holder cannot be read. */
  | { readonly kind: 'unknown' };

/** Set on what a replica forwards: it goes one step and no further. */
export const forwardedHeader = 'x-nasoa-forwarded';

/** A holder's identity is `<pod name>_<pod ip>`. */
export const holderIdentity = (podName: string, podIp: string): string => `${podName}_${podIp}`;

/** The address in a holder's identity, undefined where it has none. */
export function addressOf(identity: string): string | undefined {
  const address = /^[a-z0-9.-]+_([0-9a-fA-F.:]+)$/.exec(identity)?.[1];
  return address === undefined || address === '' ? undefined : address;
}

/** Whom the Lease names, for the replica of identity `own`. */
export function leaderOf(holder: string | undefined, own: string): Leader {
  if (holder === undefined || holder === '') return { kind: 'unknown' };
  if (holder === own) return { kind: 'here' };
  const address = addressOf(holder);
  return address === undefined ? { kind: 'unknown' } : { kind: 'elsewhere', address };
}

export interface Handed {
  readonly address: string;
  /** Path of the request. */
  readonly path: string;
  readonly token: string;
  readonly body: Uint8Array;
}

/** Rejects where the leader does not answer. */
export type ToLeader = (handed: Handed) => Promise<HttpResponse>;

const timeoutSeconds = 4;

export function toLeader(o: {
  readonly post: HttpsPost;
  /** The port that every replica serves reports on. */
  readonly port: number;
  /** PEM of the authority of the serving certificates, as it is now. */
  readonly ca: () => string;
  /** A name in the serving certificate: the address is a pod's and in no certificate. */
  readonly serverName: string;
}): ToLeader {
  return async ({ address, path, token, body }) => {
    const host = isIPv6(address) ? `[${address}]` : address;
    const answered = await o.post({
      url: `https://${host}:${o.port}${path}`,
      headers: { authorization: `Bearer ${token}`, [forwardedHeader]: '1' },
      body,
      ...{ ca: o.ca(), serverName: o.serverName, timeoutSeconds },
    });
    const { status, retryAfter, body: answer } = answered;
    return {
      status,
      headers: {
        ...(answer === '' ? {} : { 'content-type': 'application/json' }),
        ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
      },
      body: answer,
    };
  };
}
