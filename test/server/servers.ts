import { request as requestHttp } from 'node:http';
import { type RequestOptions, request as requestHttps } from 'node:https';
import { systemClock } from '../../src/lib/clock.ts';
import { type CertificateSecret, type ServingCertificate, servingCertificate } from '../../src/server/certificates.ts';
import { type RunningServer, type ServerOptions, startServer } from '../../src/server/http.ts';
import type { Route } from '../../src/server/routes.ts';
import { systemScheduler } from '../../src/server/scheduler.ts';

export interface TestServer extends RunningServer {
  readonly url: string;
  /** What its handlers threw, by route. */
  readonly errors: readonly { readonly error: unknown; readonly route: string }[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** A server on the loopback: `await using server = await aServer(routes)`. */
export async function aServer(routes: readonly Route[], over: Partial<ServerOptions> = {}): Promise<TestServer> {
  const errors: { error: unknown; route: string }[] = [];
  const server = await startServer({
    ...{ host: '127.0.0.1', port: 0, routes, scheduler: systemScheduler },
    onError: (error, route) => errors.push({ error, route }),
    ...over,
  });
  const url = `${over.tls === undefined ? 'http' : 'https'}://127.0.0.1:${server.port}`;
  return { ...server, url, errors, [Symbol.asyncDispose]: () => server.close(0) };
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** One request, to the end of its answer. */
export function ask(url: string, options: RequestOptions & { body?: string | Uint8Array } = {}): Promise<Answered> {
  const { body = '', ...rest } = options;
  const send = url.startsWith('https:') ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const outgoing = send(url, { agent: false, ...rest }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (part: string) => {
        text += part;
      });
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text }));
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** A Secret in memory. */
export function aSecret(data?: Readonly<Record<string, string>>): CertificateSecret & {
  readonly data: () => Readonly<Record<string, string>> | undefined;
  put(data: Readonly<Record<string, string>>): void;
} {
  let kept = data;
  let version = data === undefined ? 0 : 1;
  return {
    data: () => kept,
    put: (next) => {
      kept = next;
      version += 1;
    },
    read: async () => kept && { data: kept, version: String(version) },
    write: async (next, over) => {
      if (over !== (kept === undefined ? undefined : String(version))) return false;
      kept = next;
      version += 1;
      return true;
    },
  };
}

export const serviceName = 'nasoa.nasoa-system.svc';

/** A certificate for the operator's Service and for the loopback's name. */
export const aCertificate = (): Promise<ServingCertificate> =>
  servingCertificate(aSecret(), [serviceName, 'localhost'], systemClock);
