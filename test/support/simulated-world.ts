import type { KubeObject, ObjectMeta, StringMap } from '../../src/crds/kubernetes.ts';
import type { PatchBody } from '../../src/kube/apply.ts';
import { Conflict, NotFound } from '../../src/kube/errors.ts';
import { keyFor, keyOf, type Resource } from '../../src/kube/resources.ts';
import type { Happening, Selection, StatusOf, Unstored, World } from '../../src/kube/world.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { merged } from './merge-patch.ts';
import { ObjectStore } from './object-store.ts';

/** The process died: all it tries afterwards comes to nothing, until it is started again. */
export class SimulatedCrash extends Error {
  constructor() {
    super('the simulated process has died');
    this.name = 'SimulatedCrash';
  }
}

/** A write that was carried out. */
export interface SimulatedWrite {
  readonly verb: 'create' | 'applyStatus' | 'patch' | 'delete';
  readonly plural: string;
  readonly name: string;
}

/**
 * An API server without the server. Controllers use it as their World; tests play the parts of everybody else
 * (people, kubelets, the scheduler) by `put`, `setStatus`, `change` and `remove`.
 */
export class SimulatedWorld implements World {
  readonly store: ObjectStore;
  readonly writes: SimulatedWrite[] = [];
  readonly events: { readonly about: KubeObject; readonly happening: Happening }[] = [];
  /** What the caches that lag behind show, by kind. */
  readonly #frozen = new Map<string, readonly KubeObject[]>();
  #writesToCrash = Number.POSITIVE_INFINITY;
  #refusals: Error[] = [];
  #isDead = false;

  constructor(clock: Clock) {
    this.store = new ObjectStore(clock);
  }

  // as controllers see it

  get<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): T | undefined {
    const key = keyFor(namespace, name);
    return this.list(resource).find((object) => keyOf(object) === key);
  }

  list<T extends KubeObject>(resource: Resource<T>, selection?: Selection<T>): readonly T[] {
    const objects = (this.#frozen.get(nameOf(resource)) ?? this.store.list(resource)) as readonly T[];
    return selection === undefined
      ? objects
      : objects.filter((object) => selection.index.values(object).includes(selection.value));
  }

  async read<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): Promise<T | undefined> {
    this.#assertAlive();
    return this.store.get(resource, namespace, name) as T | undefined;
  }

  async readAll<T extends KubeObject>(
    resource: Resource<T>,
    namespace: string,
    withLabels: StringMap,
  ): Promise<readonly T[]> {
    this.#assertAlive();
    return this.store.list(resource, namespace, withLabels) as readonly T[];
  }

  async create<T extends KubeObject>(resource: Resource<T>, object: Unstored<T>): Promise<T> {
    const given = object as KubeObject;
    return this.#write('create', resource, given, () => this.store.create(resource, given) as T);
  }

  async applyStatus<T extends KubeObject>(resource: Resource<T>, seen: T, status: StatusOf<T>): Promise<T> {
    const { namespace = '', name, uid, resourceVersion } = seen.metadata;
    const plain: unknown = structuredClone(status);
    const change = (object: KubeObject): KubeObject & { status: unknown } => ({ ...object, status: plain });
    return this.#write('applyStatus', resource, seen, () => {
      return this.store.update(resource, namespace, name, change, { uid, resourceVersion }) as T;
    });
  }

  async patch<T extends KubeObject>(resource: Resource<T>, seen: T, patch: PatchBody): Promise<T> {
    const { namespace = '', name, uid } = seen.metadata;
    const change = (object: KubeObject): KubeObject => merged(object, patch) as KubeObject;
    return this.#write('patch', resource, seen, () => {
      return this.store.update(resource, namespace, name, change, { uid }) as T;
    });
  }

  async delete<T extends KubeObject>(resource: Resource<T>, seen: T): Promise<void> {
    const { namespace = '', name, uid } = seen.metadata;
    await this.#write('delete', resource, seen, () => {
      try {
        this.store.delete(resource, namespace, name, { uid });
      } catch (error) {
        if (!(error instanceof NotFound || error instanceof Conflict)) throw error;
      }
    });
  }

  event(about: KubeObject, happening: Happening): void {
    if (!this.#isDead) this.events.push({ about, happening });
  }

  // as tests shape it

  /** The n-th write from now (1 is the next one) is carried out, and then the process dies. */
  crashAfterWrite(n: number): void {
    this.#writesToCrash = n;
  }

  /** A new process takes over; what the old one wrote is there. */
  restart(): void {
    this.#isDead = false;
    this.#writesToCrash = Number.POSITIVE_INFINITY;
  }

  /** The next write is refused with `error` and not carried out. */
  refuseNextWrite(error: Error): void {
    this.#refusals.push(error);
  }

  /** The cache of this kind stops following: it shows what was there at this moment. */
  holdReads(resource: Resource): void {
    this.#frozen.set(nameOf(resource), this.store.list(resource));
  }

  releaseReads(): void {
    this.#frozen.clear();
  }

  /** Somebody else creates the object, with its status. */
  put<T extends KubeObject>(resource: Resource<T>, object: Omit<T, 'metadata'> & { readonly metadata: ObjectMeta }): T {
    return this.store.create(resource, object as unknown as KubeObject, true) as T;
  }

  /** Somebody else sets the whole status. */
  setStatus<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string, status: StatusOf<T>): T {
    return this.change(resource, namespace, name, (object) => ({ ...object, status }));
  }

  /** Somebody else changes the object. */
  change<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string, change: (object: T) => T): T {
    const update = (object: KubeObject): KubeObject => change(object as T);
    return this.store.update(resource, namespace, name, update) as T;
  }

  /** Somebody else deletes the object. */
  remove(resource: Resource, namespace: string, name: string): void {
    this.store.delete(resource, namespace, name);
  }

  #assertAlive(): void {
    if (this.#isDead) throw new SimulatedCrash();
  }

  #write<R>(verb: SimulatedWrite['verb'], { plural }: Resource, { metadata }: KubeObject, carryOut: () => R): R {
    this.#assertAlive();
    const refusal = this.#refusals.shift();
    if (refusal !== undefined) throw refusal;
    const done = carryOut();
    this.writes.push({ verb, plural, name: metadata.name });
    this.#writesToCrash -= 1;
    if (this.#writesToCrash <= 0) {
      this.#isDead = true;
      throw new SimulatedCrash();
    }
    return done;
  }
}

const nameOf = ({ apiVersion, plural }: Resource): string => `${apiVersion} ${plural}`;
