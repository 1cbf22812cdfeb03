import type { KubeObject } from '../crds/kubernetes.ts';
import { byNamespace, byOwner, type Index } from './indexes.ts';
import { isLater } from './resource-version.ts';
import { keyFor, keyOf, type Resource } from './resources.ts';

export interface CacheOptions<T extends KubeObject> {
  readonly resource: Resource<T>;
  /** Beside those by namespace and by owner. */
  readonly indexes?: readonly Index<T>[];
  /** Drops what nobody here reads, before it costs memory. */
  readonly trim?: (object: T) => T;
}

/** `now` is absent where the object went, `before` where it came. */
export interface Change<T> {
  readonly key: string;
  readonly now: T | undefined;
  readonly before: T | undefined;
}

/**
 * The objects of one kind as the API server last told them, and our own writes as soon as they are answered.
 * Invariant: an object never goes back to an earlier resource version, whichever of the two tells it first.
 */
export class Cache<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly #trim: (object: T) => T;
  readonly #objects = new Map<string, T>();
  readonly #indexes: ReadonlyMap<string, { readonly index: Index<T>; readonly keys: Map<string, Set<string>> }>;
  readonly #listeners = new Set<(change: Change<T>) => void>();
  /** Resource version up to which the watch has told everything, by watched namespace ('' for all). */
  readonly #seen = new Map<string, string>();

  constructor({ resource, indexes = [], trim = (object) => object }: CacheOptions<T>) {
    this.resource = resource;
    this.#trim = trim;
    const all: readonly Index<T>[] = [byNamespace, byOwner, ...indexes];
    this.#indexes = new Map(all.map((index) => [index.name, { index, keys: new Map<string, Set<string>>() }]));
  }

  get size(): number {
    return this.#objects.size;
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#objects.get(keyFor(namespace, name));
  }

  list(): readonly T[] {
    return [...this.#objects.values()];
  }

  keys(): readonly string[] {
    return [...this.#objects.keys()];
  }

  /** Throws where the cache was made without that index. */
  find(index: Index<T>, value: string): readonly T[] {
    const found = this.#indexes.get(index.name);
    if (found === undefined) throw new Error(`the cache of ${this.resource.plural} has no index "${index.name}"`);
    return [...(found.keys.get(value) ?? [])].flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** Told of each change after it, in order. Returns how to stop. */
  subscribe(listener: (change: Change<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** As it would be kept: who collects many objects for `replace` drops the rest of each at once. */
  trimmed(object: T): T {
    return this.#trim(withoutManagedFields(object));
  }

  /**
   * The outcome of a consistent LIST of `namespace` ('' for all) at `version`, its objects as `trimmed` gives them: what
   * is not in it is gone, unless it is newer. A list from before what was seen means that the server's own store went
   * back (etcd restored from a backup): then the list is the truth as it is.
   */
  replace(objects: readonly T[], version: string, namespace = ''): void {
    const seen = this.#seen.get(namespace);
    const wentBack = seen !== undefined && isLater(seen, version) === true;
    const listed = new Set(objects.map(keyOf));
    const inScope = namespace === '' ? this.list() : this.find(byNamespace, namespace);
    for (const object of inScope) {
      const isNewer = !wentBack && isLater(versionOf(object), version) === true;
      if (!listed.has(keyOf(object)) && !isNewer) this.#drop(keyOf(object));
    }
    for (const object of objects) this.#keep(object, wentBack);
    this.#seen.set(namespace, version);
  }

  /** An object that the watch of `namespace` told. */
  put(object: T, namespace = ''): void {
    this.#keep(this.trimmed(object));
    this.#seen.set(namespace, versionOf(object));
  }

  /** An object that the watch of `namespace` told to be gone; its version is that of its end. */
  remove(object: T, namespace = ''): void {
    const before = this.#objects.get(keyOf(object));
    const madeAnew = before !== undefined && isLater(versionOf(before), versionOf(object)) === true;
    if (!madeAnew) this.#drop(keyOf(object));
    this.#seen.set(namespace, versionOf(object));
  }

  /** A bookmark: the watch has told everything up to `version`. */
  reached(version: string, namespace = ''): void {
    this.#seen.set(namespace, version);
  }

  /**
   * What the API server answered to a write of ours, so that the next decision sees it. Where the watch is further on,
   * it has told this or something later (the end of the object, perhaps), and the answer is old news.
   */
  putOwn(object: T): void {
    const seen = this.#seen.get(object.metadata.namespace ?? '') ?? this.#seen.get('');
    if (seen !== undefined && isLater(versionOf(object), seen) === true) this.#keep(this.trimmed(object));
  }

  #keep(now: T, evenEarlier = false): void {
    const key = keyOf(now);
    const before = this.#objects.get(key);
    const isNews = before === undefined || isLater(versionOf(now), versionOf(before)) !== false;
    if (!isNews && (!evenEarlier || versionOf(now) === versionOf(before))) return;
    if (before !== undefined) this.#unindex(key, before);
    this.#objects.set(key, now);
    for (const { index, keys } of this.#indexes.values()) {
      for (const value of index.values(now)) {
        const found = keys.get(value);
        if (found === undefined) keys.set(value, new Set([key]));
        else found.add(key);
      }
    }
    this.#tell({ key, now, before });
  }

  #drop(key: string): void {
    const before = this.#objects.get(key);
    if (before === undefined) return;
    this.#unindex(key, before);
    this.#objects.delete(key);
    this.#tell({ key, now: undefined, before });
  }

  #unindex(key: string, object: T): void {
    for (const { index, keys } of this.#indexes.values()) {
      for (const value of index.values(object)) {
        const found = keys.get(value);
        found?.delete(key);
        if (found?.size === 0) keys.delete(value);
      }
    }
  }

  #tell(change: Change<T>): void {
    for (const listener of this.#listeners) listener(change);
  }
}

const versionOf = ({ metadata }: KubeObject): string => metadata.resourceVersion ?? '';

/** Half of an object's bytes, and of use to nobody here. */
function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (!('managedFields' in object.metadata)) return object;
  const { managedFields: _, ...metadata } = object.metadata as T['metadata'] & { readonly managedFields: unknown };
  return { ...object, metadata };
}
