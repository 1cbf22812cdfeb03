/** Random raw values of a schema, for property tests. */
import fc, { type Arbitrary } from 'fast-check';
import { parse } from '../../src/crds/parse.ts';
import type { ListNode, Node, ObjectNode, Presence, Schema, TextNode } from '../../src/crds/schema.ts';
import { InputError } from '../../src/lib/errors.ts';

/** Values that the schema admits, with optional and defaulted fields sometimes left out. */
export const soundValues = (schema: Schema<unknown, Presence>): Arbitrary<unknown> => valuesOf(schema.node);

function valuesOf(node: Node): Arbitrary<unknown> {
  // the generators mostly keep the rules by themselves; what does not is drawn again
  return shapesOf(node).filter((raw) => isSound(node, raw));
}

function isSound(node: Node, raw: unknown): boolean {
  try {
    parse({ node, presence: 'required' }, raw, 'it');
    return true;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

function shapesOf(node: Node): Arbitrary<unknown> {
  switch (node.kind) {
    case 'text':
      return texts(node);
    case 'integer':
      return fc.integer({ min: node.min ?? -1000, max: Math.min(node.max ?? 1000, 2 ** 31 - 1) });
    case 'number':
      // -0 is not JSON's
      return fc.double({ min: node.min ?? -1000, max: node.max ?? 1000, noNaN: true }).map((x) => (x === 0 ? 0 : x));
    case 'flag':
      return fc.boolean();
    case 'quantity':
      return fc.oneof(fc.integer({ min: 1, max: 64 }), fc.constantFrom('1', '500m', '1.5', '8Gi', '.5', '1e3'));
    case 'list':
      return lists(node);
    case 'map':
      return fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), valuesOf(node.values), { maxKeys: 3 });
    case 'object':
      return objects(node);
    case 'opaque':
      return fc.constantFrom({}, { podAffinity: { some: ['thing', 1, true] } });
  }
}

/** One text for each pattern in use; where a pattern is missing here, the property test says so. */
const examples: readonly string[] = [
  ...['90s', '5m', '1h30m', '2d', '0.5h'],
  ...['a', 'some-name', 'a.b-c1'],
  ...['s3://bucket', 's3://bucket/some/prefix'],
  ...['https://s3.example.com', 'http://minio:9000/path'],
  ...['eu-central-1', 'nvidia.com/gpu', 'amd.com/gpu', 'InProgress', 'vision', ''],
];

function texts({ choices, pattern, format, minLength = 0, maxLength }: TextNode): Arbitrary<string> {
  if (choices !== undefined) return fc.constantFrom(...choices);
  if (format === 'date-time') return fc.constantFrom('2026-08-01T12:00:00Z', '2026-08-01T12:00:00.123456+02:00');
  if (pattern === undefined) {
    return fc.string({ unit: 'grapheme-ascii', minLength, maxLength: Math.min(maxLength, 20) });
  }
  const matching = examples.filter((text) => text.length >= minLength && new RegExp(pattern).test(text));
  if (matching.length === 0) throw new Error(`no example matches ${pattern}`);
  return fc.constantFrom(...matching);
}

function lists({ items, minItems = 0, maxItems, keys }: ListNode): Arbitrary<unknown> {
  const values = valuesOf(items);
  const bounds = { minLength: minItems, maxLength: Math.min(maxItems, minItems + 3) };
  if (keys === undefined) return fc.array(values, bounds);
  const identity = (value: unknown): string =>
    JSON.stringify(keys === 'set' ? value : keys.map((key) => (value as Readonly<Record<string, unknown>>)[key]));
  return fc.uniqueArray(values, { ...bounds, selector: identity });
}

/** Variants of `exactlyOne` are told by its rule: one of them is drawn, and the others left out. */
function objects({ properties, rules = [] }: ObjectNode): Arbitrary<unknown> {
  const entries = Object.entries(properties);
  const variants = variantNames(rules.map(({ rule }) => rule));
  const common = entries.filter(([name]) => !variants.includes(name));
  const requiredKeys = common.filter(([, { presence }]) => presence === 'required').map(([name]) => name);
  const fields = Object.fromEntries(common.map(([name, schema]) => [name, valuesOf(schema.node)]));
  const rest = fc.record(fields, { requiredKeys });
  if (variants.length === 0) return rest;
  const one = fc.oneof(
    ...entries
      .filter(([name]) => variants.includes(name))
      .map(([name, schema]) => valuesOf(schema.node).map((value) => ({ [name]: value }))),
  );
  return fc.tuple(one, rest).map(([variant, others]) => ({ ...variant, ...(others as object) }));
}

function variantNames(rules: readonly string[]): readonly string[] {
  const rule = rules.find((text) => text.includes('exists_one')) ?? '';
  return [...rule.matchAll(/has\(self\.(\w+)\)/g)].map((match) => match[1] ?? '');
}
