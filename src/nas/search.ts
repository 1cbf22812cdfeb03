/**
 * The contract of architecture searches: ask and tell over a JSON state (the idea is Optuna's and pymoo's). Whoever
 * runs a search keeps its state after every call; between any two calls the process may end.
 */
import { defaultSpace, type Space } from './space.ts';

/** What the evaluation of a candidate gives. Accuracy is to be high, the others low. */
export interface Measured {
  /** On the proxy's validation split, 0 to 1. */
  readonly accuracy: number;
  /** Of one training step. */
  readonly stepSeconds: number;
  readonly parametersM: number;
  readonly macsM: number;
  /** Rungs of the ladder above the one that its accuracy is of; absent where it was trained in full. */
  readonly missedRungs?: number;
}

export type Objective = Exclude<keyof Measured, 'missedRungs'>;

export interface SearchSettings {
  /** Candidates to evaluate; those that fail are replaced. */
  readonly evaluations: number;
  /** Candidates of a generation, for searches that have generations. */
  readonly population: number;
  readonly objectives: readonly Objective[];
  readonly constraints: {
    readonly maxParametersM?: number | undefined;
    readonly maxStepSeconds?: number | undefined;
    /** Of a training in full: what networks that are too small to be of use do not reach. */
    readonly minAccuracy?: number | undefined;
    /** Of a training step with that batch, as `trainingMemory` reckons it. */
    readonly maxMemory?: { readonly mib: number; readonly batchSize: number } | undefined;
  };
  readonly space: Space;
  /** Side of the proxy's images in pixels. */
  readonly inputSize: number;
}

/**
 * A candidate from being asked to its end. `open`: its evaluation is under way; `lost`: it is to be asked again. The
 * attempt counts from 1 and grows with each loss.
 */
export type Candidate = AskedCandidate &
  (
    | { readonly phase: 'open' | 'lost' }
    | { readonly phase: 'done'; readonly measured: Measured }
    | { readonly phase: 'failed'; readonly why: string }
  );

export interface AskedCandidate {
  /** Counts from 1 in the order of asking. */
  readonly id: number;
  readonly encoding: string;
  readonly attempt: number;
}

export interface Evaluated extends Measured {
  readonly id: number;
  readonly encoding: string;
}

/** The first result of a candidate counts, whatever its attempt; further ones change nothing. */
export type Result =
  | { readonly id: number; readonly measured: Measured; readonly failed?: never }
  | { readonly id: number; readonly failed: string; readonly measured?: never };

/** Where a search stands. */
export interface SearchProgress {
  readonly evaluated: readonly Evaluated[];
  readonly open: readonly AskedCandidate[];
  readonly failed: readonly (AskedCandidate & { readonly why: string })[];
  /** Candidates still to be asked, lost ones included, when all that are open come to a result. */
  readonly remaining: number;
  /** Why no further candidate can be found; undefined while one may. */
  readonly exhausted: string | undefined;
}

export interface Search<S> {
  create(seed: number, settings: SearchSettings): S;
  /** The state that `raw`, once JSON, holds. Throws RunError where another algorithm or version wrote it. */
  read(raw: unknown): S;
  /**
   * Up to `count` candidates to evaluate, lost ones first, never one twice. It may give fewer although some remain: a
   * call draws only so often, and the next one goes on. The state is to be kept before any evaluation begins.
   */
  ask(state: S, count: number): { readonly state: S; readonly candidates: readonly AskedCandidate[] };
  /** Takes results in any order; unknown ids and candidates that have a result change nothing. */
  tell(state: S, results: readonly Result[]): S;
  /** As `tell`, and a candidate that has a result gets this one instead, as where it was timed on another machine. */
  retell(state: S, results: readonly Result[]): S;
  /** These open candidates came to no result and are to be asked again. */
  lost(state: S, ids: readonly number[]): S;
  progress(state: S): SearchProgress;
}

/**
 * The part of the space that suits proxy images of 64 pixels: no more halvings than they bear. The published stem of stride 4
 * is among them, for what is lost in detail buys width: `docs/search.md` has what both reach.
 */
export const proxySpace: Space = {
  ...defaultSpace,
  stemWidths: [16, 24, 32, 48],
  stemStrides: [2, 4],
  blocks: [3, 16],
  strides: [2, 3],
  maxWidth: 1024,
};
export const proxyInputSize = 64;

/** The same list with the results told: what every search does alike. `anew`: those that have one get another. */
export function withResults(
  candidates: readonly Candidate[],
  results: readonly Result[],
  { anew = false } = {},
): readonly Candidate[] {
  const byId = new Map<number, Result>();
  for (const result of results) if (!byId.has(result.id)) byId.set(result.id, result);
  return candidates.map((candidate): Candidate => {
    const result = byId.get(candidate.id);
    const isOver = candidate.phase === 'done' || candidate.phase === 'failed';
    if (result === undefined || (isOver && !anew)) return candidate;
    const { id, encoding, attempt } = candidate;
    return result.measured === undefined
      ? { id, encoding, attempt, phase: 'failed', why: result.failed.slice(0, longestWhy) }
      : { id, encoding, attempt, phase: 'done', measured: result.measured };
  });
}

/** The same list with open candidates lost. */
export function withLost(candidates: readonly Candidate[], ids: readonly number[]): readonly Candidate[] {
  return candidates.map(
    (candidate): Candidate =>
      candidate.phase === 'open' && ids.includes(candidate.id)
        ? { ...candidate, phase: 'lost', attempt: candidate.attempt + 1 }
        : candidate,
  );
}

const longestWhy = 200;
