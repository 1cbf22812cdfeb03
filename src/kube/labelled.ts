import type { KubeObject, ObjectList, StringMap } from '../crds/kubernetes.ts';
import type { Api, RequestOptions } from './api.ts';
import { pathOf, type Resource, selector } from './resources.ts';

/** Objects of a namespace with all these labels, as the API server has them, in one piece. Throws ApiError. */
export async function listLabelled<T extends KubeObject>(
  api: Pick<Api, 'request'>,
  resource: Resource<T>,
  namespace: string,
  withLabels: StringMap,
  options?: RequestOptions,
): Promise<readonly T[]> {
  const path = pathOf(resource, { namespace }, { labelSelector: selector(withLabels) });
  const { items } = await api.request<ObjectList<T>>('GET', path, undefined, options);
  const { apiVersion, kind } = resource;
  // items of the built-in kinds come without their kind
  return (items ?? []).map((item) => ({ ...item, apiVersion, kind }));
}
