/**
 * Which child of a litter is trained (as NSGANetV2 does; Lu et al., ECCV 2020): a model of the objectives over what an
 * architecture looks like, fitted on what was evaluated, says which would widen the front most.
 */
import type { Rng } from '../../lib/rng.ts';
import { countedClasses } from '../candidates.ts';
import { type Architecture, opKinds, parseEncoding } from '../encoding.ts';
import { networkOf } from '../families/table.ts';
import { stepFeatures } from '../step-model.ts';
import { fitGaussianProcess } from './gaussian-process.ts';
import { hypervolume } from './hypervolume.ts';

export interface Known {
  readonly features: readonly number[];
  /** Two of them. */
  readonly losses: readonly number[];
}

/** Index of the child to train, out of their features. */
export type Choose = (rng: Rng, litter: readonly (readonly number[])[]) => number;

/** Below this many a model knows no more than chance. */
export const fewestKnown = 12;
/** A fit takes the cube of it, so that of more than these the latest are taken. */
export const mostKnown = 200;
/**
 * Deviations by which a child is thought better than its mean: what is not known well is worth a try. With the noise of
 * measuring among them, for a front is made of the lucky ones.
 */
const hope = 0.75;
/** Share of the litters whose child is left to chance. */
const chance = 0.05;

/** Undefined with too few known, or other than two objectives. */
export function chooserOf(known: readonly Known[]): Choose | undefined {
  if (known.length < fewestKnown || known.some(({ losses }) => losses.length !== 2)) return undefined;
  const points = known.map(({ losses: [x = 0, y = 0] }) => [x, y] as const);
  const predict = fitGaussianProcess(
    known.map(({ features }) => features),
    [points.map(([x]) => x), points.map(([, y]) => y)],
  );
  const ranges = [0, 1].map((o) => {
    const values = points.map((point) => point[o] ?? 0);
    const least = Math.min(...values);
    return { least, width: Math.max(...values) - least || 1 };
  });
  const scaled = (losses: readonly number[]): readonly [number, number] => {
    const [x = 0, y = 0] = losses.map((loss, o) => (loss - (ranges[o]?.least ?? 0)) / (ranges[o]?.width ?? 1));
    return [x, y];
  };
  const reached = points.map(scaled);
  const before = hypervolume(reached, reference);
  const gain = (features: readonly number[]): number => {
    const { means, deviations } = predict(features);
    const hoped = means.map((mean, o) => mean - hope * (deviations[o] ?? 0));
    return hypervolume([...reached, scaled(hoped)], reference) - before;
  };
  return (rng, litter) => {
    if (litter.length <= 1 || rng.next() < chance) return 0;
    const gains = litter.map(gain);
    return gains.indexOf(Math.max(...gains));
  };
}

const reference = [1.05, 1.05] as const;

/** Encodings whose features are remembered: some searches' worth, for each ask looks at all that are known again. */
const mostRemembered = 2000;
const remembered = new Map<string, readonly number[]>();

/** What of an architecture a model of its accuracy and time looks at. */
export function architectureFeatures(encoding: string, inputSize: number): readonly number[] {
  const key = `${encoding} ${inputSize}`;
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const features = describe(parseEncoding(encoding), encoding, inputSize);
  if (remembered.size >= mostRemembered) remembered.clear();
  remembered.set(key, features);
  return features;
}

function describe(a: Architecture, encoding: string, inputSize: number): readonly number[] {
  const costs = stepFeatures(networkOf(encoding, { classes: countedClasses }), inputSize);
  const { ops, skips, macro, stemWidth } = a;
  const placesOf = (values: readonly boolean[]): number => {
    const places = values.flatMap((is, b) => (is ? [b / values.length] : []));
    return places.length === 0 ? 0.5 : places.reduce((sum, place) => sum + place, 0) / places.length;
  };
  const width = macro.reduce((so, { multiplier }) => so * multiplier, stemWidth);
  return [
    // the last one is the same for all
    ...costs.slice(0, -1).map((cost) => Math.log10(1 + cost)),
    Math.log2(stemWidth),
    Math.log2(width),
    macro.length,
    macro.filter(({ stride }) => stride === 2).length,
    placesOf(macro.map(({ stride }) => stride === 2)),
    placesOf(macro.map(({ multiplier }) => multiplier > 1)),
    ops.length,
    ...opKinds.map((kind) => ops.filter((op) => op.kind === kind).length),
    ops.reduce((sum, { code }) => sum + code, 0) / ops.length,
    skips.filter(({ kind }) => kind === 'add').length,
    skips.filter(({ kind }) => kind === 'concat').length,
  ];
}
