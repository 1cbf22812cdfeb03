import type { Verb } from './metrics.ts';
import type { Method } from './transport.ts';

/** `jobs` or `finetunetasks/status`, from a path below /api or /apis; `other` for all else. Bounded, for metrics. */
export function resourceLabel(path: string): string {
  const [root = '', ...rest] = (path.split('?')[0] ?? '').split('/').slice(1);
  const below = root === 'api' ? rest.slice(1) : root === 'apis' ? rest.slice(2) : [];
  // `namespaces/NAME/jobs` lies in a namespace; `namespaces/NAME` is one
  const [plural, , subresource] = below[0] === 'namespaces' && below.length > 2 ? below.slice(2) : below;
  if (plural === undefined) return 'other';
  return subresource === undefined ? plural : `${plural}/${subresource}`;
}

export function verbOf(method: Method, path: string, contentType: string | undefined): Verb {
  if (method === 'POST') return 'create';
  if (method === 'PUT') return 'update';
  if (method === 'DELETE') return 'delete';
  if (method === 'PATCH') return contentType?.includes('apply-patch') === true ? 'apply' : 'patch';
  if (/[?&]watch=/.test(path)) return 'watch';
  return /[?&]limit=/.test(path) ? 'list' : 'get';
}
