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
