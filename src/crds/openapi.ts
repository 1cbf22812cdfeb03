/** OpenAPI v3 of a schema, structural as the API server asks for: every node has its type and every list its bound. */
import type { Json } from '../lib/json.ts';
import { quantityPattern } from './parse.ts';
import type { ListNode, Node, Presence, Rule, Schema, TextNode } from './schema.ts';

export type OpenApi = { readonly [key: string]: Json | undefined };

export const openApi = (schema: Schema<unknown, Presence>): OpenApi => ({
  ...openApiOf(schema.node),
  ...(schema.default === undefined ? {} : { default: schema.default }),
});

function openApiOf(node: Node): OpenApi {
  const rules = rulesOf(node);
  return {
    description: node.description,
    ...shapeOf(node),
    ...(rules.length > 0 ? { 'x-kubernetes-validations': rules.map(({ rule, message }) => ({ rule, message })) } : {}),
  };
}

/** Of an object's own rules and, for a text, its pattern: as a rule it has a sentence to answer with. */
export function rulesOf(node: Node): readonly Rule[] {
  const own = node.rules ?? [];
  if (node.kind === 'quantity') return [wholeQuantity, ...own];
  if (node.kind !== 'text' || node.pattern === undefined || node.wanted === undefined) return own;
  if (node.pattern.includes("'")) throw new Error(`the pattern ${node.pattern} cannot be quoted in CEL`);
  return [{ rule: `self.matches(r'${node.pattern}')`, message: `Must be ${node.wanted}.` }, ...own];
}

const wholeQuantity: Rule = { rule: 'type(self) == string || self > 0', message: 'A quantity must be above zero.' };

function shapeOf(node: Node): OpenApi {
  switch (node.kind) {
    case 'text':
      return textShape(node);
    case 'number':
    case 'integer':
      return {
        type: node.kind,
        ...(node.kind === 'integer' ? { format: 'int64' } : {}),
        ...(node.min === undefined ? {} : { minimum: node.min }),
        ...(node.max === undefined ? {} : { maximum: node.max }),
      };
    case 'flag':
      return { type: 'boolean' };
    case 'quantity':
      return {
        anyOf: [{ type: 'integer' }, { type: 'string' }],
        pattern: quantityPattern,
        'x-kubernetes-int-or-string': true,
      };
    case 'list':
      return listShape(node);
    case 'map':
      return { type: 'object', maxProperties: node.maxProperties, additionalProperties: openApiOf(node.values) };
    case 'object': {
      const entries = Object.entries(node.properties);
      const required = entries.filter(([, { presence }]) => presence === 'required').map(([name]) => name);
      return {
        type: 'object',
        ...(node.atomic === true ? { 'x-kubernetes-map-type': 'atomic' } : {}),
        ...(required.length > 0 ? { required } : {}),
        properties: Object.fromEntries(entries.map(([name, property]) => [name, openApi(property)])),
      };
    }
    case 'opaque':
      return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  }
}

const textShape = ({ choices, pattern, wanted, minLength, maxLength, format }: TextNode): OpenApi => ({
  type: 'string',
  ...(choices === undefined ? { maxLength } : { enum: choices }),
  ...(minLength === undefined ? {} : { minLength }),
  ...(format === undefined ? {} : { format }),
  ...(pattern !== undefined && wanted === undefined ? { pattern } : {}),
});

function listShape({ items, minItems, maxItems, keys }: ListNode): OpenApi {
  const kind = keys === undefined ? 'atomic' : keys === 'set' ? 'set' : 'map';
  return {
    type: 'array',
    ...(minItems === undefined ? {} : { minItems }),
    maxItems,
    'x-kubernetes-list-type': kind,
    ...(kind === 'map' && keys !== 'set' && keys !== undefined ? { 'x-kubernetes-list-map-keys': keys } : {}),
    items: openApiOf(items),
  };
}
