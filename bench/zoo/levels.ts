/** Step times of families of networks at equal accuracy. */
import { ours } from './networks.ts';

export interface Point {
  readonly family: string;
  readonly accuracy: number;
  /** Seconds of a training step. */
  readonly seconds: number;
}

/** A network whose step is timed, and that may be still to train. */
export type Timed = Omit<Point, 'accuracy'> & Partial<Pick<Point, 'accuracy'>>;

export const isPoint = <T extends Timed>(one: T): one is T & Point => one.accuracy !== undefined;

const leastOfAFamily = 3;

/** How many times the step of our best another network may take: the comparison asks for 1.7, and dearer ones take hours. */
export const farthestTimes = 3;

/**
 * What to train next: all of ours, then of each other family its fastest, three at least, up to the first that is as
 * accurate as our best, or as far as `farthestTimes` goes. Slower ones cannot change what the family takes at any level,
 * beyond how far behind it is where it is that far. Undefined when no more is needed.
 */
export function nextToTrain<T extends Timed>(networks: readonly T[]): T | undefined {
  const sorted = [...networks].sort((a, b) => a.seconds - b.seconds);
  const own = sorted.filter(({ family }) => family === ours);
  const missing = own.find((one) => !isPoint(one));
  if (missing !== undefined) return missing;
  const { accuracy: best = 0, seconds: bestSeconds = 0 } = front(own.filter(isPoint)).at(-1) ?? {};
  return sorted.find((one) => {
    const faster = sorted.slice(0, sorted.indexOf(one)).filter(({ family }) => family === one.family);
    const reached = faster.some(({ accuracy = 0 }) => accuracy >= best);
    const isNear = one.seconds <= farthestTimes * bestSeconds;
    return !isPoint(one) && (faster.length < leastOfAFamily || (isNear && !reached));
  });
}

/** Those that no other of the list beats, fastest first. */
export function front<P extends Point>(points: readonly P[]): readonly P[] {
  const sorted = [...points].sort((a, b) => a.seconds - b.seconds || b.accuracy - a.accuracy);
  let best = Number.NEGATIVE_INFINITY;
  return sorted.filter(({ accuracy }) => {
    if (accuracy <= best) return false;
    best = accuracy;
    return true;
  });
}

/**
 * Seconds at which the front of `points` reaches an accuracy, between two networks on the line through their logarithms;
 * the fastest network's where all are more accurate, and undefined where none is.
 */
export function secondsAt(points: readonly Point[], accuracy: number): number | undefined {
  const line = front(points);
  const above = line.findIndex((one) => one.accuracy >= accuracy);
  const [below, reached] = [line[above - 1], line[above]];
  if (reached === undefined) return undefined;
  if (below === undefined) return reached.seconds;
  const share = (accuracy - below.accuracy) / (reached.accuracy - below.accuracy);
  return below.seconds * (reached.seconds / below.seconds) ** share;
}

/** Three accuracies that our front spans: at a quarter, at half and at all of the way up. */
export function levelsOf(points: readonly Point[]): readonly number[] {
  const own = front(points.filter(({ family }) => family === ours)).map(({ accuracy }) => accuracy);
  const [least = Number.NaN, most = Number.NaN] = [own[0], own.at(-1)];
  return [0.25, 0.5, 1].map((share) => least + share * (most - least));
}

export interface Level {
  readonly family: string;
  readonly accuracy: number;
  readonly ownSeconds: number;
  /** What the family takes; where none that was trained is as accurate, the slowest of them, and it takes more. */
  readonly seconds: number;
  readonly isReached: boolean;
}

/** What each other family takes at each level. */
export function compare(points: readonly Point[]): readonly Level[] {
  const of = (family: string): readonly Point[] => points.filter((one) => one.family === family);
  const families = [...new Set(points.map(({ family }) => family))].filter((family) => family !== ours);
  return families.flatMap((family) =>
    levelsOf(points).map((accuracy) => {
      const ownSeconds = secondsAt(of(ours), accuracy) ?? Number.NaN;
      const reached = secondsAt(of(family), accuracy);
      const slowest = Math.max(...of(family).map(({ seconds }) => seconds));
      return { family, accuracy, ownSeconds, seconds: reached ?? slowest, isReached: reached !== undefined };
    }),
  );
}
