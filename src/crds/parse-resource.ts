/** What objects of all our kinds have in common. */
import { InputError } from '../lib/errors.ts';
import { timestamp } from './fields.ts';
import { apiVersion } from './group.ts';
import type { OwnerReference, ResourceMeta } from './kubernetes.ts';
import { parse } from './parse.ts';
import { flag, integer, list, map, object, optional, type Rule, type Schema, text } from './schema.ts';

const name = (description: string) => text({ description, minLength: 1, maxLength: 253 });
const token = (description: string) => text({ description, minLength: 1, maxLength: 128 });
const values = (description: string, maxLength: number) =>
  map(text({ description: 'Value.', maxLength }), { description, maxProperties: 10_000 });

const ownerReference = object(
  {
    apiVersion: name('API version of the owner.'),
    kind: name('Kind of the owner.'),
    name: name('Name of the owner.'),
    uid: token('Identity of the owner.'),
    controller: optional(flag('Whether the owner controls the object.')),
    blockOwnerDeletion: optional(flag('Whether the owner waits for the object to go.')),
  },
  { description: 'An owner.' },
) satisfies Schema<OwnerReference>;

/** Leaves out `managedFields`: they are larger than the rest and nothing here reads them. */
const metadata = object(
  {
    name: name('Name.'),
    namespace: name('Namespace.'),
    uid: token('Identity.'),
    resourceVersion: token('Version of the stored object.'),
    generation: integer({ description: 'Changes of the spec.', min: 0 }),
    creationTimestamp: timestamp('When it was created.'),
    deletionTimestamp: optional(timestamp('When its deletion was asked for.')),
    labels: optional(values('Labels.', 63)),
    annotations: optional(values('Annotations.', 262_144)),
    ownerReferences: optional(list(ownerReference, { description: 'Owners.', maxItems: 1000 })),
    finalizers: optional(list(name('A finalizer.'), { description: 'What must be done first.', maxItems: 1000 })),
  },
  { description: 'Metadata.' },
) satisfies Schema<ResourceMeta>;

/** Rules of the whole object, of whatever kind. */
export const resourceRules: readonly Rule[] = [
  {
    rule: 'self.metadata.name.size() <= 63',
    message: 'The name may have at most 63 characters, since it labels the pods.',
    holds: (value: { readonly metadata: { readonly name: string } }) => value.metadata.name.length <= 63,
  },
];

interface Resource<K extends string, S, T> {
  readonly apiVersion: typeof apiVersion;
  readonly kind: K;
  readonly metadata: ResourceMeta;
  readonly spec: S;
  readonly status?: T;
}

/** An object as the API server gives it. Throws InputError that names the field. */
export function parseResource<K extends string, S, T>(
  raw: unknown,
  kind: K,
  spec: Schema<S>,
  status: Schema<T>,
): Resource<K, S, T> {
  const given = (typeof raw === 'object' && raw !== null ? raw : {}) as Readonly<Record<string, unknown>>;
  if (given['apiVersion'] !== apiVersion || given['kind'] !== kind) {
    throw new InputError(
      `The object is not a ${kind} of ${apiVersion}.`,
      `Begin it with \`apiVersion: ${apiVersion}\` and \`kind: ${kind}\`.`,
    );
  }
  const parsed = {
    apiVersion,
    kind,
    metadata: parse(metadata, given['metadata'], 'metadata'),
    spec: parse(spec, given['spec'], 'spec'),
  } as const;
  for (const { holds, message } of resourceRules) {
    if (holds !== undefined && !(holds as (value: unknown) => boolean)(parsed)) {
      throw new InputError(`metadata.name: ${message}`, 'Create the object anew under a shorter name.');
    }
  }
  const reported = given['status'] ?? undefined;
  return reported === undefined ? parsed : { ...parsed, status: parse(status, reported, 'status') };
}
