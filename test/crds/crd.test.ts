import { describe, expect, test } from '@jest/globals';
import { customResourceDefinition } from '../../src/crds/crd.ts';
import { type KindDefinition, kinds } from '../../src/crds/kinds.ts';
import { addedChoices } from '../../src/planner/types.ts';

type Node = Readonly<Record<string, unknown>>;

const all: readonly KindDefinition[] = Object.values(kinds);
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);
const nodeAt = (value: unknown): Node => (isNode(value) ? value : {});

/** The one version of a definition. */
function versionOf(kind: KindDefinition): Node {
  const { versions } = nodeAt(customResourceDefinition(kind)['spec']);
  return nodeAt(Array.isArray(versions) ? versions[0] : undefined);
}

const rootOf = (kind: KindDefinition): Node => nodeAt(nodeAt(versionOf(kind)['schema'])['openAPIV3Schema']);

/** Every node of a schema, with its path. */
function nodesOf(node: Node, path: string): readonly { readonly path: string; readonly node: Node }[] {
  const properties = Object.entries(nodeAt(node['properties']));
  const inner = [
    ...properties.map(([name, child]) => [`${path}.${name}`, child] as const),
    ...(isNode(node['items']) ? [[`${path}[]`, node['items']] as const] : []),
    ...(isNode(node['additionalProperties']) ? [[`${path}[*]`, node['additionalProperties']] as const] : []),
  ];
  return [{ path, node }, ...inner.flatMap(([name, child]) => nodesOf(nodeAt(child), name))];
}

const ruleTextsOf = (node: Node): readonly Node[] => (node['x-kubernetes-validations'] ?? []) as readonly Node[];

describe.each(all.map((kind) => [kind.kind, kind] as const))('the definition of %s', (_name, kind) => {
  const nodes = nodesOf(rootOf(kind), '').filter(({ path }) => /^\.(spec|status)/.test(path));
  const broken = (holds: (node: Node) => boolean) => nodes.filter(({ node }) => !holds(node)).map(({ path }) => path);

  test('is named as the API server asks', () => {
    expect(customResourceDefinition(kind)).toMatchObject({
      apiVersion: 'apiextensions.k8s.io/v1',
      metadata: { name: `${kind.plural}.nasoa.dev` },
      spec: { scope: 'Namespaced', names: { plural: kind.plural, categories: ['nasoa'] } },
    });
  });

  test('is structural: every node has its type', () => {
    const isTyped = (node: Node) => typeof node['type'] === 'string' || node['x-kubernetes-int-or-string'] === true;
    expect(broken(isTyped)).toEqual([]);
  });

  test('describes every field in a sentence', () => {
    expect(broken(({ description }) => /^\S.*[.:)]$/s.test(String(description)))).toEqual([]);
  });

  test('bounds every text, list and map, so that the cost of rules is bounded', () => {
    const bounded = (node: Node): boolean => {
      if (node['type'] === 'string') return 'maxLength' in node || 'enum' in node;
      if (node['type'] === 'array') return 'maxItems' in node && 'x-kubernetes-list-type' in node;
      return !('additionalProperties' in node) || 'maxProperties' in node;
    };
    expect(broken(bounded)).toEqual([]);
  });

  test('answers each rule with one sentence on one line', () => {
    const rules = nodesOf(rootOf(kind), '').flatMap(({ path, node }) =>
      ruleTextsOf(node).map(({ rule, message }) => ({ path, rule: String(rule), message: String(message) })),
    );
    expect(rules.filter(({ message }) => !/^\S.*\.$/.test(message) || message.length > 2048)).toEqual([]);
    expect(rules.filter(({ rule }) => rule.includes('\n') || rule.length > 1024)).toEqual([]);
    expect(rules.length).toBeGreaterThan(10);
  });

  test('keys its lists by fields that are always there', () => {
    const loose = nodes.filter(({ node }) => {
      const keys = (node['x-kubernetes-list-map-keys'] ?? []) as readonly string[];
      const required = (nodeAt(node['items'])['required'] ?? []) as readonly string[];
      return keys.some((key) => !required.includes(key));
    });
    expect(loose.map(({ path }) => path)).toEqual([]);
  });

  test('never asks for a field that it fills in itself', () => {
    const asked = nodes.filter(({ node }) =>
      ((node['required'] ?? []) as readonly string[]).some(
        (name) => 'default' in nodeAt(nodeAt(node['properties'])[name]),
      ),
    );
    expect(asked.map(({ path }) => path)).toEqual([]);
  });

  test('fills in nothing in the status but what plans of before lack', () => {
    const filled = nodes.filter(({ path, node }) => path.startsWith('.status') && 'default' in node);
    const added = Object.keys(addedChoices).map((name) => `regime.${name}`);
    expect(filled.filter(({ path }) => !added.some((name) => path.endsWith(name)))).toEqual([]);
  });

  test('shows columns that exist', () => {
    const paths = nodes.map(({ path }) => path);
    const shown = kind.columns
      .map(({ jsonPath }) => jsonPath.replace(/\[\?.*\]/, '[]'))
      .filter((path) => !path.startsWith('.metadata'));
    expect(shown.filter((path) => !paths.includes(path))).toEqual([]);
  });
});

test('what would make a plan a lie cannot be changed', () => {
  const spec = nodeAt(nodeAt(rootOf(kinds.FineTuneTask)['properties'])['spec']);
  const fields = nodeAt(spec['properties']);
  const own = (name: string) => ruleTextsOf(nodeAt(fields[name])).some(({ rule }) => rule === 'self == oldSelf');
  const outer = (name: string) =>
    ruleTextsOf(spec).some(({ rule }) => String(rule).includes(`self.${name} == oldSelf.${name}`));
  const fixed = Object.keys(fields).filter((name) => own(name) || outer(name));
  expect(fixed.toSorted()).toEqual([
    'budget',
    'data',
    'members',
    'output',
    'prefer',
    'regime',
    'replan',
    'seed',
    'zooRef',
  ]);
});

test('a rule that compares with the object before sits on a field that is always there', () => {
  const loose = all.flatMap((kind) =>
    nodesOf(rootOf(kind), '').flatMap(({ path, node }) => {
      const required = (node['required'] ?? []) as readonly string[];
      return Object.entries(nodeAt(node['properties']))
        .filter(([, child]) => ruleTextsOf(nodeAt(child)).some(({ rule }) => String(rule).includes('oldSelf')))
        .filter(([name, child]) => !required.includes(name) && !('default' in nodeAt(child)))
        .map(([name]) => `${path}.${name}`);
    }),
  );
  expect(loose).toEqual([]);
});
