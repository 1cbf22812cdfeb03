/**
 * A small language for the API's schemas. One value gives the static type (`Infer`), the OpenAPI schema with its CEL
 * rules (`openapi.ts`), and the check of raw objects with their defaults (`parse.ts`).
 */
import type { Json } from '../lib/json.ts';

/**
 * A rule of the API server in CEL, the sentence that it answers with, and the same rule for `parse`. Rules without
 * `holds` compare with the object before (`oldSelf`): only the API server can judge them.
 */
export interface Rule {
  readonly rule: string;
  readonly message: string;
  readonly holds?: (value: never) => boolean;
}

interface Described {
  readonly description: string;
  readonly rules?: readonly Rule[];
}

export interface TextNode extends Described {
  readonly kind: 'text';
  /** A regular expression that Go's RE2 and JavaScript read alike. */
  readonly pattern?: string;
  /** What the pattern asks for, in words: "must be ..." */
  readonly wanted?: string;
  readonly choices?: readonly string[];
  readonly minLength?: number;
  readonly maxLength: number;
  readonly format?: 'date-time';
}

export interface NumberNode extends Described {
  readonly kind: 'number' | 'integer';
  readonly min?: number;
  readonly max?: number;
}

export interface FlagNode extends Described {
  readonly kind: 'flag';
}

/** A Kubernetes quantity: integer or string in, string out. */
export interface QuantityNode extends Described {
  readonly kind: 'quantity';
}

export interface ListNode extends Described {
  readonly kind: 'list';
  readonly items: Node;
  readonly minItems?: number;
  readonly maxItems: number;
  /** Fields that tell the items apart, for server-side apply; `set` for plain values. */
  readonly keys?: readonly string[] | 'set';
}

export interface MapNode extends Described {
  readonly kind: 'map';
  readonly values: Node;
  readonly maxProperties: number;
}

export interface ObjectNode extends Described {
  readonly kind: 'object';
  /** Written as a whole by one manager: the API server then keeps no account of its single fields, which costs it. */
  readonly atomic?: boolean;
  readonly properties: Readonly<Record<string, Schema<unknown, Presence>>>;
}

/** An object of Kubernetes that is handed through as it is. */
export interface OpaqueNode extends Described {
  readonly kind: 'opaque';
}

export type Node = TextNode | NumberNode | FlagNode | QuantityNode | ListNode | MapNode | ObjectNode | OpaqueNode;

export type Presence = 'required' | 'optional' | 'defaulted';

declare const inferred: unique symbol;

/** A node with the type of its parsed value; `[inferred]` exists for the compiler only. */
export interface Schema<T, P extends Presence = 'required'> {
  readonly node: Node;
  readonly presence: P;
  readonly default?: Json;
  readonly [inferred]?: () => T;
}

/** The type of what `parse` gives for a schema. */
export type Infer<S> = S extends Schema<infer T, Presence> ? T : never;

export type Properties = Readonly<Record<string, Schema<unknown, Presence>>>;

type Flat<T> = { readonly [K in keyof T]: T[K] };
type OptionalKeys<P extends Properties> = {
  [K in keyof P]: P[K] extends Schema<unknown, 'optional'> ? K : never;
}[keyof P];
type ObjectOf<P extends Properties> = Flat<
  { readonly [K in Exclude<keyof P, OptionalKeys<P>>]: Infer<P[K]> } & {
    readonly [K in OptionalKeys<P>]?: Infer<P[K]>;
  }
>;
/** One variant present, the others known to be absent. */
type OneOf<V extends Properties> = {
  [K in keyof V]: { readonly [Q in K]: Infer<V[Q]> } & { readonly [Q in Exclude<keyof V, K>]?: never };
}[keyof V];

type Text = Omit<TextNode, 'kind' | 'choices'>;
type Options<N extends Node> = Omit<N, 'kind'>;

const required = <T>(node: Node): Schema<T> => ({ node, presence: 'required' });

export const text = (options: Text): Schema<string> => required({ kind: 'text', ...options });

export const choice = <const C extends readonly string[]>(choices: C, description: string): Schema<C[number]> =>
  required({ kind: 'text', choices, description, maxLength: Math.max(...choices.map(({ length }) => length)) });

export const number = (options: Options<NumberNode>): Schema<number> => required({ kind: 'number', ...options });

export const integer = (options: Options<NumberNode>): Schema<number> => required({ kind: 'integer', ...options });

export const flag = (description: string): Schema<boolean> => required({ kind: 'flag', description });

export const quantity = (description: string): Schema<string> => required({ kind: 'quantity', description });

export const opaque = <T extends object>(description: string): Schema<T> => required({ kind: 'opaque', description });

export const list = <T>(items: Schema<T>, options: Omit<ListNode, 'kind' | 'items'>): Schema<readonly T[]> =>
  required({ kind: 'list', items: items.node, ...options });

export const map = <T>(
  values: Schema<T>,
  options: Omit<MapNode, 'kind' | 'values'>,
): Schema<Readonly<Record<string, T>>> => required({ kind: 'map', values: values.node, ...options });

export const object = <const P extends Properties>(
  properties: P,
  options: Described & Pick<ObjectNode, 'atomic'>,
): Schema<ObjectOf<P>> => required({ kind: 'object', properties, ...options });

/** An object with exactly one of `variants`, beside `common` fields. */
export function exactlyOne<const V extends Properties, const C extends Properties>(
  variants: V,
  common: C,
  { rules = [], ...described }: Described,
): Schema<OneOf<V> & ObjectOf<C>> {
  const names = Object.keys(variants);
  const rule: Rule = {
    rule: `[${names.map((name) => `has(self.${name})`).join(', ')}].exists_one(given, given)`,
    message: `Give exactly one of ${names.join(', ')}.`,
    holds: (value: object) => names.filter((name) => name in value).length === 1,
  };
  const absent = Object.fromEntries(names.map((name) => [name, optional(variants[name] as Schema<unknown>)]));
  return required({ kind: 'object', properties: { ...absent, ...common }, rules: [rule, ...rules], ...described });
}

export const optional = <T>({ node }: Schema<T>): Schema<T, 'optional'> => ({ node, presence: 'optional' });

/** `value` is what the API server fills in, before its own defaults of inner fields. */
export const withDefault = <T>({ node }: Schema<T>, value: Json): Schema<T, 'defaulted'> => ({
  node,
  presence: 'defaulted',
  default: value,
});

/** The same node with further rules. */
export const withRules = <T, P extends Presence>(schema: Schema<T, P>, ...rules: readonly Rule[]): Schema<T, P> => ({
  ...schema,
  node: { ...schema.node, rules: [...(schema.node.rules ?? []), ...rules] },
});

/** May not change once it is set. For fields that are always there; see `immutableFields` for optional ones. */
export const immutable = <T, P extends Presence>(schema: Schema<T, P>, what: string): Schema<T, P> =>
  withRules(schema, { rule: 'self == oldSelf', message: `${what} cannot be changed; create a new object instead.` });

/** Rules of the surrounding object: a transition rule of the field itself would not see it come and go. */
export const immutableFields = (...names: readonly string[]): readonly Rule[] =>
  names.map((name) => ({
    rule: `has(self.${name}) == has(oldSelf.${name}) && (!has(self.${name}) || self.${name} == oldSelf.${name})`,
    message: `${name} cannot be added, changed or removed; create a new object instead.`,
  }));
