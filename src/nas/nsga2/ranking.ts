/**
 * Sorting by several objectives at once (Deb, Pratap, Agarwal and Meyarivan, "NSGA-II", 2002), as free functions over
 * plain numbers. Every objective is a loss: less is better.
 */

/** What is compared of an individual. */
export interface Judged {
  readonly losses: readonly number[];
  /** How far it is out of its constraints, 0 where it keeps them all. */
  readonly violation: number;
}

export interface Ranked<T> {
  readonly item: T;
  /** 0 for the front. */
  readonly rank: number;
  /** Larger where neighbours of its rank are far away; infinite at the ends. */
  readonly crowding: number;
}

/** Whether `a` is nowhere worse and somewhere better. */
export function dominates(a: readonly number[], b: readonly number[]): boolean {
  let better = false;
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference > 0) return false;
    if (difference < 0) better = true;
  }
  return better;
}

/** Deb's rules: who keeps the constraints beats who does not, and of two that do not the nearer one wins. */
export function beats(a: Judged, b: Judged): boolean {
  if (a.violation > 0 || b.violation > 0) return a.violation < b.violation;
  return dominates(a.losses, b.losses);
}

/**
 * The fronts, best first, until they hold `enough` items together. Sorted by their losses nobody is beaten by a later
 * one, so that each is compared with the front alone: lists of thousands take milliseconds.
 */
export function nondominatedFronts<T extends Judged>(items: readonly T[], enough = items.length): readonly T[][] {
  const fronts: T[][] = [];
  let rest: readonly T[] = items.toSorted((a, b) => a.violation - b.violation || lexically(a.losses, b.losses));
  for (let held = 0; rest.length > 0 && held < Math.max(1, enough); held += fronts.at(-1)?.length ?? 0) {
    const [front, others]: [T[], T[]] = [[], []];
    for (const item of rest) (front.some((other) => beats(other, item)) ? others : front).push(item);
    fronts.push(front);
    rest = others;
  }
  return fronts;
}

const lexically = (a: readonly number[], b: readonly number[]): number =>
  a.map((loss, i) => loss - (b[i] ?? 0)).find((difference) => difference !== 0) ?? 0;

/** The distance between the neighbours of each point, over all objectives, each scaled to its range. */
export function crowdingDistances(points: readonly (readonly number[])[]): readonly number[] {
  const distances = new Array<number>(points.length).fill(0);
  for (let objective = 0; objective < (points[0]?.length ?? 0); objective++) {
    const order = points.map((_, i) => i);
    const at = (place: number): number => points[order[place] ?? 0]?.[objective] ?? 0;
    order.sort((i, j) => (points[i]?.[objective] ?? 0) - (points[j]?.[objective] ?? 0));
    const range = at(order.length - 1) - at(0);
    for (const [place, i] of order.entries()) {
      const isEnd = place === 0 || place === order.length - 1;
      // an objective in which all are equal tells nobody apart
      const share = range === 0 ? 0 : (at(place + 1) - at(place - 1)) / range;
      distances[i] = isEnd ? Number.POSITIVE_INFINITY : (distances[i] as number) + share;
    }
  }
  return distances;
}

/** The `size` best: fronts whole, the best first, and of the one that does not fit those that stand apart. */
export function survivors<T extends Judged>(items: readonly T[], size: number): readonly Ranked<T>[] {
  const chosen: Ranked<T>[] = [];
  for (const [rank, front] of nondominatedFronts(items, size).entries()) {
    const distances = crowdingDistances(front.map(({ losses }) => losses));
    const ranked = front.map((item, i) => ({ item, rank, crowding: distances[i] ?? 0 }));
    const room = size - chosen.length;
    chosen.push(...(ranked.length > room ? ranked.toSorted((a, b) => b.crowding - a.crowding).slice(0, room) : ranked));
  }
  return chosen;
}
