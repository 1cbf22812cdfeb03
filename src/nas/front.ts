/** Which of the evaluated candidates become the zoo's members, and which stand in status.front. */
import type { Evaluated, Objective } from './search.ts';

/** A candidate and its objectives, each turned so that less is better. */
interface Scored {
  readonly candidate: Evaluated;
  readonly losses: readonly number[];
}

/** Those that no other beats in every objective, in the order of the first objective, best first. */
export function paretoFront(evaluated: readonly Evaluated[], objectives: readonly Objective[]): readonly Evaluated[] {
  return frontOf(scored(evaluated, objectives)).map(({ candidate }) => candidate);
}

/**
 * Up to `size` candidates for a zoo, fastest first. Fronts are taken whole, the best first; the one that does not fit
 * whole is thinned to those that lie far apart, its ends included: members of like time and accuracy serve nobody.
 */
export function chooseMembers(
  evaluated: readonly Evaluated[],
  objectives: readonly Objective[],
  size: number,
): readonly Evaluated[] {
  const chosen: Scored[] = [];
  let rest = scored(evaluated, objectives);
  while (chosen.length < size && rest.length > 0) {
    const front = frontOf(rest);
    chosen.push(...spread(front, size - chosen.length));
    rest = rest.filter((one) => !front.includes(one));
  }
  return chosen.map(({ candidate }) => candidate).sort(byTime);
}

/** The best of the first front alone, for a bounded status. */
export const frontSample = (
  evaluated: readonly Evaluated[],
  objectives: readonly Objective[],
  most: number,
): readonly Evaluated[] =>
  spread(frontOf(scored(evaluated, objectives)), most)
    .map(({ candidate }) => candidate)
    .sort(byTime);

const byTime = (a: Evaluated, b: Evaluated): number => a.stepSeconds - b.stepSeconds || a.id - b.id;

/** In the order of the losses, so that nobody is beaten by a later one. */
function scored(evaluated: readonly Evaluated[], objectives: readonly Objective[]): readonly Scored[] {
  const all = evaluated.map((candidate) => ({
    candidate,
    // times and sizes differ by factors, so their logarithms are compared
    losses: objectives.map((o) => (o === 'accuracy' ? -candidate.accuracy : Math.log(Math.max(candidate[o], 1e-12)))),
  }));
  return all.sort((a, b) => inOrder(a.losses, b.losses) || a.candidate.id - b.candidate.id);
}

const inOrder = (a: readonly number[], b: readonly number[]): number =>
  a.map((loss, i) => loss - (b[i] ?? 0)).find((difference) => difference !== 0) ?? 0;

/** Compares with the front alone, which is small: a list of thousands is judged within milliseconds. */
function frontOf(all: readonly Scored[]): readonly Scored[] {
  const front: Scored[] = [];
  for (const one of all) if (!front.some((other) => beats(other, one))) front.push(one);
  return front;
}

function beats(a: Scored, b: Scored): boolean {
  const differences = a.losses.map((loss, i) => loss - (b.losses[i] ?? 0));
  return differences.every((d) => d <= 0) && differences.some((d) => d < 0);
}

/** `count` of them, each as far as can be from those taken before; the best in the first objective comes first. */
function spread(front: readonly Scored[], count: number): readonly Scored[] {
  if (front.length <= count) return front;
  const points = scaled(front);
  const distances = points.map((point, i) => (i === 0 ? -1 : distance(point, points[0] ?? [])));
  const taken = [0];
  while (taken.length < count) {
    const next = distances.indexOf(Math.max(...distances));
    taken.push(next);
    for (const [i, point] of points.entries()) {
      distances[i] = taken.includes(i) ? -1 : Math.min(distances[i] ?? 0, distance(point, points[next] ?? []));
    }
  }
  return taken.sort((a, b) => a - b).flatMap((i) => front[i] ?? []);
}

/** The losses, each scaled to the range 0 to 1 of the front. */
function scaled(front: readonly Scored[]): readonly (readonly number[])[] {
  const ranges = (front[0]?.losses ?? []).map((_, o) => {
    const values = front.map(({ losses }) => losses[o] ?? 0);
    const least = Math.min(...values);
    return { least, width: Math.max(...values) - least || 1 };
  });
  return front.map(({ losses }) => ranges.map(({ least, width }, o) => ((losses[o] ?? 0) - least) / width));
}

const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.hypot(...a.map((x, i) => x - (b[i] ?? 0)));
