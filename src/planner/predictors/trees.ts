import type { Json } from '../../lib/json.ts';
import { createRng, deriveSeed } from '../../lib/rng.ts';
import { bounded, logit, sigmoid } from '../logit.ts';
import {
  type BoostedTrees,
  type BoostingOptions,
  defaultBoosting,
  fitBoostedTrees,
  predictBoosted,
  type Tree,
} from './boosted-trees.ts';
import { isSound, type Predictor, type PredictorOptions } from './contract.ts';
import { createRidge, restoreRidge, ridgeVersion } from './ridge.ts';
import { parsePredictorState } from './saved-state.ts';

/**
 * Boosted trees on what the linear regression leaves: bends and interactions of inputs that nobody thought of. Single runs
 * are learnt by the regression alone; `settle` grows the trees anew, which takes seconds with many runs.
 */
const name = 'trees';
export const treesVersion = 2;

/** Of small trees that see each run several times: there are hundreds of runs, and not millions. */
const boosting: BoostingOptions = { ...defaultBoosting, trees: 150, leaves: 6, leafRows: 8 };
/** Runs that the trees are grown on, the latest ones. */
const mostKept = 2000;
const fewestToGrow = 30;
/** Log odds that a run may pull a tree by: one absurd record is as good as another odd one. */
const largestPull = 2;

export const createTrees = (options: PredictorOptions): Predictor =>
  trees(options, { linear: createRidge(options), kept: [], grown: undefined });

export function restoreTrees(raw: unknown): Predictor | undefined {
  const saved = parsePredictorState(raw, name, treesVersion);
  if (saved === undefined) return undefined;
  const { linear: model, kept: raws, grown } = (saved.model ?? {}) as Partial<TreesModel>;
  const linear = restoreRidge({ ...saved, name: 'ridge', version: ridgeVersion, model });
  if (linear === undefined || !Array.isArray(raws)) return undefined;
  const kept = (raws as TreesModel['kept']).map(({ x, y }) => ({ x: Float64Array.from(x ?? []), y }));
  if (!kept.every(({ x, y }) => isSound(x, y, saved.options.inputs))) return undefined;
  if (grown && !isForest(grown, saved.options.inputs)) return undefined;
  return trees(saved.options, { linear, kept, grown: grown ?? undefined });
}

interface TreesModel {
  /** The model of the regression, whose frame the state has. */
  readonly linear: unknown;
  readonly kept: readonly { readonly x: readonly number[]; readonly y: number }[];
  readonly grown: BoostedTrees | null;
}

interface Model {
  readonly linear: Predictor;
  readonly kept: { readonly x: Float64Array; readonly y: number }[];
  grown: BoostedTrees | undefined;
}

function trees(options: PredictorOptions, model: Model): Predictor {
  const { linear, kept } = model;
  const correction = (x: Float64Array): number => (model.grown === undefined ? 0 : predictBoosted(model.grown, x));
  const corrected = (accuracy: number, by: number): number => sigmoid(bounded(logit(accuracy) + by, -30, 30));
  return {
    name,
    version: treesVersion,
    get experiences() {
      return linear.experiences;
    },
    predictOne(x) {
      const by = correction(x);
      const { mean, low, high } = linear.predictOne(x);
      return by === 0
        ? { mean, low, high }
        : { mean: corrected(mean, by), low: corrected(low, by), high: corrected(high, by) };
    },
    doubtBeside: (other) => linear.doubtBeside(other),
    learnOne(x, y): boolean {
      if (!linear.learnOne(x, y)) return false;
      kept.push({ x: Float64Array.from(x), y });
      if (kept.length > mostKept) kept.shift();
      return true;
    },
    rehearse: (x, y) => linear.rehearse(x, y),
    settle(): void {
      if (kept.length < fewestToGrow) return;
      const targets = kept.map(({ x, y }) =>
        bounded(logit(y) - logit(linear.predictOne(x).mean), -largestPull, largestPull),
      );
      const rng = createRng(deriveSeed(options.seed, `trees of ${linear.experiences}`));
      model.grown = fitBoostedTrees({ rows: kept.map(({ x }) => x), targets }, boosting, rng);
    },
    observe: (x) => linear.observe(x),
    // how far the sum is off is how far the regression is off what the trees leave to it
    errorOf: (x, y) => linear.errorOf(x, corrected(y, -correction(x))),
    setErrors: (held) => linear.setErrors(held),
    state: () => {
      const frame = linear.state() as { readonly model: Json };
      const grown = model.grown === undefined ? null : { base: model.grown.base, trees: model.grown.trees.map(jsonOf) };
      return {
        ...frame,
        ...{ name, version: treesVersion },
        model: { linear: frame.model, kept: kept.map(({ x, y }) => ({ x: [...x], y })), grown },
      };
    },
  };
}

const jsonOf = ({ inputs, thresholds, left, right, answers }: Tree) => ({
  ...{ inputs: [...inputs], thresholds: [...thresholds], left: [...left], right: [...right], answers: [...answers] },
});

/** Whether every way through every tree ends at a leaf. */
function isForest({ base, trees: all }: Partial<BoostedTrees>, inputs: number): boolean {
  if (!Number.isFinite(base) || !Array.isArray(all)) return false;
  return (all as readonly Partial<Tree>[]).every((tree) => {
    const lists = [tree.inputs, tree.thresholds, tree.left, tree.right, tree.answers];
    const count = tree.inputs?.length ?? 0;
    const areNumbers = lists.every(
      (list) => Array.isArray(list) && list.length === count && list.every(Number.isFinite),
    );
    if (!areNumbers || count === 0) return false;
    // children come after their parent, so that no way goes round in a circle
    const isChild = (node: number | undefined, parent: number): boolean =>
      Number.isInteger(node) && (node as number) > parent && (node as number) < count;
    return (tree.inputs ?? []).every(
      (input, node) =>
        input === -1 ||
        (Number.isInteger(input) &&
          input >= 0 &&
          input < inputs &&
          isChild(tree.left?.[node], node) &&
          isChild(tree.right?.[node], node)),
    );
  });
}
