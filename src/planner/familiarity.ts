/** How a data set compares with those that the predictor has learnt from: a plan for one unlike all others is a guess. */
import { logit } from './logit.ts';
import type { Confidence, DatasetFeatures, Experience, PastTask } from './types.ts';

/** A data set of finished runs, and the best of these. */
export interface KnownDataset extends Omit<PastTask, 'distance' | 'images'> {
  readonly features: DatasetFeatures;
}

export interface Familiarity {
  readonly confidence: Confidence;
  /** Why the confidence is low. */
  readonly why?: string;
  /** The most alike first, three at most. */
  readonly nearest: readonly PastTask[];
}

interface Trait {
  /** More and less of it, in words. */
  readonly words: readonly [more: string, less: string];
  readonly value: (features: DatasetFeatures) => number;
  /** A difference that makes another kind of data set, if there are two of them. */
  readonly unit: number;
}

/** What the accuracy of a regime hangs on most. Units are factors for counts and sizes, else differences. */
const traits: readonly Trait[] = [
  { words: ['more images', 'fewer images'], value: ({ images }) => Math.log(Math.max(1, images)), unit: Math.log(5) },
  {
    words: ['more classes', 'fewer classes'],
    value: ({ classes }) => Math.log(Math.max(1, classes)),
    unit: Math.log(4),
  },
  {
    words: ['less evenly filled classes', 'more evenly filled classes'],
    value: (f) => f.imagesPerClassDeviation / Math.max(1, f.imagesPerClassMean),
    unit: 0.75,
  },
  {
    words: ['larger images', 'smaller images'],
    value: ({ resolution }) => Math.log(Math.max(1, resolution)),
    unit: Math.log(4),
  },
  { words: ['more colour', 'less colour'], value: ({ colourShare }) => colourShare, unit: 0.4 },
  { words: ['brighter images', 'darker images'], value: ({ pixelMean }) => pixelMean, unit: 0.15 },
  { words: ['more contrast', 'less contrast'], value: ({ pixelDeviation }) => pixelDeviation, unit: 0.1 },
  {
    words: ['classes that are easier to tell apart', 'classes that are harder to tell apart'],
    value: (f) => logit(f.nearestMeanAccuracy + 1 / Math.max(2, f.classes)),
    unit: 1.5,
  },
];

/** Units in one trait from the nearest data set beyond which nothing seen before is like it. */
const farthest = 2;
const mostNearest = 3;
/** Share of the way from guessing to no error, from which on a run has learnt something of its data set. */
const learntSomething = 0.05;

/**
 * One entry a data set, with its best run; none where no run has learnt anything. Of other sizes it is another one: many a
 * folder is called `images`.
 */
export function knownDatasets(experiences: readonly Experience[]): readonly KnownDataset[] {
  const best = new Map<string, Experience>();
  for (const one of experiences) {
    const guessed = 1 / Math.max(2, one.features.classes);
    if ((one.accuracy - guessed) / (1 - guessed) < learntSomething) continue;
    const key = JSON.stringify([one.dataset, one.features.images, one.features.classes]);
    const before = best.get(key);
    if (before === undefined || one.accuracy > before.accuracy) best.set(key, one);
  }
  return [...best.values()].map(({ dataset, features, accuracy, member, activeSeconds }) => ({
    ...{ dataset, features, accuracy, seconds: activeSeconds, member: member.name },
  }));
}

export function familiarityOf(features: DatasetFeatures, known: readonly KnownDataset[]): Familiarity {
  if (known.length === 0) {
    return { confidence: 'Low', why: 'No finished run is known yet.', nearest: [] };
  }
  const apart = known
    .map((one) => ({ one, differences: differencesOf(features, one.features) }))
    .sort((a, b) => distanceOf(a.differences) - distanceOf(b.differences));
  const nearest = apart.slice(0, mostNearest).map(({ one: { features: its, ...task }, differences }) => ({
    ...task,
    images: its.images,
    distance: Number(distanceOf(differences).toPrecision(3)),
  }));
  // one alike in every trait is enough
  const closest = apart.toSorted((a, b) => strangest(a.differences).size - strangest(b.differences).size)[0];
  const { size, words } = strangest(closest?.differences ?? []);
  if (size <= farthest) return { confidence: 'Usual', nearest };
  const than = known.length === 1 ? 'the one data set' : `the nearest of ${known.length} data sets`;
  return { confidence: 'Low', why: `It has ${words} than ${than} seen before.`, nearest };
}

/** In units of each trait; positive where the first has more of it. */
const differencesOf = (a: DatasetFeatures, b: DatasetFeatures): readonly number[] =>
  traits.map(({ value, unit }) => (value(a) - value(b)) / unit);

/** Root of the mean square. */
const distanceOf = (differences: readonly number[]): number =>
  Math.sqrt(differences.reduce((sum, d) => sum + d * d, 0) / differences.length);

function strangest(differences: readonly number[]): { readonly size: number; readonly words: string } {
  const sizes = differences.map(Math.abs);
  const size = Math.max(...sizes);
  const at = sizes.indexOf(size);
  const [more, less] = traits[at]?.words ?? ['', ''];
  const words = (differences[at] ?? 0) > 0 ? more : less;
  return { size, words: size > 2 * farthest ? `far ${words}` : words };
}
