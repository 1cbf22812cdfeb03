/** Writes under one name, so that the API server knows which fields are ours. */
import type { KubeObject } from '../crds/kubernetes.ts';
import type { Api, RequestOptions } from './api.ts';
import { pathOf, type Resource } from './resources.ts';

export const fieldManager = 'nasoa';

const applyType = 'application/apply-patch+yaml';
const mergeType = 'application/merge-patch+json';

/** The uid and, where the write must not rest on an old view, the resource version of what it is based on. */
export interface Basis {
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

/** Creates the object or brings our fields of it to what is given; fields left out that were ours are removed. */
export const apply = <T extends KubeObject>(
  api: Api,
  resource: Resource<T>,
  object: KubeObject,
  options: RequestOptions = {},
): Promise<T> => {
  const { name, namespace } = object.metadata;
  const path = pathOf(resource, { namespace, name }, { fieldManager, force: true });
  return api.request<T>('PATCH', path, object, { ...options, contentType: applyType });
};

/**
 * Replaces our part of the status. Throws Conflict where the object is not the one that `basis` names, or has changed
 * since: a status is a decision, and must rest on what was seen.
 */
export const applyStatus = <T extends KubeObject>(
  api: Api,
  resource: Resource<T>,
  basis: Basis,
  status: unknown,
  options: RequestOptions = {},
): Promise<T> => {
  const { apiVersion, kind } = resource;
  const { namespace, name } = basis;
  const path = pathOf(resource, { namespace, name, subresource: 'status' }, { fieldManager, force: true });
  const body = { apiVersion, kind, metadata: basis, status };
  return api.request<T>('PATCH', path, body, { ...options, contentType: applyType });
};

/** A JSON merge patch (RFC 7386) of the very object that `basis` names. Throws Conflict where it is another one. */
export const mergePatch = <T extends KubeObject>(
  api: Api,
  resource: Resource<T>,
  basis: Basis,
  patch: PatchBody,
  options: RequestOptions = {},
): Promise<T> => {
  const { namespace, name, ...precondition } = basis;
  const body = { ...patch, metadata: { ...patch.metadata, ...precondition } };
  const path = pathOf(resource, { namespace, name }, { fieldManager });
  return api.request<T>('PATCH', path, body, { ...options, contentType: mergeType });
};

/** Fields to set; null removes one. */
export interface PatchBody {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string | null>>;
    readonly annotations?: Readonly<Record<string, string | null>>;
    readonly finalizers?: readonly string[] | null;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
}
