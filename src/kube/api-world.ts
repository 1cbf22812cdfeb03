import type { KubeObject, StringMap } from '../crds/kubernetes.ts';
import type { Api } from './api.ts';
import { applyStatus, type Basis, fieldManager, mergePatch, type PatchBody } from './apply.ts';
import { Conflict, NotFound } from './errors.ts';
import type { Informers } from './informers.ts';
import { listLabelled } from './labelled.ts';
import { pathOf, type Resource } from './resources.ts';
import type { Happening, Selection, StatusOf, Unstored, World } from './world.ts';
import type { WriteGate } from './write-gate.ts';

export interface ApiWorldOptions {
  readonly api: Api;
  readonly informers: Pick<Informers, 'cacheOf' | 'findCache'>;
  /** Of the lease: every write asks it, and none outlives it. */
  readonly gate: WriteGate;
  readonly recorder: { record(about: KubeObject, happening: Happening): void };
}

/** The world behind a real API server: reads from the caches, writes through the gate. */
export class ApiWorld implements World {
  readonly #api: Api;
  readonly #informers: ApiWorldOptions['informers'];
  readonly #gate: WriteGate;
  readonly #recorder: ApiWorldOptions['recorder'];

  constructor({ api, informers, gate, recorder }: ApiWorldOptions) {
    this.#api = api;
    this.#informers = informers;
    this.#gate = gate;
    this.#recorder = recorder;
  }

  get<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): T | undefined {
    return this.#informers.cacheOf(resource).get(namespace, name);
  }

  list<T extends KubeObject>(resource: Resource<T>, selection?: Selection<T>): readonly T[] {
    const cache = this.#informers.cacheOf(resource);
    return selection === undefined ? cache.list() : cache.find(selection.index, selection.value);
  }

  async read<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): Promise<T | undefined> {
    const { signal } = this.#gate;
    try {
      return await this.#api.request<T>('GET', pathOf(resource, { namespace, name }), undefined, { signal });
    } catch (error) {
      if (error instanceof NotFound) return undefined;
      throw error;
    }
  }

  readAll<T extends KubeObject>(
    resource: Resource<T>,
    namespace: string,
    withLabels: StringMap,
  ): Promise<readonly T[]> {
    return listLabelled(this.#api, resource, namespace, withLabels, { signal: this.#gate.signal });
  }

  async create<T extends KubeObject>(resource: Resource<T>, object: Unstored<T>): Promise<T> {
    const path = pathOf(resource, { namespace: object.metadata.namespace }, { fieldManager });
    return this.#keep(resource, await this.#api.request<T>('POST', path, object, this.#writing()));
  }

  async applyStatus<T extends KubeObject>(resource: Resource<T>, seen: T, status: StatusOf<T>): Promise<T> {
    const { resourceVersion } = seen.metadata;
    const basis = { ...basisOf(seen), resourceVersion };
    return this.#keep(resource, await applyStatus(this.#api, resource, basis, status, this.#writing()));
  }

  async patch<T extends KubeObject>(resource: Resource<T>, seen: T, patch: PatchBody): Promise<T> {
    return this.#keep(resource, await mergePatch(this.#api, resource, basisOf(seen), patch, this.#writing()));
  }

  async delete<T extends KubeObject>(resource: Resource<T>, seen: T): Promise<void> {
    const { namespace, name, uid } = basisOf(seen);
    // without a policy batch/v1 leaves the pods of a deleted Job behind
    const body = { preconditions: { uid }, propagationPolicy: 'Background' };
    try {
      await this.#api.request('DELETE', pathOf(resource, { namespace, name }), body, this.#writing());
    } catch (error) {
      // Conflict: the name belongs to a later object, so the one that was seen is gone
      if (!(error instanceof NotFound || error instanceof Conflict)) throw error;
    }
  }

  event(about: KubeObject, happening: Happening): void {
    this.#recorder.record(about, happening);
  }

  #writing(): { readonly signal: AbortSignal } {
    this.#gate.check();
    return { signal: this.#gate.signal };
  }

  #keep<T extends KubeObject>(resource: Resource<T>, answer: T): T {
    this.#informers.findCache(resource)?.putOwn(answer);
    return answer;
  }
}

const basisOf = ({ metadata: { namespace, name, uid } }: KubeObject): Basis => ({ namespace, name, uid });
