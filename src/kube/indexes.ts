import { controllerOf, type KubeObject } from '../crds/kubernetes.ts';

/** A named way to find objects by a value; an object may have several values, or none. */
export interface Index<T extends KubeObject = KubeObject> {
  readonly name: string;
  // a method, so that an index over all objects also serves for one kind
  values(object: T): readonly string[];
}

export const byNamespace: Index = {
  name: 'namespace',
  values: ({ metadata }) => (metadata.namespace === undefined ? [] : [metadata.namespace]),
};

/** By the uid of the controlling owner. */
export const byOwner: Index = {
  name: 'owner',
  values: ({ metadata }) => {
    const owner = controllerOf(metadata);
    return owner === undefined ? [] : [owner.uid];
  },
};

export const byLabel = (label: string): Index => ({
  name: `label ${label}`,
  values: ({ metadata }) => {
    const value = metadata.labels?.[label];
    return value === undefined ? [] : [value];
  },
});

/** Keys of the objects with a value. Most values are those of a single object, and a set for each would cost memory. */
export class KeysByValue {
  readonly #keys = new Map<string, string | Set<string>>();

  of(value: string): readonly string[] {
    const found = this.#keys.get(value);
    return found === undefined ? [] : typeof found === 'string' ? [found] : [...found];
  }

  add(value: string, key: string): void {
    const found = this.#keys.get(value);
    if (found instanceof Set) found.add(key);
    else this.#keys.set(value, found === undefined || found === key ? key : new Set([found, key]));
  }

  delete(value: string, key: string): void {
    const found = this.#keys.get(value);
    if (found === key) this.#keys.delete(value);
    if (!(found instanceof Set)) return;
    found.delete(key);
    if (found.size === 0) this.#keys.delete(value);
  }
}
