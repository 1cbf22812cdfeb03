import type { ServerResponse } from 'node:http';
import type { FakeRequest } from './fake-request.ts';
import { isSameKind, type ObjectStore, type StoredChange } from './object-store.ts';

interface OpenWatch {
  readonly request: FakeRequest;
  readonly response: ServerResponse;
}

/** The open watches of the fake API, and all that can happen to them. */
export class FakeWatches {
  readonly #store: ObjectStore;
  readonly #open = new Set<OpenWatch>();
  #compacted: { readonly version: number; readonly answer: 'event' | 'status' } = { version: 0, answer: 'event' };

  constructor(store: ObjectStore) {
    this.#store = store;
    store.subscribe((change) => {
      for (const watch of this.#open) tell(watch, change);
    });
  }

  get count(): number {
    return this.#open.size;
  }

  open(request: FakeRequest, response: ServerResponse): void {
    const from = Number(request.query.get('resourceVersion'));
    const isExpired = from < this.#compacted.version;
    response.writeHead(isExpired && this.#compacted.answer === 'status' ? 410 : 200);
    if (isExpired && this.#compacted.answer === 'status') {
      response.end(JSON.stringify(expired));
      return;
    }
    response.flushHeaders();
    if (isExpired) {
      response.end(line({ type: 'ERROR', object: expired }));
      return;
    }
    const watch = { request, response };
    for (const change of this.#store.changes) if (change.version > from) tell(watch, change);
    this.#open.add(watch);
    response.on('close', () => this.#open.delete(watch));
  }

  /** Tells all watches up to which version they know everything. */
  bookmark(): void {
    const resourceVersion = String(this.#store.version);
    for (const { response, request } of this.#open) {
      const { apiVersion } = request.kind;
      const object = { apiVersion, kind: 'Bookmark', metadata: { name: '', resourceVersion, creationTimestamp: null } };
      response.write(line({ type: 'BOOKMARK', object }));
    }
  }

  /** Ends them as the server does after `timeoutSeconds`. */
  end(): void {
    for (const { response } of this.#open) response.end();
    this.#open.clear();
  }

  /** Cuts the sockets; `midway` in the middle of an event. */
  cut(midway = ''): void {
    for (const { response } of this.#open) {
      if (midway === '') response.socket?.destroy();
      else response.write(midway, () => response.socket?.destroy());
    }
    this.#open.clear();
  }

  /** An error inside the stream, after which the server closes it. */
  fail(code: number, reason: string): void {
    const object = { kind: 'Status', status: 'Failure', code, reason, message: 'injected' };
    for (const { response } of this.#open) response.end(line({ type: 'ERROR', object }));
    this.#open.clear();
  }

  compact(answer: 'event' | 'status'): void {
    this.#compacted = { version: this.#store.version, answer };
  }
}

const expired = { kind: 'Status', status: 'Failure', code: 410, reason: 'Expired', message: 'too old a version' };

const line = (event: unknown): string => `${JSON.stringify(event)}\n`;

function tell({ request, response }: OpenWatch, { type, kind, object }: StoredChange): void {
  const isHere = request.namespace === '' || request.namespace === object.metadata.namespace;
  if (isHere && isSameKind(kind, request.kind)) response.write(line({ type, object }));
}
