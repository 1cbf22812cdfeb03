/**
 * NSGA-II over the joint block/macro space, as ask and tell: blocks on a middle macro first, then macros of the best
 * blocks, then both together. It never waits: who asks while results are outstanding gets children of those that are
 * told; a model of what is told chooses among the children of a litter. The population is what survives of all that were told, so neither order nor lateness of results matters.
 */
import { RunError } from '../lib/errors.ts';
import { deriveSeed } from '../lib/rng.ts';
import { countedClasses, opened, progressOf, reopen } from './candidates.ts';
import { networkOf } from './families/table.ts';
import type { Level } from './nsga2/architecture-genome.ts';
import { atNextLevel, isLevelDone } from './nsga2/levels.ts';
import { type Drawing, drawNew, mostMisses } from './nsga2/litter.ts';
import {
  type Candidate,
  type Search,
  type SearchProgress,
  type SearchSettings,
  withLost,
  withResults,
} from './search.ts';
import { fitStepModel, type StepModel, stepFeatures } from './step-model.ts';

const algorithm = 'nsga2';
const version = 1;

export interface Nsga2State {
  readonly algorithm: typeof algorithm;
  readonly version: typeof version;
  readonly settings: SearchSettings;
  /** State of the generator. */
  readonly rng: number;
  /** All that were asked, in the order of their ids. */
  readonly candidates: readonly Candidate[];
  /** Draws in a row that gave no new candidate. */
  readonly misses: number;
  readonly level: Level;
  /** Candidates that were asked before the level began. */
  readonly levelFrom: number;
  /** Predicts step times, once there are enough measured ones. */
  readonly stepModel?: StepModel;
  /** Drawn, and given up for the time that a step was predicted to take. */
  readonly pruned: number;
}

/** Draws of one call at most: each builds a network, and the operator's event loop must not wait for long. */
const drawsPerAsk = 200;

export const nsga2Search: Search<Nsga2State> = {
  create: (seed, settings) => ({
    ...{ algorithm, version, settings },
    rng: deriveSeed(seed, algorithm),
    ...{ candidates: [], misses: 0, level: { name: 'block' }, levelFrom: 0, pruned: 0 },
  }),
  read: readState,
  ask,
  tell: (state, results) => withStepModel({ ...state, candidates: withResults(state.candidates, results) }),
  retell: (state, results) => ({ ...state, candidates: withResults(state.candidates, results, { anew: true }) }),
  lost: (state, ids) => ({ ...state, candidates: withLost(state.candidates, ids) }),
  progress,
};

function ask(before: Nsga2State, count: number): ReturnType<Search<Nsga2State>['ask']> {
  const wanted = Math.min(count, progress(before).remaining);
  const { candidates: reopened, again } = reopen(before.candidates, count);
  let state: Nsga2State = { ...before, candidates: reopened };
  const fresh = [];
  for (let draws = 0; again.length + fresh.length < wanted && draws < drawsPerAsk; ) {
    state = atRightLevel(state);
    if (isExhausted(state)) break;
    const drawn = drawNew(drawingOf(state), state, wanted - again.length - fresh.length, drawsPerAsk - draws);
    draws += drawn.draws;
    const { candidates, fresh: asked } = opened(state.candidates, drawn.encodings);
    const { rng, misses, pruned } = drawn;
    state = { ...state, rng, misses, pruned, candidates };
    fresh.push(...asked);
  }
  return { state, candidates: [...again, ...fresh] };
}

function drawingOf(state: Nsga2State): Drawing {
  const { settings, level, levelFrom, candidates, stepModel } = state;
  const { evaluated } = progress(state);
  const taken = candidates.map(({ encoding }) => encoding);
  return { settings, level, taken, inLevel: candidates.length - levelFrom, evaluated, stepModel };
}

function atRightLevel(state: Nsga2State): Nsga2State {
  let current = state;
  while (current.level.name !== 'joint') {
    const { level, misses, settings } = current;
    const { evaluated } = progress(current);
    if (!isLevelDone(level, evaluated.length, settings) && misses < mostMisses[level.name]) break;
    const next = atNextLevel(level, evaluated, settings);
    current = { ...current, level: next, levelFrom: current.candidates.length, misses: 0 };
  }
  return current;
}

const featuresOf = (encoding: string, { inputSize }: SearchSettings): readonly number[] =>
  stepFeatures(networkOf(encoding, { classes: countedClasses }), inputSize);

/** Fitted anew whenever there are a quarter more measured steps. */
const refit = 1.25;
/** The latest ones: a fit looks at each many times. */
const mostPairs = 400;

function withStepModel(state: Nsga2State): Nsga2State {
  const { evaluated } = progress(state);
  if (evaluated.length < refit * (state.stepModel?.pairs ?? 0) || evaluated.length > refit * mostPairs) return state;
  const pairs = evaluated
    .slice(-mostPairs)
    .map(({ encoding, stepSeconds }) => ({ features: featuresOf(encoding, state.settings), seconds: stepSeconds }));
  const stepModel = fitStepModel(pairs);
  return stepModel === undefined ? state : { ...state, stepModel };
}

const isExhausted = ({ level, misses }: Nsga2State): boolean => level.name === 'joint' && misses >= mostMisses.joint;

function progress(state: Nsga2State): SearchProgress {
  return progressOf(state.candidates, state.settings, isExhausted(state));
}

function readState(raw: unknown): Nsga2State {
  const state = raw as Partial<Nsga2State> | null | undefined;
  const isOurs = typeof state === 'object' && state?.algorithm === algorithm && state.version === version;
  const hasNumbers = [state?.rng, state?.misses, state?.levelFrom, state?.pruned].every(Number.isFinite);
  if (isOurs && hasNumbers && Array.isArray(state.candidates) && typeof state.level?.name === 'string') {
    return state as Nsga2State;
  }
  throw new RunError(
    'The state of the search was written by another version of nasoa, or is damaged.',
    'Use the version that wrote it, or begin a new search.',
  );
}
