/** The mating of NSGA-II over genomes of any kind; what a genome is, its variation knows. */
import type { Rng } from '../../lib/rng.ts';
import type { Judged, Ranked } from './ranking.ts';

/** How genomes come to be. Each gives undefined where it found nothing valid within a bounded number of tries. */
export interface Variation<G> {
  sample(rng: Rng): G | undefined;
  /** One child of two. */
  crossover(rng: Rng, a: G, b: G): G | undefined;
  mutate(rng: Rng, genome: G): G | undefined;
  /** Equal for equal genomes. */
  key(genome: G): string;
}

export interface Individual<G> extends Judged {
  readonly genome: G;
}

/** The better of two drawn at random, by rank and then by the room around it. */
export function tournament<T>(rng: Rng, population: readonly Ranked<T>[]): T {
  const [a, b] = [rng.pick(population), rng.pick(population)];
  if (a.rank !== b.rank) return (a.rank < b.rank ? a : b).item;
  return (a.crowding >= b.crowding ? a : b).item;
}

/** A mutated child of two winners of tournaments. */
export function breed<G>(
  rng: Rng,
  population: readonly Ranked<Individual<G>>[],
  variation: Variation<G>,
): G | undefined {
  const [a, b] = [tournament(rng, population), tournament(rng, population)];
  const child = variation.crossover(rng, a.genome, b.genome);
  return child === undefined ? undefined : variation.mutate(rng, child);
}
