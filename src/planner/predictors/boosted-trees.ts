/**
 * Gradient-boosted regression trees for the squared error (Friedman, 2001), on binned inputs and grown best leaf first
 * (Ke et al., "LightGBM", 2017): the yardstick for tables, where neither scale nor form of an input is known.
 */
import type { Rng } from '../../lib/rng.ts';
import { bounded } from '../logit.ts';

export interface BoostingOptions {
  readonly trees: number;
  /** Part of a tree's answer that counts. */
  readonly learningRate: number;
  readonly leaves: number;
  /** Fewest rows of a leaf. */
  readonly leafRows: number;
  /** Share of the rows, and of the inputs, that a tree sees. */
  readonly rowShare: number;
  readonly inputShare: number;
  /** Added to the rows of a leaf when its answer is reckoned. */
  readonly shrinkage: number;
  /** Inputs that the answer never falls with. */
  readonly increasing: readonly number[];
}

export const defaultBoosting: BoostingOptions = {
  ...{ trees: 300, learningRate: 0.05, leaves: 31, leafRows: 20, rowShare: 0.7, inputShare: 0.4, shrinkage: 5 },
  increasing: [],
};

/** A split goes left where input `inputs[n]` is at most `thresholds[n]`; a leaf has input -1. The root is node 0. */
export interface Tree {
  readonly inputs: readonly number[];
  readonly thresholds: readonly number[];
  readonly left: readonly number[];
  readonly right: readonly number[];
  readonly answers: readonly number[];
}

export interface BoostedTrees {
  /** Mean of the targets. */
  readonly base: number;
  readonly trees: readonly Tree[];
}

/** Rows of equal length and their targets. */
export interface Examples {
  readonly rows: readonly Float64Array[];
  readonly targets: ArrayLike<number>;
}

const mostBins = 64;

/** Throws where there are no rows. */
export function fitBoostedTrees({ rows, targets }: Examples, options: BoostingOptions, rng: Rng): BoostedTrees {
  const [first] = rows;
  if (first === undefined) throw new Error('no rows to learn from');
  const columns = Array.from({ length: first.length }, (_, input) => binned(rows, input));
  let base = 0;
  for (let i = 0; i < rows.length; i++) base += (targets[i] as number) / rows.length;
  const residuals = Float64Array.from(rows, (_, i) => (targets[i] as number) - base);
  const useful = columns.flatMap(({ edges }, input) => (edges.length > 0 ? [input] : []));
  const trees: Tree[] = [];
  if (useful.length === 0) return { base, trees };
  const [rowCount, inputCount] = [
    Math.max(1, Math.round(options.rowShare * rows.length)),
    Math.max(1, Math.round(options.inputShare * useful.length)),
  ];
  const order = Uint32Array.from(rows.keys());
  for (let t = 0; t < options.trees; t++) {
    choose(order, rowCount, rng);
    const inputs = rng.shuffle(useful).slice(0, inputCount);
    const tree = growTree(order.slice(0, rowCount), inputs, { columns, residuals, options });
    for (let i = 0; i < rows.length; i++)
      residuals[i] = (residuals[i] as number) - answerOf(tree, rows[i] as Float64Array);
    trees.push(tree);
  }
  return { base, trees };
}

export function predictBoosted({ base, trees }: BoostedTrees, row: Float64Array): number {
  let sum = base;
  for (const tree of trees) sum += answerOf(tree, row);
  return sum;
}

function answerOf({ inputs, thresholds, left, right, answers }: Tree, row: Float64Array): number {
  let node = 0;
  for (let input = inputs[0] as number; input >= 0; input = inputs[node] as number) {
    node = ((row[input] as number) <= (thresholds[node] as number) ? left[node] : right[node]) as number;
  }
  return answers[node] as number;
}

