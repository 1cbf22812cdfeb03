import type { IncomingMessage } from 'node:http';
import type { ObjectMeta } from '../../src/crds/kubernetes.ts';
import type { Kind } from './object-store.ts';

/** A request to the fake API, taken apart. */
export interface FakeRequest {
  readonly method: string;
  readonly kind: Kind;
  /** Empty where it names none. */
  readonly namespace: string;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: FakeBody;
}

/** An object, a patch or delete options. */
export interface FakeBody {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly status?: unknown;
  readonly preconditions?: { readonly uid?: string };
}

export async function parseRequest(message: IncomingMessage): Promise<FakeRequest> {
  const url = new URL(message.url ?? '/', 'http://fake');
  const [root, ...rest] = url.pathname.split('/').slice(1).map(decodeURIComponent);
  const apiVersion = root === 'api' ? (rest[0] ?? '') : rest.slice(0, 2).join('/');
  const below = rest.slice(root === 'api' ? 1 : 2);
  const isNamespaced = below[0] === 'namespaces' && below.length > 2;
  const [plural = '', name, subresource] = isNamespaced ? below.slice(2) : below;
  let text = '';
  for await (const chunk of message) text += String(chunk);
  return {
    method: message.method ?? 'GET',
    kind: { apiVersion, plural },
    namespace: isNamespaced ? (below[1] ?? '') : '',
    ...{ name, subresource, query: url.searchParams, headers: message.headers },
    body: text === '' ? {} : JSON.parse(text),
  };
}

export const isWatch = ({ query }: FakeRequest): boolean => query.has('watch');
export const isList = ({ query, method, name }: FakeRequest): boolean =>
  method === 'GET' && name === undefined && !query.has('watch');
