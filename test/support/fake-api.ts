/**
 * A small API server on loopback, over real HTTP, for the ways in which a large one can fail: LIST in pages, WATCH with
 * bookmarks, refusals, and sockets that are cut, hang, or close before the answer. What a real one does with objects is
 * the matter of the integration tests.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StringMap } from '../../src/crds/kubernetes.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { ManualClock } from '../../src/lib/clock.ts';
import { type FakeRequest, parseRequest } from './fake-request.ts';
import { FakeWatches } from './fake-watches.ts';
import { merged } from './merge-patch.ts';
import { type Kind, ObjectStore } from './object-store.ts';

export interface Fault {
  /** Which requests; all unless given. */
  readonly when?: (request: FakeRequest) => boolean;
  /** How many of them; one unless given. */
  readonly times?: number;
  readonly answer:
    | {
        readonly status: number;
        readonly reason?: string;
        readonly message?: string;
        readonly retryAfter?: number | string;
      }
    /** The socket is cut; the request comes to nothing. */
    | 'cut'
    /** The request is carried out, and the socket cut before the answer. */
    | 'loseAnswer'
    /** Nothing is ever answered. */
    | 'hang'
    /** A page that is no JSON, as a broken proxy sends it. */
    | 'garble';
}

interface Snapshot {
  readonly items: readonly unknown[];
  readonly version: string;
}

export class FakeApi implements AsyncDisposable {
  readonly store = new ObjectStore(new ManualClock(1_800_000_000));
  readonly watches = new FakeWatches(this.store);
  /** Every request that arrived, in order. */
  readonly requests: FakeRequest[] = [];
  readonly #server: Server;
  readonly #faults: { readonly fault: Fault; left: number }[] = [];
  readonly #pages = new Map<string, Snapshot>();
  /** Requests without this bearer token are refused; undefined lets all in. */
  token: string | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<FakeApi> {
    const server = createServer();
    const fake = new FakeApi(server);
    server.on('request', (request, response) => void fake.#serve(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Applies to the next requests that match; earlier faults go first. */
  inject(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 });
  }

  /** Forgets the past: watches from before now are refused, and so are the next pages of lists begun before. */
  compact(answer: 'event' | 'status' = 'event'): void {
    this.watches.compact(answer);
    this.#pages.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.watches.cut();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await parseRequest(message);
    this.requests.push(request);
    const fault = this.#faultFor(request);
    if (fault === 'hang') return;
    if (fault === 'cut') {
      response.socket?.destroy();
      return;
    }
    if (fault === 'garble') {
      response.end('<html>bad gateway');
      return;
    }
    if (typeof fault === 'object') {
      refuse(response, fault.status, fault.reason ?? '', fault.message ?? 'injected', fault.retryAfter);
      return;
    }
    try {
      this.#authenticate(request);
      if (request.query.has('watch')) {
        this.watches.open(request, response);
        return;
      }
      const answer = this.#carryOut(request);
      if (fault === 'loseAnswer') response.socket?.destroy();
      else send(response, request.method === 'POST' ? 201 : 200, answer);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      refuse(response, error.status, error.reason, error.message);
    }
  }

  #faultFor(request: FakeRequest): Fault['answer'] | undefined {
    const found = this.#faults.find(({ fault, left }) => left > 0 && (fault.when?.(request) ?? true));
    if (found === undefined) return undefined;
    found.left -= 1;
    return found.fault.answer;
  }

  #authenticate({ headers }: FakeRequest): void {
    if (this.token === undefined || headers.authorization === `Bearer ${this.token}`) return;
    throw new ApiError('no valid token', '', { status: 401, reason: 'Unauthorized' });
  }

  #carryOut(request: FakeRequest): unknown {
    const { method, kind, namespace, name, subresource, body } = request;
    const expected = { uid: body.metadata?.uid, resourceVersion: body.metadata?.resourceVersion };
    const { store } = this;
    if (method === 'POST') return store.create(kind, body);
    if (name === undefined) return this.#list(request);
    if (method === 'GET') return store.get(kind, namespace, name) ?? notFound(name);
    if (method === 'DELETE') {
      return store.delete(kind, namespace, name, { uid: body.preconditions?.uid });
    }
    return store.update(
      kind,
      namespace,
      name,
      (before) => {
        if (subresource === 'status') return { ...before, status: body.status };
        if (method === 'PUT') return { ...body, metadata: { ...before.metadata, ...body.metadata } };
        return merged(before, body) as typeof before;
      },
      expected,
    );
  }

  #list({ kind, namespace, query }: FakeRequest): unknown {
    const token = query.get('continue');
    const limit = Number(query.get('limit') ?? '0');
    const begun = token === null ? this.#snapshot(kind, namespace, labelsIn(query)) : this.#pages.get(token);
    if (begun === undefined) throw new ApiError('too old a continue token', '', { status: 410, reason: 'Expired' });
    const { items, version } = begun;
    const isWhole = limit === 0 || items.length <= limit;
    const next = `page-${this.requests.length}`;
    if (!isWhole) this.#pages.set(next, { items: items.slice(limit), version });
    return {
      apiVersion: kind.apiVersion,
      kind: 'List',
      metadata: { resourceVersion: version, ...(isWhole ? {} : { continue: next }) },
      items: isWhole ? items : items.slice(0, limit),
    };
  }

  /** As the real one, it leaves out what kind the items are. */
  #snapshot(kind: Kind, namespace: string, withLabels: StringMap): Snapshot {
    const items = this.store.list(kind, namespace, withLabels).map(({ kind: _, apiVersion: __, ...item }) => item);
    return { items, version: String(this.store.version) };
  }
}

/** Of a selector of equalities. */
const labelsIn = (query: URLSearchParams): StringMap =>
  Object.fromEntries(
    (query.get('labelSelector') ?? '')
      .split(',')
      .filter((one) => one !== '')
      .map((one) => one.split('=')),
  );

const notFound = (name: string): never => {
  throw new ApiError(`"${name}" not found`, '', { status: 404, reason: 'NotFound' });
};

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function refuse(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  retryAfter?: number | string,
): void {
  if (retryAfter !== undefined) response.setHeader('retry-after', String(retryAfter));
  send(response, code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message });
}
