/** From `unknown` to the type of a schema: fills in defaults, drops unknown fields, names the field that is wrong. */
import { InputError } from '../lib/errors.ts';
import type { ListNode, Node, NumberNode, ObjectNode, Presence, Schema, TextNode } from './schema.ts';

/**
 * The value of `raw`, with defaults, as the API server would store it. `path` names the value in messages, such as
 * `spec`. Throws InputError where the schema or one of its rules is broken. Unknown fields are dropped, so that an
 * older program reads the objects of a newer one.
 */
export function parse<T>(schema: Schema<T, Presence>, raw: unknown, path: string): T {
  // every kind of node gives what `Infer` says of it; the compiler cannot follow the tree
  return read(schema.node, raw, path) as T;
}

const refusal = (path: string, complaint: string): InputError =>
  new InputError(`${path}: ${complaint}`, `Correct ${path}; \`kubectl explain\` describes each field.`);

const mustBe = (path: string, wanted: string, raw: unknown): InputError =>
  refusal(path, `must be ${wanted}, but is ${shown(raw)}.`);

function shown(raw: unknown): string {
  const text = JSON.stringify(raw) ?? 'nothing';
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}

function read(node: Node, raw: unknown, path: string): unknown {
  const value = readKind(node, raw, path);
  for (const { holds, message } of node.rules ?? []) {
    // a rule's argument is the parsed value of the node that carries it
    if (holds !== undefined && !(holds as (value: unknown) => boolean)(value)) throw refusal(path, message);
  }
  return value;
}

function readKind(node: Node, raw: unknown, path: string): unknown {
  switch (node.kind) {
    case 'text':
      return readText(node, raw, path);
    case 'number':
    case 'integer':
      return readNumber(node, raw, path);
    case 'flag':
      if (typeof raw !== 'boolean') throw mustBe(path, 'true or false', raw);
      return raw;
    case 'quantity':
      return readQuantity(raw, path);
    case 'list':
      return readList(node, raw, path);
    case 'map': {
      const entries = Object.entries(record(raw, path));
      if (entries.length > node.maxProperties) throw refusal(path, `has more than ${node.maxProperties} entries.`);
      return Object.fromEntries(entries.map(([key, value]) => [key, read(node.values, value, `${path}[${key}]`)]));
    }
    case 'object':
      return readObject(node, raw, path);
    case 'opaque':
      return record(raw, path);
  }
}

function record(raw: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw mustBe(path, 'an object', raw);
  return raw as Readonly<Record<string, unknown>>;
}

function readText(node: TextNode, raw: unknown, path: string): string {
  if (typeof raw !== 'string') throw mustBe(path, 'a text', raw);
  if (node.choices !== undefined && !node.choices.includes(raw)) {
    throw mustBe(path, `one of ${node.choices.join(', ')}`, raw);
  }
  // the API server counts code points
  const length = raw.length <= node.maxLength ? raw.length : [...raw].length;
  if (length > node.maxLength) throw refusal(path, `is longer than ${node.maxLength} characters.`);
  if (length < (node.minLength ?? 0)) throw refusal(path, `is shorter than ${node.minLength} characters.`);
  if (node.pattern !== undefined && !new RegExp(node.pattern).test(raw)) {
    throw mustBe(path, node.wanted ?? `like ${node.pattern}`, raw);
  }
  if (node.format === 'date-time' && !isTimestamp(raw)) throw mustBe(path, 'a time as in RFC 3339', raw);
  return raw;
}

const isTimestamp = (value: string): boolean =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value) && !Number.isNaN(Date.parse(value));

function readNumber({ kind, min, max }: NumberNode, raw: unknown, path: string): number {
  if (typeof raw !== 'number' || !Number.isFinite(raw)) throw mustBe(path, 'a number', raw);
  if (kind === 'integer' && !Number.isSafeInteger(raw)) throw mustBe(path, 'a whole number', raw);
  if (min !== undefined && raw < min) throw mustBe(path, `${min} or more`, raw);
  if (max !== undefined && raw > max) throw mustBe(path, `${max} or less`, raw);
  return raw;
}

/** Of the kinds of Kubernetes' own pattern those without a sign: nothing here is ever negative. */
export const quantityPattern = '^([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$';

function readQuantity(raw: unknown, path: string): string {
  const text = typeof raw === 'number' && Number.isSafeInteger(raw) ? String(raw) : raw;
  if (typeof text !== 'string' || text.length > 64 || !new RegExp(quantityPattern).test(text)) {
    throw mustBe(path, 'a quantity such as 4, 500m or 8Gi', raw);
  }
  if (!/^[^eE]*[1-9]/.test(text)) throw mustBe(path, 'more than zero', raw);
  return text;
}

function readList({ items, minItems, maxItems, keys }: ListNode, raw: unknown, path: string): unknown[] {
  if (!Array.isArray(raw)) throw mustBe(path, 'a list', raw);
  if (raw.length > maxItems) throw refusal(path, `has more than ${maxItems} items.`);
  if (raw.length < (minItems ?? 0)) throw refusal(path, `has fewer than ${minItems} items.`);
  const values = raw.map((item, i) => read(items, item, `${path}[${i}]`));
  if (keys !== undefined) refuseTwins(values, keys, path);
  return values;
}

function refuseTwins(values: readonly unknown[], keys: readonly string[] | 'set', path: string): void {
  const seen = new Set<string>();
  for (const value of values) {
    const identity = keys === 'set' ? value : keys.map((key) => (value as Readonly<Record<string, unknown>>)[key]);
    const text = JSON.stringify(identity);
    if (seen.has(text)) throw refusal(path, `names ${text} twice.`);
    seen.add(text);
  }
}

function readObject({ properties }: ObjectNode, raw: unknown, path: string): unknown {
  const given = record(raw, path);
  const entries: [string, unknown][] = [];
  for (const [name, property] of Object.entries(properties)) {
    // the API server takes null for absent where a default or nothing may stand
    const value = given[name] ?? property.default;
    if (value !== undefined) entries.push([name, read(property.node, value, `${path}.${name}`)]);
    else if (property.presence === 'required') throw refusal(`${path}.${name}`, 'is missing.');
  }
  return Object.fromEntries(entries);
}
