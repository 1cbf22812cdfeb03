/** Test problems with two objectives (Zitzler, Deb and Thiele, 2000), in the sizes that pymoo gives them. */
import { hypervolume } from '../../src/nas/nsga2/hypervolume.ts';
import { evolution } from '../../src/nas/nsga2/minimise.ts';
import { realVariation } from '../../src/nas/nsga2/real-genome.ts';

type Objectives = readonly [number, number];

interface Problem {
  readonly variables: number;
  readonly objectives: (x: readonly number[]) => Objectives;
}

const meanOfRest = (x: readonly number[]): number => x.slice(1).reduce((a, b) => a + b, 0) / (x.length - 1);
const first = (x: readonly number[]): number => x[0] ?? 0;

export const problems = {
  zdt1: {
    variables: 30,
    objectives: (x) => {
      const g = 1 + 9 * meanOfRest(x);
      return [first(x), g * (1 - Math.sqrt(first(x) / g))];
    },
  },
  zdt2: {
    variables: 30,
    objectives: (x) => {
      const g = 1 + 9 * meanOfRest(x);
      return [first(x), g * (1 - (first(x) / g) ** 2)];
    },
  },
  zdt3: {
    variables: 30,
    objectives: (x) => {
      const g = 1 + 9 * meanOfRest(x);
      const share = first(x) / g;
      return [first(x), g * (1 - Math.sqrt(share) - share * Math.sin(10 * Math.PI * first(x)))];
    },
  },
  zdt6: {
    variables: 10,
    objectives: (x) => {
      const f = 1 - Math.exp(-4 * first(x)) * Math.sin(6 * Math.PI * first(x)) ** 6;
      const g = 1 + 9 * meanOfRest(x) ** 0.25;
      return [f, g * (1 - (f / g) ** 2)];
    },
  },
} as const satisfies Readonly<Record<string, Problem>>;
export type ProblemName = keyof typeof problems;

const reference: Objectives = [1.1, 1.1];

/** Of the points that a run ended with. */
export const reached = (points: readonly (readonly number[])[]): number =>
  hypervolume(
    points.map(([x = 0, y = 0]) => [x, y] as const),
    reference,
  );

/** The objectives of the last population, by generations as pymoo runs them. */
export function solve(name: ProblemName, seed: number, evaluations: number, population: number): readonly Objectives[] {
  const { variables, objectives } = problems[name];
  const bounds = { low: new Array<number>(variables).fill(0), high: new Array<number>(variables).fill(1) };
  const nsga2 = evolution(realVariation(bounds), population);
  let state = nsga2.create(seed);
  for (let left = evaluations; left > 0; ) {
    const { state: next, asked } = nsga2.ask(state, Math.min(population, left));
    if (asked.length === 0) break;
    left -= asked.length;
    state = nsga2.tell(
      next,
      asked.map(({ id, genome }) => ({ id, losses: objectives(genome), violation: 0 })),
    );
  }
  return state.population.map(({ losses: [x = 0, y = 0] }) => [x, y]);
}
