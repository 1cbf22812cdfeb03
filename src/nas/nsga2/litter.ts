/** New candidates out of a population: litters of valid children, of each the one that promises most. */
import { createRng, type Rng } from '../../lib/rng.ts';
import { countedClasses, keepsConstraints } from '../candidates.ts';
import { type Architecture, formatEncoding, parseEncoding } from '../encoding.ts';
import { networkOf } from '../families/table.ts';
import { frontOf, judged } from '../objectives.ts';
import type { Evaluated, SearchSettings } from '../search.ts';
import { predictedStep, type StepModel, stepFeatures } from '../step-model.ts';
import { architectureVariation, type Level } from './architecture-genome.ts';
import { breed, type Individual, type Variation } from './evolution.ts';
import { blockOf } from './levels.ts';
import { type Ranked, survivors } from './ranking.ts';
import { architectureFeatures, type Choose, chooserOf, mostKnown } from './surrogate.ts';

/** Children of which one is asked, once enough is known to choose. */
export const litterSize = 24;
/** Share of fresh samples among the children: they keep a population from closing in on itself. */
export const immigrants = 0.1;
/** So many misses in a row mean that a level, or the whole space, has next to nothing new. */
export const mostMisses = { block: 400, macro: 400, joint: 2000 } as const;
/** A sample is tried many times over before it is given up. */
const missesOfSample = 100;

export interface Drawing {
  readonly settings: SearchSettings;
  readonly level: Level;
  /** Candidates that were asked so far, and how many of them on this level. */
  readonly taken: readonly string[];
  readonly inLevel: number;
  readonly evaluated: readonly Evaluated[];
  readonly stepModel: StepModel | undefined;
}

interface Counts {
  /** State of the generator. */
  readonly rng: number;
  /** Draws in a row that gave nothing new. */
  readonly misses: number;
  /** Drawn, and given up for the time that a step was predicted to take. */
  readonly pruned: number;
}

export type Drawn = Counts & { readonly encodings: readonly string[]; readonly draws: number };

/** Up to `count` encodings that were never asked, keep the constraints and are not hopeless. */
export function drawNew(d: Drawing, before: Counts, count: number, mostDraws: number): Drawn {
  const { settings, level } = d;
  const rng = createRng(before.rng);
  const variation = architectureVariation(level, settings.space);
  const parents = parentsOf(d);
  const choose = chooserFor(d);
  const isHopeless = hopeless(d);
  const taken = new Set(d.taken);
  const encodings: string[] = [];
  let { misses, pruned } = before;
  let draws = 0;
  const mayDraw = (): boolean => draws < mostDraws && misses < mostMisses[level.name];
  while (encodings.length < count && mayDraw()) {
    const isFounder = d.inLevel + encodings.length < founders(settings, level) || parents.length < 2;
    const wanted = choose === undefined || isFounder ? 1 : litterSize;
    const litter = new Set<string>();
    while (litter.size < wanted && mayDraw()) {
      draws++;
      const isSample = isFounder || rng.next() < immigrants;
      const drawn = draw(rng, isSample, parents, variation);
      const encoding = drawn && formatEncoding(drawn);
      const isNew = encoding !== undefined && !taken.has(encoding) && keepsConstraints(encoding, settings);
      if (isNew && !isHopeless(encoding)) {
        misses = 0;
        litter.add(encoding);
      } else {
        misses += isSample && drawn === undefined ? missesOfSample : 1;
        if (isNew) pruned++;
      }
    }
    const chosen = chosenOf(rng, [...litter], choose, settings);
    if (chosen === undefined) break;
    taken.add(chosen);
    encodings.push(chosen);
  }
  return { encodings, draws, rng: rng.state(), misses, pruned };
}

/** Samples that a level begins with; where the best of another level stand, fewer. */
function founders({ population, evaluations }: SearchSettings, { name }: Level): number {
  if (name === 'joint') return 0;
  return Math.ceil(
    name === 'block' ? Math.min(population, evaluations / 5) : Math.min(population / 2, evaluations / 8),
  );
}

const draw = (
  rng: Rng,
  isSample: boolean,
  parents: readonly Ranked<Individual<Architecture>>[],
  variation: Variation<Architecture>,
): Architecture | undefined => (isSample ? variation.sample(rng) : breed(rng, parents, variation));

function chosenOf(
  rng: Rng,
  litter: readonly string[],
  choose: Choose | undefined,
  { inputSize }: SearchSettings,
): string | undefined {
  if (choose === undefined || litter.length <= 1) return litter[0];
  return litter[
    choose(
      rng,
      litter.map((encoding) => architectureFeatures(encoding, inputSize)),
    )
  ];
}

/** By what was trained in full; an accuracy of less training would mislead. */
function chooserFor({ evaluated, settings }: Drawing): Choose | undefined {
  return chooserOf(
    evaluated
      .filter(({ missedRungs = 0 }) => missedRungs === 0)
      .slice(-mostKnown)
      .map((one) => ({
        features: architectureFeatures(one.encoding, settings.inputSize),
        losses: judged(one, settings).losses,
      })),
  );
}

/** The population of the level: at the level of macros only those with one of its blocks. */
function parentsOf({ level, settings, evaluated }: Drawing): readonly Ranked<Individual<Architecture>>[] {
  const blocks = level.name === 'macro' ? new Set(level.blocks.map(blockOf)) : undefined;
  const allowed = evaluated.filter(({ encoding }) => blocks?.has(blockOf(encoding)) ?? true);
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
function hopeless({ stepModel, settings, evaluated }: Drawing): (encoding: string) => boolean {
  if (stepModel === undefined || stepModel.error.median > largestError) return () => false;
  const slowest = frontOf(evaluated, settings).at(-1)?.stepSeconds ?? Number.POSITIVE_INFINITY;
  const { maxStepSeconds = Number.POSITIVE_INFINITY } = settings.constraints;
  const bound = Math.min(maxStepSeconds * (1 + stepModel.error.ninth), slowest * slowestTimes);
  if (bound === Number.POSITIVE_INFINITY) return () => false;
  return (encoding) => {
    const network = networkOf(encoding, { classes: countedClasses });
    return predictedStep(stepModel, stepFeatures(network, settings.inputSize)) > bound;
  };
}
