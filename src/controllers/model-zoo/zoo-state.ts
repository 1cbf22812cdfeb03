/** What is known of a zoo in the making: kept in the store under the zoo's uid, since an object could not hold it. */
import type { ModelZoo } from '../../crds/model-zoo.ts';
import { RunError } from '../../lib/errors.ts';
import type { Json } from '../../lib/json.ts';
import { type Nsga2State, nsga2Search } from '../../nas/nsga2.ts';
import { proxyInputSize, proxySpace } from '../../nas/search.ts';
import type { Failure } from './failure.ts';

/** The search in use; its states are told apart by their algorithm and version. */
export const architectureSearch = nsga2Search;
export type SearchState = Nsga2State;

export interface ZooState {
  readonly version: 1;
  /** Absent for a zoo of imports alone. */
  readonly search?: SearchState;
  /** Active seconds of all candidates that came to an end, whichever. */
  readonly searchSeconds: number;
  /** Whether the search is over and the best of it stand among the members. */
  readonly selected: boolean;
  /** Imports first, then what the search found, fastest first. Their order never changes. */
  readonly members: readonly ZooMember[];
}

export interface ZooMember {
  readonly name: string;
  readonly encoding: string;
  readonly source: 'import' | 'search';
  readonly phase: 'Pending' | 'Pretraining' | 'Ready' | 'Failed';
  /** Of the Job that is under way, or the next; from 1. */
  readonly attempt: number;
  /** How often batch and caches were halved for want of memory. */
  readonly memoryPlan: number;
  /** Active seconds so far, over all attempts. */
  readonly spentSeconds: number;
  /** Of the proxy training until the pre-training has its own. */
  readonly accuracy?: number;
  readonly stepSeconds?: number;
  readonly failure?: Failure;
}

/** Where states are kept; `src/store` has one, a test its own. */
export interface SearchStateStore {
  load(uid: string): Promise<{ readonly revision: number; readonly state: unknown } | undefined>;
  /** The new revision; undefined where another has written since `expectedRevision` (0: nothing is kept yet). */
  save(uid: string, version: number, state: Json, expectedRevision: number): Promise<number | undefined>;
}

/** The state of a zoo that nothing was done for yet. */
export function freshState({ spec }: Pick<ModelZoo, 'spec'>): ZooState {
  const members = spec.imports.map(
    ({ name, encoding, accuracy }): ZooMember => ({
      ...newMember(name, encoding, 'import'),
      ...(accuracy === undefined ? {} : { accuracy }),
    }),
  );
  const base = { version: 1, searchSeconds: 0, members } as const;
  if (spec.search === undefined) return { ...base, selected: true };
  const { seed, evaluations, population, objectives, constraints } = spec.search;
  const search = architectureSearch.create(seed, {
    ...{ evaluations, population, objectives, constraints },
    space: proxySpace,
    inputSize: proxyInputSize,
  });
  return { ...base, selected: false, search };
}

export const newMember = (name: string, encoding: string, source: ZooMember['source']): ZooMember => ({
  ...{ name, encoding, source },
  ...{ phase: 'Pending', attempt: 1, memoryPlan: 0, spentSeconds: 0 },
});

/** The state that `raw`, once JSON, holds. Throws RunError where another version wrote it. */
export function readState(raw: unknown): ZooState {
  const state = raw as Partial<ZooState> | null | undefined;
  if (typeof state !== 'object' || state?.version !== 1 || !Array.isArray(state.members)) {
    throw new RunError(
      'The state of the zoo was written by another version of nasoa, or is damaged.',
      'Use the version that wrote it, or create a new zoo.',
    );
  }
  const { search } = state;
  return { ...(state as ZooState), ...(search === undefined ? {} : { search: architectureSearch.read(search) }) };
}
