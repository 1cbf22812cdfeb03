import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse as parseYaml } from 'yaml';
import { generatedFiles, staleFiles } from '../../hack/generate-api.ts';
import { customResourceDefinition } from '../../src/crds/crd.ts';
import { fineTuneTaskSpec } from '../../src/crds/fine-tune-task.ts';
import { kinds } from '../../src/crds/kinds.ts';
import { modelZooSpec } from '../../src/crds/model-zoo.ts';
import { parse } from '../../src/crds/parse.ts';
import type { Presence, Schema } from '../../src/crds/schema.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fileOf = (path: string): string => generatedFiles().find((file) => file.path === path)?.text ?? '';

test('no generated file is stale', () => {
  expect(staleFiles(root, generatedFiles()).map(({ path }) => path)).toEqual([]);
});

describe.each(Object.values(kinds).map((kind) => [kind.kind, kind] as const))('the files of %s', (_name, kind) => {
  const definition = JSON.parse(JSON.stringify(customResourceDefinition(kind))) as Record<string, unknown>;

  test('kubectl reads the definition as it was meant', () => {
    expect(parseYaml(fileOf(`manifests/crds/nasoa.dev_${kind.plural}.yaml`))).toEqual(definition);
  });

  test("the chart's differs only in that it outlives an uninstall", () => {
    const template = fileOf(`charts/nasoa/templates/crds/${kind.plural}.yaml`);
    const lines = template.trimEnd().split('\n');
    expect([lines[0], lines.at(-1)]).toEqual(['{{- if .Values.crds.install }}', '{{- end }}']);
    expect(parseYaml(lines.slice(1, -1).join('\n'))).toEqual({
      ...definition,
      metadata: { name: `${kind.plural}.nasoa.dev`, annotations: { 'helm.sh/resource-policy': 'keep' } },
    });
  });

  test('the reference names every condition and reason', () => {
    const page = fileOf('docs/reference/api.md');
    const reasons = Object.values(kind.conditions).flatMap((entry) => Object.keys(entry.reasons));
    expect(reasons.filter((reason) => !page.includes(`| \`${reason}\` |`))).toEqual([]);
    expect(Object.keys(kind.conditions).filter((type) => !page.includes(`**${type}**`))).toEqual([]);
  });
});

test.each<[string, string, Schema<unknown, Presence>]>([
  ['task-claim.yaml', 'FineTuneTask', fineTuneTaskSpec],
  ['task-s3.yaml', 'FineTuneTask', fineTuneTaskSpec],
  ['zoo.yaml', 'ModelZoo', modelZooSpec],
])('the sample %s is a sound %s', (file, kind, schema) => {
  const raw = parseYaml(readFileSync(`${root}/manifests/samples/${file}`, 'utf8')) as Record<string, unknown>;
  expect(raw).toMatchObject({ apiVersion: 'nasoa.dev/v1alpha1', kind });
  // nothing that the user wrote is dropped as unknown
  expect(parse(schema, raw['spec'], 'spec')).toMatchObject(withTextQuantities(raw['spec']));
});

/** Quantities may be written as numbers and are kept as texts. */
function withTextQuantities(spec: unknown): Record<string, unknown> {
  const { resources, ...rest } = spec as Record<string, unknown> & { readonly resources?: Record<string, unknown> };
  if (resources === undefined) return rest;
  const asText = (value: unknown) => (typeof value === 'number' ? `${value}` : value);
  const texts = Object.entries(resources).map(([name, value]) => [name, asText(value)]);
  return { ...rest, resources: Object.fromEntries(texts) };
}
