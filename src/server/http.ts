/** A small HTTP(S) server: routes, limits on what a client may cost, and an end that loses no answer. */
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { hasCode, InputError, RunError } from '../lib/errors.ts';
import { BodyTooLarge, readBody } from './http-body.ts';
import { failure, type HttpResponse, type Route } from './routes.ts';
import { findRoute } from './routing.ts';
import type { Scheduler } from './scheduler.ts';

/** PEM. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

export interface ServerOptions {
  /** All addresses unless given. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly routes: readonly Route[];
  /** HTTPS where given. */
  readonly tls?: TlsIdentity;
  readonly scheduler: Scheduler;
  /** Hears of what is a bug in a handler, and of the route's pattern, never of headers. */
  readonly onError: (error: unknown, route: string) => void;
  readonly maxConnections?: number;
}

export interface RunningServer {
  readonly port: number;
  /** New connections get this certificate; those that are open keep theirs. */
  setIdentity(tls: TlsIdentity): void;
  /** Takes no new connections, lets running requests end, and cuts off what is left after the grace. */
  close(graceSeconds: number): Promise<void>;
}

const defaultMaxConnections = 2000;
const defaultMaxBodyBytes = 1024;
const timeouts = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5_000,
} as const;

/** Throws RunError where the port cannot be had. */
export async function startServer(o: ServerOptions): Promise<RunningServer> {
  let isClosing = false;
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, o)
      .then((answered) => {
        if (answered !== undefined && !response.destroyed) send(response, answered, isClosing);
      })
      .catch(() => response.destroy());
  };
  const https = o.tls && createHttps({ ...timeouts, ...o.tls, minVersion: 'TLSv1.2' }, listener);
  const server: Server = https ?? createHttp(timeouts, listener);
  server.maxConnections = o.maxConnections ?? defaultMaxConnections;
  await listen(server, o);
  return {
    port: (server.address() as AddressInfo).port,
    setIdentity: (tls) => https?.setSecureContext({ ...tls, minVersion: 'TLSv1.2' }),
    close: (graceSeconds) => {
      isClosing = true;
      return closeServer(server, graceSeconds, o.scheduler);
    },
  };
}

function listen(server: Server, { host, port }: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    // stays for good: an error without a listener would end the process
    server.on('error', (cause: Error) => {
      const why = hasCode(cause, 'EADDRINUSE') ? 'it is in use' : cause.message;
      reject(new RunError(`The port ${port} cannot be listened on: ${why}.`, 'Choose another port.', { cause }));
    });
    server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve);
  });
}

function closeServer(server: Server, graceSeconds: number, scheduler: Scheduler): Promise<void> {
  return new Promise((resolve) => {
    const cancel = scheduler.after(graceSeconds, () => server.closeAllConnections());
    server.close(() => {
      cancel();
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** Undefined where nobody waits for an answer any more. */
async function answer(request: IncomingMessage, o: ServerOptions): Promise<HttpResponse | undefined> {
  const found = findRoute(o.routes, request.method ?? 'GET', request.url ?? '/');
  if (found.kind === 'refused') return found.response;
  const { route, params, path, query } = found;
  try {
    const body = await readBody(request, route.maxBodyBytes ?? defaultMaxBodyBytes);
    return await route.handle({ params, path, query, headers: request.headers, body });
  } catch (error) {
    if (error instanceof BodyTooLarge) return failure(413, error.message, { connection: 'close' });
    if (error instanceof InputError) return failure(400, error.message);
    if (request.errored ?? (request.destroyed && !request.complete)) return undefined;
    o.onError(error, route.path);
    return failure(500, 'Something unexpected happened; the log of the operator tells more.');
  }
}

function send(response: ServerResponse, { status, headers = {}, body = '' }: HttpResponse, isLast: boolean): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    // RFC 9110, 8.6: an answer without content has no length either
    ...(status === 204 ? {} : { 'content-length': bytes.length }),
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    ...headers,
    // a connection that is kept alive would hold up the end
    ...(isLast ? { connection: 'close' } : {}),
  });
  response.end(bytes);
}
