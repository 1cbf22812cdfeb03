/** NSGA-II over genomes of any kind as ask and tell; its state is JSON where genomes are. */
import { createRng, deriveSeed } from '../../lib/rng.ts';
import { breed, type Individual, type Variation } from './evolution.ts';
import { type Judged, survivors } from './ranking.ts';

export interface EvolutionState<G> {
  readonly version: 1;
  /** State of the generator. */
  readonly rng: number;
  readonly asked: number;
  /** The survivors of all that were told. */
  readonly population: readonly Individual<G>[];
  /** Asked and not told. */
  readonly open: readonly { readonly id: number; readonly genome: G }[];
}

export interface Evolution<G> {
  create(seed: number): EvolutionState<G>;
  /** Up to `count` genomes to evaluate; fewer where new ones are hard to find. */
  ask(
    state: EvolutionState<G>,
    count: number,
  ): { readonly state: EvolutionState<G>; readonly asked: readonly { readonly id: number; readonly genome: G }[] };
  /** Takes results in any order; all that are told at a time compete with the population at a time. */
  tell(state: EvolutionState<G>, results: readonly (Judged & { readonly id: number })[]): EvolutionState<G>;
}

/** Draws for each genome that is asked: beyond them the variation has little new to give. */
const triesEach = 20;

/** `population` genomes are sampled; from then on children are bred, a generation at a time where all are told together. */
export function evolution<G>(variation: Variation<G>, population: number): Evolution<G> {
  return {
    create: (seed) => ({ version: 1, rng: deriveSeed(seed, 'evolution'), asked: 0, population: [], open: [] }),
    ask: (state, count) => {
      const rng = createRng(state.rng);
      const parents = survivors(state.population, population);
      const taken = new Set([...state.population, ...state.open].map(({ genome }) => variation.key(genome)));
      const asked: { readonly id: number; readonly genome: G }[] = [];
      for (let tries = 0; asked.length < count && tries < count * triesEach; tries++) {
        const id = state.asked + asked.length + 1;
        const samples = id <= population || parents.length < 2;
        const genome = samples ? variation.sample(rng) : breed(rng, parents, variation);
        if (genome === undefined || taken.has(variation.key(genome))) continue;
        taken.add(variation.key(genome));
        asked.push({ id, genome });
      }
      const next = { ...state, rng: rng.state(), asked: state.asked + asked.length };
      return { state: { ...next, open: [...state.open, ...asked] }, asked };
    },
    tell: (state, results) => {
      const byId = new Map(results.map((result) => [result.id, result]));
      const told = state.open.flatMap(({ id, genome }): Individual<G>[] => {
        const result = byId.get(id);
        return result === undefined ? [] : [{ genome, losses: result.losses, violation: result.violation }];
      });
      return {
        ...state,
        population: survivors([...state.population, ...told], population).map(({ item }) => item),
        open: state.open.filter(({ id }) => !byId.has(id)),
      };
    },
  };
}
