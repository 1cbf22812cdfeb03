/**
 * All that controllers may see and do, so that the same code runs on a real API server and on a simulated world.
 * Reads are of a cache and may be a little old; writes are conditional on the object that the decision saw, so an old
 * view ends in a Conflict, never in a wrong write.
 */
import type { KubeObject, ObjectMeta, StringMap } from '../crds/kubernetes.ts';
import type { PatchBody } from './apply.ts';
import type { Index } from './indexes.ts';
import type { Resource } from './resources.ts';

/** An object as one writes it: the API server adds the rest of its metadata. */
export type Unstored<T extends KubeObject> = Omit<T, 'metadata' | 'status'> & { readonly metadata: ObjectMeta };

export type StatusOf<T> = T extends { readonly status?: infer S } ? NonNullable<S> : never;

export interface Selection<T extends KubeObject> {
  readonly index: Index<T>;
  readonly value: string;
}

/** What people read by `kubectl describe`. */
export interface Happening {
  readonly type: 'Normal' | 'Warning';
  /** UpperCamelCase, from a closed list. */
  readonly reason: string;
  /** What was done or tried, UpperCamelCase; the reason again unless given. */
  readonly action?: string;
  readonly message: string;
}

export interface World {
  /** From the cache; undefined where there is none. */
  get<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): T | undefined;
  /** From the cache; all objects unless selected by an index of that cache. */
  list<T extends KubeObject>(resource: Resource<T>, selection?: Selection<T>): readonly T[];
  /** From the API server itself, for kinds that are not worth a cache; undefined where there is none. */
  read<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): Promise<T | undefined>;
  /** From the API server itself: those with all these labels. For what a cache that lags behind must not decide. */
  readAll<T extends KubeObject>(resource: Resource<T>, namespace: string, withLabels: StringMap): Promise<readonly T[]>;
  /** Throws AlreadyExists, which for a deterministic name means that this was done before; Invalid, Forbidden. */
  create<T extends KubeObject>(resource: Resource<T>, object: Unstored<T>): Promise<T>;
  /** Replaces the status. Throws Conflict where the object has changed since it was `seen`; NotFound. */
  applyStatus<T extends KubeObject>(resource: Resource<T>, seen: T, status: StatusOf<T>): Promise<T>;
  /** Changes single fields of the spec or metadata. Throws Conflict where it is another object by now; NotFound. */
  patch<T extends KubeObject>(resource: Resource<T>, seen: T, patch: PatchBody): Promise<T>;
  /** Deletes the object and, in the background, what it owns. Also resolves where it is gone already. */
  delete<T extends KubeObject>(resource: Resource<T>, seen: T): Promise<void>;
  /** Tells people; never fails and never waits. */
  event(about: KubeObject, happening: Happening): void;
}
