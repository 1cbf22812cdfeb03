import type { KubeObject } from '../crds/kubernetes.ts';
import { byNamespace, byOwner, type Index, KeysByValue } from './indexes.ts';
import { PackedMap, type PackedMapOptions } from './packed-map.ts';
import { isLater } from './resource-version.ts';
import { keyFor, keyOf, type Resource } from './resources.ts';

export interface CacheOptions<T extends KubeObject> {
  readonly resource: Resource<T>;
  /** Beside those by namespace and by owner. */
  readonly indexes?: readonly Index<T>[];
  /** Drops what nobody here reads, before it costs memory. */
  readonly trim?: (object: T) => T;
  readonly packing?: PackedMapOptions;
}

/** `now` is absent where the object went, `before` where it came. */
export interface Change<T> {
  readonly key: string;
  readonly now: T | undefined;
  readonly before: T | undefined;
}

/** A LIST that is being taken in. */
export interface Listing<T> {
  readonly version: string;
  add(page: readonly T[]): void;
  /** Returns how many objects came. */
  end(): number;
}

/**
 * The objects of one kind as the API server last told them, and our own writes as soon as they are answered.
 * Invariant: an object never goes back to an earlier resource version, whichever of the two tells it first.
 */
export class Cache<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly #trim: (object: T) => T;
  readonly #objects: PackedMap<T>;
  readonly #indexes: ReadonlyMap<string, { readonly index: Index<T>; readonly keys: KeysByValue }>;
  readonly #listeners = new Set<(change: Change<T>) => void>();
  /** Resource version up to which the watch has told everything, by watched namespace ('' for all). */
  readonly #seen = new Map<string, string>();

  constructor({ resource, indexes = [], trim = (object) => object, packing }: CacheOptions<T>) {
    this.resource = resource;
    this.#objects = new PackedMap(packing);
    this.#trim = trim;
    const all: readonly Index<T>[] = [byNamespace, byOwner, ...indexes];
    this.#indexes = new Map(all.map((index) => [index.name, { index, keys: new KeysByValue() }]));
  }

  get size(): number {
    return this.#objects.size;
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#objects.get(keyFor(namespace, name));
  }

  /** All of them as they are: for few, or seldom. */
  list(): readonly T[] {
    return this.#all(this.keys());
  }

  keys(): readonly string[] {
    return this.#objects.keys();
  }

  /** Throws where the cache was made without that index. */
  find(index: Index<T>, value: string): readonly T[] {
    return this.#all(this.findKeys(index, value));
  }

  /** Keys of what `find` gives, at a fraction of its cost where that is much. */
  findKeys(index: Index<T>, value: string): readonly string[] {
    const found = this.#indexes.get(index.name);
    if (found === undefined) throw new Error(`the cache of ${this.resource.plural} has no index "${index.name}"`);
    return found.keys.of(value);
  }

  /** Told of each change after it, in order. Returns how to stop. */
  subscribe(listener: (change: Change<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Takes in a consistent LIST of `namespace` ('' for all) at `version`, page by page, so that the pages need not be held
   * until the last has come. At its end, what was not in it is gone, unless it is newer. A list from before what was seen
   * means that the server's own store went back (etcd restored from a backup): then the list is the truth as it is.
   */
  listing(version: string, namespace = ''): Listing<T> {
    const seen = this.#seen.get(namespace);
    const wentBack = seen !== undefined && isLater(seen, version) === true;
    const listed = new Set<string>();
    return {
      version,
      add: (page) => {
        for (const object of page) {
          listed.add(keyOf(object));
          this.#keep(this.#trimmed(object), wentBack);
        }
      },
      end: () => {
        const inScope = namespace === '' ? this.keys() : this.findKeys(byNamespace, namespace);
        for (const key of inScope) {
          const isNewer = !wentBack && isLater(this.#versionOf(key), version) === true;
          if (!listed.has(key) && !isNewer) this.#drop(key);
        }
        this.#seen.set(namespace, version);
        return listed.size;
      },
    };
  }

  /** An object that the watch of `namespace` told. */
  put(object: T, namespace = ''): void {
    this.#keep(this.#trimmed(object));
    this.#seen.set(namespace, versionOf(object));
  }

  /** An object that the watch of `namespace` told to be gone; its version is that of its end. */
  remove(object: T, namespace = ''): void {
    const key = keyOf(object);
    const madeAnew = this.#objects.has(key) && isLater(this.#versionOf(key), versionOf(object)) === true;
    if (!madeAnew) this.#drop(key);
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
    if (seen !== undefined && isLater(versionOf(object), seen) === true) this.#keep(this.#trimmed(object));
  }

  #trimmed(object: T): T {
    return this.#trim(withoutManagedFields(object));
  }

  #keep(now: T, evenEarlier = false): void {
    const key = keyOf(now);
    const isNews = !this.#objects.has(key) || isLater(versionOf(now), this.#versionOf(key)) !== false;
    if (!isNews && (!evenEarlier || versionOf(now) === this.#versionOf(key))) return;
    const before = this.#objects.get(key);
    if (before !== undefined) this.#unindex(key, before);
    this.#objects.set(key, now);
    for (const { index, keys } of this.#indexes.values()) {
      for (const value of index.values(now)) keys.add(value, key);
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
      for (const value of index.values(object)) keys.delete(value, key);
    }
  }

  #all(keys: readonly string[]): readonly T[] {
    return keys.flatMap((key) => this.#objects.get(key) ?? []);
  }

  #versionOf(key: string): string {
    return this.#objects.versionOf(key) ?? '';
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