/** Moves a random choice of `count` to the front (Fisher-Yates, cut short). */
function choose(order: Uint32Array, count: number, rng: Rng): void {
  for (let i = 0; i < count; i++) {
    const j = i + rng.int(order.length - i);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
}

interface Column {
  /** Bin of each row. */
  readonly bins: Uint8Array;
  /** Bin b holds values up to edges[b]; the last bin has no edge. */
  readonly edges: readonly number[];
}

/** Bins of nearly equal numbers of rows, or one for each value where there are few. */
function binned(rows: readonly Float64Array[], input: number): Column {
  const sorted = Float64Array.from(rows, (row) => row[input] as number).sort();
  const values = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
  const between = (low: number, high: number): number => low + (high - low) / 2;
  const edges: number[] = [];
  if (values.length <= mostBins) {
    for (let v = 1; v < values.length; v++) edges.push(between(values[v - 1] as number, values[v] as number));
  } else {
    for (let b = 1; b < mostBins; b++) {
      const at = Math.floor((b * sorted.length) / mostBins);
      const edge = between(sorted[at - 1] as number, sorted[at] as number);
      if (edge !== edges.at(-1) && edge < (sorted.at(-1) as number)) edges.push(edge);
    }
  }
  return { bins: Uint8Array.from(rows, (row) => binOf(edges, row[input] as number)), edges };
}

function binOf(edges: readonly number[], value: number): number {
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= (edges[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}

interface Ground {
  readonly columns: readonly Column[];
  readonly residuals: Float64Array;
  readonly options: BoostingOptions;
}

/** A leaf that may be split: its place in `members`, and the best that a split would do. */
interface Leaf {
  readonly node: number;
  readonly from: number;
  readonly to: number;
  readonly sum: number;
  /** Between which its answer has to lie, for the inputs that it never falls with. */
  readonly low: number;
  readonly high: number;
  readonly split: Split | undefined;
}

interface Split {
  readonly input: number;
  readonly bin: number;
  readonly gain: number;
  readonly leftSum: number;
  readonly leftRows: number;
}

function growTree(members: Uint32Array, inputs: readonly number[], ground: Ground): Tree {
  const { columns, residuals, options } = ground;
  const tree = { inputs: [] as number[], thresholds: [] as number[], left: [] as number[], right: [] as number[] };
  const answers: number[] = [];
  const spare = new Uint32Array(members.length);
  const addLeaf = (from: number, to: number, low: number, high: number): Leaf => {
    const node = tree.inputs.push(-1) - 1;
    for (const list of [tree.thresholds, tree.left, tree.right]) list.push(-1);
    let sum = 0;
    for (let i = from; i < to; i++) sum += residuals[members[i] as number] as number;
    answers.push(options.learningRate * bounded(sum / (to - from + options.shrinkage), low, high));
    const split = bestSplit(members.subarray(from, to), sum, { low, high }, inputs, ground);
    return { node, from, to, sum, low, high, split };
  };
  const open: Leaf[] = [addLeaf(0, members.length, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)];
  for (let leaves = 1; leaves < options.leaves; leaves++) {
    let best = -1;
    for (const [i, { split }] of open.entries()) {
      if (split !== undefined && split.gain > (open[best]?.split?.gain ?? 0)) best = i;
    }
    const [leaf] = best < 0 ? [] : open.splice(best, 1);
    if (leaf?.split === undefined) break;
    const { node, from, to, low, high, sum } = leaf;
    const { input, bin, leftSum, leftRows } = leaf.split;
    const { bins, edges } = columns[input] as Column;
    const middle = part(members, spare, from, to, (row) => (bins[row] as number) <= bin);
    let border: readonly [number, number] = [high, low];
    if (options.increasing.includes(input)) {
      const meanOf = (s: number, n: number): number => bounded(s / (n + options.shrinkage), low, high);
      const between = (meanOf(leftSum, leftRows) + meanOf(sum - leftSum, to - from - leftRows)) / 2;
      border = [between, between];
    }
    const children = [addLeaf(from, middle, low, border[0]), addLeaf(middle, to, border[1], high)] as const;
    tree.inputs[node] = input;
    tree.thresholds[node] = edges[bin] as number;
    [tree.left[node], tree.right[node]] = [children[0].node, children[1].node];
    open.push(...children);
  }
  return { ...tree, answers };
}

/** Puts those that `isLeft` first, in their order; the place where the others begin. */
function part(
  members: Uint32Array,
  spare: Uint32Array,
  from: number,
  to: number,
  isLeft: (row: number) => boolean,
): number {
  let [l, r] = [from, 0];
  for (let i = from; i < to; i++) {
    const row = members[i] as number;
    if (isLeft(row)) members[l++] = row;
    else spare[r++] = row;
  }
  members.set(spare.subarray(0, r), l);
  return l;
}

const [binSums, binRows] = [new Float64Array(mostBins), new Uint32Array(mostBins)];

function bestSplit(
  members: Uint32Array,
  sum: number,
  { low, high }: { readonly low: number; readonly high: number },
  inputs: readonly number[],
  { columns, residuals, options: { leafRows, shrinkage, increasing } }: Ground,
): Split | undefined {
  const count = members.length;
  if (count < 2 * leafRows) return undefined;
  const worth = (s: number, n: number): number => {
    const answer = bounded(s / (n + shrinkage), low, high);
    // what the squared error falls by
    return answer * (2 * s - answer * (n + shrinkage));
  };
  const before = worth(sum, count);
  let best: Split | undefined;
  for (const input of inputs) {
    const { bins, edges } = columns[input] as Column;
    binSums.fill(0);
    binRows.fill(0);
    for (let i = 0; i < count; i++) {
      const row = members[i] as number;
      const bin = bins[row] as number;
      binSums[bin] = (binSums[bin] as number) + (residuals[row] as number);
      binRows[bin] = (binRows[bin] as number) + 1;
    }
    const isIncreasing = increasing.includes(input);
    let [leftSum, leftRows] = [0, 0];
    for (let bin = 0; bin < edges.length; bin++) {
      leftSum += binSums[bin] as number;
      leftRows += binRows[bin] as number;
      const rightRows = count - leftRows;
      if (leftRows < leafRows) continue;
      if (rightRows < leafRows) break;
      if ((binRows[bin] as number) === 0) continue;
      const rightSum = sum - leftSum;
      if (isIncreasing && leftSum / (leftRows + shrinkage) > rightSum / (rightRows + shrinkage)) continue;
      const gain = worth(leftSum, leftRows) + worth(rightSum, rightRows) - before;
      if (gain > (best?.gain ?? 1e-12)) best = { input, bin, gain, leftSum, leftRows };
    }
  }
  return best;
}
