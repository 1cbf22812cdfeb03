/** The smallest client of an API server, for tests that look at the world past the code they test. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { hasCode } from '../../src/lib/errors.ts';
import type { Json } from '../../src/lib/json.ts';
import type { Credentials } from './certificates.ts';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface ApiClient {
  /** Sends one request; a refusal is an answer like any other. Rejects where there is no answer. */
  send(method: Method, path: string, body?: unknown, contentType?: string): Promise<Answer>;
  /** The answer's JSON. Throws with the server's words unless it is a 2xx. */
  call<T = Json>(method: Method, path: string, body?: unknown, contentType?: string): Promise<T>;
  /** Brings an object of any kind to the state given (server-side apply), and answers with what became of it. */
  apply<T = Json>(object: ApiObject): Promise<T>;
  /** Path of an object, or of its kind's list in the namespace where no name is given. */
  pathOf(apiVersion: string, kind: string, namespace?: string, name?: string): Promise<string>;
  close(): void;
}

interface Resource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

const timeoutMs = 30_000;

export function createApiClient(server: string, ca: string, credentials: Credentials): ApiClient {
  const proof =
    'token' in credentials ? {} : { cert: readFileSync(credentials.cert), key: readFileSync(credentials.key) };
  const agent = new Agent({ keepAlive: true, ca: readFileSync(ca), ...proof });
  const authorization = 'token' in credentials ? { authorization: `Bearer ${credentials.token}` } : {};

  const send: ApiClient['send'] = (method, path, body, contentType = 'application/json') =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      // said by us: of a DELETE Node would send the body without its length
      const length = text === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)) };
      const headers = { ...authorization, accept: 'application/json', 'content-type': contentType, ...length };
      const fail = (error: Error): void => {
        // the server was restarted since this connection was opened: the request never reached it
        if (sent.reusedSocket && hasCode(error, 'ECONNRESET')) resolve(send(method, path, body, contentType));
        else reject(error);
      };
      const sent = request(new URL(path, server), { method, agent, headers, timeout: timeoutMs }, (response) => {
        let answer = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          answer += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: answer }));
        response.on('error', reject);
      });
      sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer in ${timeoutMs} ms`)));
      sent.on('error', fail);
      sent.end(text);
    });

  const call: ApiClient['call'] = async <T>(method: Method, path: string, body?: unknown, contentType?: string) => {
    const { status, text } = await send(method, path, body, contentType);
    if (status < 200 || status > 299) throw new Error(`${method} ${path}: ${status} ${text}`);
    return JSON.parse(text) as T;
  };

  const known = new Map<string, Resource>();
  const resourceOf = async (group: string, kind: string): Promise<Resource> => {
    const before = known.get(`${group} ${kind}`);
    if (before !== undefined) return before;
    const { resources } = await call<{ resources: readonly Resource[] }>('GET', group);
    const resource = resources.find((r) => r.kind === kind && !r.name.includes('/'));
    if (resource === undefined) throw new Error(`the server knows no ${kind} at ${group}`);
    known.set(`${group} ${kind}`, resource);
    return resource;
  };

  const pathOf: ApiClient['pathOf'] = async (apiVersion, kind, namespace, name) => {
    const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const resource = await resourceOf(group, kind);
    const within = resource.namespaced && namespace !== undefined ? `/namespaces/${namespace}` : '';
    return `${group}${within}/${resource.name}${name === undefined ? '' : `/${name}`}`;
  };

  const apply: ApiClient['apply'] = async <T>(object: ApiObject) => {
    const { name, namespace = 'default' } = object.metadata;
    const path = await pathOf(object.apiVersion, object.kind, namespace, name);
    return call<T>('PATCH', `${path}?fieldManager=tests&force=true`, object, 'application/apply-patch+yaml');
  };

  return { send, call, apply, pathOf, close: () => agent.destroy() };
}
