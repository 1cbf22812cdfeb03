/** Genomes of real numbers: simulated binary crossover and polynomial mutation (Deb and Agrawal, 1995 and 1996). */
import type { Rng } from '../../lib/rng.ts';
import type { Variation } from './evolution.ts';

export interface RealSpace {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

// the indices and probabilities of pymoo's NSGA-II
const [crossoverIndex, mutationIndex] = [15, 20];
const [pairs, eachVariable] = [0.9, 0.5];

export function realVariation(space: RealSpace): Variation<readonly number[]> {
  const { low, high } = space;
  const ranges = low.map((least, i) => [least, high[i] ?? least] as const);
  return {
    sample: (rng) => ranges.map(([least, most]) => least + rng.next() * (most - least)),
    crossover: (rng, a, b) => {
      const [one, two] = rng.next() < 0.5 ? [a, b] : [b, a];
      if (rng.next() >= pairs) return [...one];
      return one.map((x, i) => {
        const [least, most] = ranges[i] ?? [x, x];
        return rng.next() < eachVariable ? cross(rng, x, two[i] ?? x, least, most) : x;
      });
    },
    mutate: (rng, genome) =>
      genome.map((x, i) => {
        const [least, most] = ranges[i] ?? [x, x];
        return rng.next() < 1 / genome.length ? mutated(rng, x, least, most) : x;
      }),
    key: (genome) => genome.join(' '),
  };
}

/** One of the two children that SBX gives between bounds, whichever chance takes. */
function cross(rng: Rng, x: number, y: number, least: number, most: number): number {
  const [a, b] = x < y ? [x, y] : [y, x];
  if (b - a < 1e-14) return x;
  const u = rng.next();
  const takesLower = rng.next() < 0.5;
  const room = takesLower ? a - least : most - b;
  const beta = 1 + (2 * room) / (b - a);
  const alpha = 2 - beta ** -(crossoverIndex + 1);
  const spread = (u <= 1 / alpha ? u * alpha : 1 / (2 - u * alpha)) ** (1 / (crossoverIndex + 1));
  const child = 0.5 * (a + b + (takesLower ? -1 : 1) * spread * (b - a));
  return Math.min(most, Math.max(least, child));
}

function mutated(rng: Rng, x: number, least: number, most: number): number {
  const range = most - least;
  if (range <= 0) return x;
  const u = rng.next();
  const power = 1 / (mutationIndex + 1);
  const goesDown = u < 0.5;
  const far = 1 - (goesDown ? x - least : most - x) / range;
  const inner = goesDown
    ? 2 * u + (1 - 2 * u) * far ** (mutationIndex + 1)
    : 2 * (1 - u) + 2 * (u - 0.5) * far ** (mutationIndex + 1);
  const delta = goesDown ? inner ** power - 1 : 1 - inner ** power;
  return Math.min(most, Math.max(least, x + delta * range));
}
