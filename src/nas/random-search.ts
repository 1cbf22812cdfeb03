/** Seeded random search: the baseline of every other search, and the one that needs no generations. */
import { InputError, RunError } from '../lib/errors.ts';
import { createRng, deriveSeed, type Rng } from '../lib/rng.ts';
import { keepsConstraints, opened, progressOf, reopen } from './candidates.ts';
import { formatEncoding } from './encoding.ts';
import {
  type Candidate,
  type Search,
  type SearchProgress,
  type SearchSettings,
  withLost,
  withResults,
} from './search.ts';
import { sampleArchitecture } from './space.ts';

const algorithm = 'random';
const version = 1;

export interface RandomSearchState {
  readonly algorithm: typeof algorithm;
  readonly version: typeof version;
  readonly settings: SearchSettings;
  /** State of the generator. */
  readonly rng: number;
  /** All that were asked, in the order of their ids. */
  readonly candidates: readonly Candidate[];
  /** Draws in a row that gave no new candidate. */
  readonly misses: number;
}

/** Draws of one call at most: each builds a network, and the operator's event loop must not wait for long. */
const drawsPerAsk = 200;
/** So many misses in a row mean that less than a thousandth of the space is left, if anything. */
const mostMisses = 3000;
export const randomSearch: Search<RandomSearchState> = {
  create: (seed, settings) => ({
    algorithm,
    version,
    settings,
    rng: deriveSeed(seed, 'random search'),
    candidates: [],
    misses: 0,
  }),
  read: readState,
  ask,
  tell: (state, results) => ({ ...state, candidates: withResults(state.candidates, results) }),
  retell: (state, results) => ({ ...state, candidates: withResults(state.candidates, results, { anew: true }) }),
  lost: (state, ids) => ({ ...state, candidates: withLost(state.candidates, ids) }),
  progress,
};

function ask(state: RandomSearchState, count: number): ReturnType<Search<RandomSearchState>['ask']> {
  const wanted = Math.min(count, progress(state).remaining);
  const { candidates: reopened, again } = reopen(state.candidates, count);
  const { encodings, ...drawn } = drawNew(state, wanted - again.length);
  const { candidates, fresh } = opened(reopened, encodings);
  return { state: { ...state, ...drawn, candidates }, candidates: [...again, ...fresh] };
}

/** Up to `count` encodings that were never asked and keep the constraints. */
function drawNew(
  { settings, rng: rngState, candidates, misses: before }: RandomSearchState,
  count: number,
): { readonly encodings: readonly string[]; readonly rng: number; readonly misses: number } {
  const rng = createRng(rngState);
  const taken = new Set(candidates.map(({ encoding }) => encoding));
  const encodings: string[] = [];
  let misses = before;
  for (let draws = 0; encodings.length < count && draws < drawsPerAsk && misses < mostMisses; draws++) {
    const encoding = draw(rng, settings);
    if (encoding === undefined) misses = mostMisses;
    else if (taken.has(encoding) || !keepsConstraints(encoding, settings)) misses++;
    else {
      misses = 0;
      taken.add(encoding);
      encodings.push(encoding);
    }
  }
  return { encodings, rng: rng.state(), misses };
}

/** Undefined where the space itself holds nothing valid. */
function draw(rng: Rng, { space }: SearchSettings): string | undefined {
  try {
    return formatEncoding(sampleArchitecture(rng, space));
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

function progress({ settings, candidates, misses }: RandomSearchState): SearchProgress {
  return progressOf(candidates, settings, misses >= mostMisses);
}

function readState(raw: unknown): RandomSearchState {
  const state = raw as Partial<RandomSearchState> | null | undefined;
  const isOurs = typeof state === 'object' && state?.algorithm === algorithm && state.version === version;
  if (isOurs && typeof state.rng === 'number' && typeof state.misses === 'number' && Array.isArray(state.candidates)) {
    return state as RandomSearchState;
  }
  throw new RunError(
    'The state of the search was written by another version of nasoa, or is damaged.',
    'Use the version that wrote it, or create a new zoo to search anew.',
  );
}
