/** JSON schemas for kubeconform out of what a real API server says about its kinds: none are fetched from elsewhere. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiClient } from '../../hack/cluster/api-client.ts';

interface Definition {
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Definition>>;
  readonly additionalProperties?: Definition | boolean;
  readonly items?: Definition;
  readonly $ref?: string;
  readonly 'x-kubernetes-group-version-kind'?: readonly GroupVersionKind[];
}

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** How kubeconform names its files, as it wants to be told. */
export const schemaLocation = (folder: string): string => join(folder, '{{.ResourceKind}}{{.KindSuffix}}.json');

/** Writes the schema of each of these kinds (such as `apps/v1 Deployment`) into the folder. */
export async function writeSchemas(api: ApiClient, kinds: readonly string[], folder: string): Promise<void> {
  type OpenApi = { readonly definitions: Readonly<Record<string, Definition>> };
  const { definitions } = await api.call<OpenApi>('GET', '/openapi/v2');
  const strict = Object.fromEntries(Object.entries(definitions).map(([name, d]) => [name, strictOf(name, d)]));
  await mkdir(folder, { recursive: true });
  for (const [name, definition] of Object.entries(definitions)) {
    const found = definition['x-kubernetes-group-version-kind']?.find((gvk) => kinds.includes(wordsOf(gvk)));
    if (found === undefined) continue;
    const schema = { $ref: `#/definitions/${name}`, definitions: strict };
    await writeFile(join(folder, fileOf(found)), JSON.stringify(schema));
  }
}

const wordsOf = ({ group, version, kind }: GroupVersionKind): string =>
  `${group === '' ? version : `${group}/${version}`} ${kind}`;

/** `deployment-apps-v1.json`, `service-v1.json`: of the group only its first part. */
function fileOf({ group, version, kind }: GroupVersionKind): string {
  const parts = [kind.toLowerCase(), ...(group === '' ? [] : [group.split('.')[0] ?? '']), version];
  return `${parts.join('-')}.json`;
}

/** OpenAPI's own notions in JSON Schema's words, and unknown fields refused. */
function strictOf(name: string, definition: Definition): Definition | { readonly type: readonly string[] } {
  if (definition.format === 'int-or-string' || name.endsWith('.resource.Quantity')) {
    return { type: ['string', 'number'] };
  }
  const { properties } = definition;
  return properties === undefined ? definition : { ...definition, additionalProperties: false };
}
