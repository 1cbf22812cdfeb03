/**
 * NSGA-II over the joint block/macro space, as ask and tell: blocks on a middle macro first, then macros of the best
 * blocks, then both together. It never waits: who asks while results are outstanding gets children of those that are
 * told. The population is what survives of all that were told, so neither order nor lateness of results matters.
 */
import { RunError } from '../lib/errors.ts';
import { createRng, deriveSeed } from '../lib/rng.ts';
import { countedClasses, keepsConstraints, opened, progressOf, reopen } from './candidates.ts';
import { type Architecture, formatEncoding, parseEncoding } from './encoding.ts';
import { networkOf } from './families/table.ts';
import { architectureVariation, type Level } from './nsga2/architecture-genome.ts';
import { breed, type Individual } from './nsga2/evolution.ts';
import { atNextLevel, blockOf, isLevelDone } from './nsga2/levels.ts';
import { type Ranked, survivors } from './nsga2/ranking.ts';
import { frontOf, judged } from './objectives.ts';
import {
  type Candidate,
  type Search,
  type SearchProgress,
  type SearchSettings,
  withLost,
  withResults,
} from './search.ts';
import { fitStepModel, predictedStep, type StepModel, stepFeatures } from './step-model.ts';

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
/** So many misses in a row mean that a level, or the whole space, has next to nothing new. */
const mostMisses = { block: 400, macro: 400, joint: 2000 } as const;
const missesOfSample = 100;
/** Share of fresh samples among the children: they keep a population from closing in on itself. */
const immigrants = 0.1;

export const nsga2Search: Search<Nsga2State> = {
  create: (seed, settings) => ({
    ...{ algorithm, version, settings },
    rng: deriveSeed(seed, algorithm),
    ...{ candidates: [], misses: 0, level: { name: 'block' }, levelFrom: 0, pruned: 0 },
  }),
  read: readState,
  ask,
  tell: (state, results) => withStepModel({ ...state, candidates: withResults(state.candidates, results) }),
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
    const drawn = drawNew(state, wanted - again.length - fresh.length, drawsPerAsk - draws);
    draws += drawn.draws;
    const { candidates, fresh: asked } = opened(state.candidates, drawn.encodings);
    const { rng, misses, pruned } = drawn;
    state = { ...state, rng, misses, pruned, candidates };
    fresh.push(...asked);
  }
  return { state, candidates: [...again, ...fresh] };
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

interface Drawn extends Pick<Nsga2State, 'rng' | 'misses' | 'pruned'> {
  readonly encodings: readonly string[];
  readonly draws: number;
}

/** Up to `count` encodings that were never asked, keep the constraints and are not hopeless. */
function drawNew(state: Nsga2State, count: number, mostDraws: number): Drawn {
  const { settings, level, candidates } = state;
  const rng = createRng(state.rng);
  const variation = architectureVariation(level, settings.space);
  const parents = parentsOf(state);
  const taken = new Set(candidates.map(({ encoding }) => encoding));
  const isHopeless = hopeless(state);
  const encodings: string[] = [];
  let { misses, pruned } = state;
  let draws = 0;
  while (encodings.length < count && draws < mostDraws && misses < mostMisses[level.name]) {
    draws++;
    const inLevel = candidates.length + encodings.length - state.levelFrom;
    const isSample = inLevel < founders(state) || parents.length < 2 || rng.next() < immigrants;
    const drawn = isSample ? variation.sample(rng) : breed(rng, parents, variation);
    const encoding = drawn && formatEncoding(drawn);
    const isNew = encoding !== undefined && !taken.has(encoding) && keepsConstraints(encoding, settings);
    if (isNew && !isHopeless(encoding)) {
      misses = 0;
      taken.add(encoding);
      encodings.push(encoding);
    } else {
      // who samples tries many times itself
      misses += isSample && drawn === undefined ? missesOfSample : 1;
      if (isNew) pruned++;
    }
  }
  return { encodings, draws, rng: rng.state(), misses, pruned };
}

/** Samples that a level begins with; where the best of another level stand, fewer. */
function founders({ level, settings }: Nsga2State): number {
  const { population, evaluations } = settings;
  if (level.name === 'joint') return 0;
  return Math.ceil(
    level.name === 'block' ? Math.min(population, evaluations / 5) : Math.min(population / 2, evaluations / 8),
  );
}

/** The population of the level: at the level of macros only those with one of its blocks. */
function parentsOf(state: Nsga2State): readonly Ranked<Individual<Architecture>>[] {
  const { level, settings } = state;
  const blocks = level.name === 'macro' ? new Set(level.blocks.map(blockOf)) : undefined;
  const allowed = progress(state).evaluated.filter(({ encoding }) => blocks?.has(blockOf(encoding)) ?? true);
  const ranked = survivors(
    allowed.map((one) => judged(one, settings)),
    settings.population,
  );
  return ranked.map(({ item: { candidate, losses, violation }, ...place }) => ({
    ...place,
    item: { genome: parseEncoding(candidate.encoding), losses, violation },
  }));
}

/** A model that is wrong by more prunes nothing. */
const largestError = 0.35;
/** Nobody looks for members beyond so many times the slowest of the front in one leap. */
const slowestTimes = 2.5;

/** Whether a step is predicted to take longer than can be of use, the model's own error allowed for. */
function hopeless(state: Nsga2State): (encoding: string) => boolean {
  const { stepModel, settings } = state;
  if (stepModel === undefined || stepModel.error.median > largestError) return () => false;
  const slowest = frontOf(progress(state).evaluated, settings).at(-1)?.stepSeconds ?? Number.POSITIVE_INFINITY;
  const { maxStepSeconds = Number.POSITIVE_INFINITY } = settings.constraints;
  const bound = Math.min(maxStepSeconds * (1 + stepModel.error.ninth), slowest * slowestTimes);
  if (bound === Number.POSITIVE_INFINITY) return () => false;
  return (encoding) => predictedStep(stepModel, featuresOf(encoding, settings)) > bound;
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
