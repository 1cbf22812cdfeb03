/** The rules by which an API server keeps objects, in memory: what the fake API and the simulated world stand on. */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject, ObjectMeta, StringMap } from '../../src/crds/kubernetes.ts';
import { errorOf } from '../../src/kube/errors.ts';
import { keyFor, type Resource } from '../../src/kube/resources.ts';
import type { Clock } from '../../src/lib/clock.ts';

export type Kind = Pick<Resource, 'apiVersion' | 'plural'>;

export interface StoredChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly kind: Kind;
  readonly object: KubeObject;
  readonly version: number;
}

/** What the writer believes to write to. */
export interface Expected {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

type WithStatus = KubeObject & { readonly status?: unknown };

export class ObjectStore {
  readonly #clock: Clock;
  readonly #objects = new Map<string, Map<string, WithStatus>>();
  readonly #listeners = new Set<(change: StoredChange) => void>();
  readonly changes: StoredChange[] = [];
  #version = 100;
  #uids = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resource version of the last change. */
  get version(): number {
    return this.#version;
  }

  subscribe(listener: (change: StoredChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get(kind: Kind, namespace: string, name: string): KubeObject | undefined {
    return this.#of(kind).get(keyFor(namespace, name));
  }

  list(kind: Kind, namespace = '', withLabels: StringMap = {}): readonly KubeObject[] {
    const wanted = Object.entries(withLabels);
    return [...this.#of(kind).values()]
      .filter(({ metadata }) => namespace === '' || metadata.namespace === namespace)
      .filter(({ metadata }) => wanted.every(([name, value]) => metadata.labels?.[name] === value));
  }

  /** Adds what the server adds. The status falls away, unless whoever sets the scene asks for it. */
  create(kind: Kind, given: WithStatus, keepStatus = false): KubeObject {
    const { name, namespace = '' } = given.metadata;
    if (this.get(kind, namespace, name) !== undefined) throw refusal(409, 'AlreadyExists', `${name} already exists`);
    const { status, ...rest } = given;
    const serial = String(++this.#uids).padStart(8, '0');
    const metadata: ObjectMeta = {
      ...given.metadata,
      uid: `${serial}-0000-4000-8000-000000000000`,
      generation: 1,
      creationTimestamp: timeOf(this.#clock),
    };
    return this.#keep('ADDED', kind, { ...rest, metadata, ...(keepStatus && status !== undefined ? { status } : {}) });
  }

  /** `change` sees the object as it is. What changes nothing makes no new version; the last finalizer gone ends it. */
  update(
    kind: Kind,
    namespace: string,
    name: string,
    change: (object: WithStatus) => WithStatus,
    expected: Expected = {},
  ): KubeObject {
    const before = this.#existing(kind, namespace, name, expected);
    const changed = change(before);
    const specOf = ({ metadata: _, status: __, ...spec }: WithStatus): unknown => spec;
    const isSameSpec = isDeepStrictEqual(specOf(before), specOf(changed));
    const { uid, creationTimestamp, resourceVersion, generation = 1 } = before.metadata;
    const kept = { uid, creationTimestamp, resourceVersion, generation: isSameSpec ? generation : generation + 1 };
    const after = { ...changed, metadata: { ...changed.metadata, ...kept } } as WithStatus;
    if (isDeepStrictEqual(before, after)) return before;
    const { deletionTimestamp, finalizers = [] } = after.metadata;
    if (deletionTimestamp !== undefined && finalizers.length === 0) return this.#end(kind, after);
    return this.#keep('MODIFIED', kind, after);
  }

  /** With finalizers it is only marked; without, it goes, and what it owned goes with it. */
  delete(kind: Kind, namespace: string, name: string, expected: Expected = {}): KubeObject {
    const object = this.#existing(kind, namespace, name, expected);
    if ((object.metadata.finalizers ?? []).length === 0) return this.#end(kind, object);
    if (object.metadata.deletionTimestamp !== undefined) return object;
    const metadata = { ...object.metadata, deletionTimestamp: timeOf(this.#clock) };
    return this.#keep('MODIFIED', kind, { ...object, metadata });
  }

  #existing(kind: Kind, namespace: string, name: string, { uid, resourceVersion }: Expected): WithStatus {
    const object = this.#of(kind).get(keyFor(namespace, name));
    if (object === undefined) throw refusal(404, 'NotFound', `${kind.plural} "${name}" not found`);
    const isOther = uid !== undefined && uid !== object.metadata.uid;
    const isChanged = resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion;
    if (isOther) throw refusal(409, 'Conflict', `${name} has another uid`);
    if (isChanged) throw refusal(409, 'Conflict', `${name} has been modified`);
    return object;
  }

  #end(kind: Kind, object: WithStatus): KubeObject {
    const ended = this.#keep('DELETED', kind, object);
    this.#collectGarbage();
    return ended;
  }

  /** Deletes what has owners of which none is left. */
  #collectGarbage(): void {
    const all = [...this.#objects].flatMap(([of, objects]) => [...objects.values()].map((object) => ({ of, object })));
    const alive = new Set(all.map(({ object }) => object.metadata.uid));
    for (const { of, object } of all) {
      const owners = object.metadata.ownerReferences ?? [];
      const { namespace = '', name } = object.metadata;
      const isOrphan = owners.length > 0 && owners.every(({ uid }) => !alive.has(uid));
      const kind = kindOf(of);
      if (isOrphan && this.get(kind, namespace, name) !== undefined) this.delete(kind, namespace, name);
    }
  }

  #keep(type: StoredChange['type'], kind: Kind, given: WithStatus): KubeObject {
    const version = ++this.#version;
    const object = { ...given, metadata: { ...given.metadata, resourceVersion: String(version) } };
    const key = keyFor(object.metadata.namespace, object.metadata.name);
    if (type === 'DELETED') this.#of(kind).delete(key);
    else this.#of(kind).set(key, object);
    const change = { type, kind, object, version };
    this.changes.push(change);
    for (const listener of this.#listeners) listener(change);
    return object;
  }

  #of({ apiVersion, plural }: Kind): Map<string, WithStatus> {
    const name = `${apiVersion} ${plural}`;
    const found = this.#objects.get(name) ?? new Map<string, WithStatus>();
    this.#objects.set(name, found);
    return found;
  }
}

function kindOf(name: string): Kind {
  const [apiVersion = '', plural = ''] = name.split(' ');
  return { apiVersion, plural };
}

export const isSameKind = (a: Kind, b: Kind): boolean => a.apiVersion === b.apiVersion && a.plural === b.plural;

/** What the API server would answer, as the client's error. */
const refusal = (code: number, reason: string, message: string): Error =>
  errorOf('simulated', code, { kind: 'Status', code, reason, message });

const timeOf = (clock: Clock): string =>
  clock
    .date()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z');
