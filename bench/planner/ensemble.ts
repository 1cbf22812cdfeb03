/**
 * Boosted trees and neural networks together: trees step where networks are smooth, and they err in other places. What
 * the members disagree on is taken off, one standard deviation of theirs, for the best of hundreds of rows is mostly one
 * that somebody thinks too well of.
 */
import { createRng, deriveSeed } from '../../src/lib/rng.ts';
import { defaultBoosting, fitBoostedTrees, predictBoosted } from '../../src/planner/predictors/boosted-trees.ts';
import { defaultTableNet, fitTableNet, predictTableNet } from '../../src/planner/predictors/table-net.ts';
import { mean } from '../lib/statistics.ts';

export interface Example {
  readonly x: Float64Array;
  readonly y: number;
}

export interface EnsembleOptions {
  /** Inputs that the answer never falls with. */
  readonly increasing: readonly number[];
  readonly seed: number;
}

/** Members of each kind. */
const membersOfKind = 3;

/** What the members say of each of several inputs, in order; networks may not fall along them either. */
export function fitMembers(examples: readonly Example[], { increasing, seed }: EnsembleOptions) {
  const learnt = { rows: examples.map(({ x }) => x), targets: examples.map(({ y }) => y) };
  const rngOf = (kind: string, i: number) => createRng(deriveSeed(seed, `${kind} ${i}`));
  const numbers = Array.from({ length: membersOfKind }, (_, i) => i);
  const trees = numbers.map((i) => fitBoostedTrees(learnt, { ...defaultBoosting, increasing }, rngOf('trees', i)));
  const nets = numbers.map((i) => fitTableNet(learnt, defaultTableNet, rngOf('net', i)));
  return (inputs: readonly Float64Array[]): readonly (readonly number[])[] => [
    ...trees.map((one) => inputs.map((x) => predictBoosted(one, x))),
    ...nets.map((one) => neverFalling(inputs.map((x) => predictTableNet(one, x)))),
  ];
}

/** The answer for one input. */
export function fitEnsemble(examples: readonly Example[], options: EnsembleOptions): (x: Float64Array) => number {
  const members = fitMembers(examples, options);
  return (x) => cautious(members([x]).map(([said]) => said as number));
}

/** The mean less a standard deviation. */
export function cautious(said: readonly number[]): number {
  const middle = mean(said);
  return middle - Math.sqrt(mean(said.map((one) => (one - middle) ** 2)));
}

/** The most so far. */
function neverFalling(values: readonly number[]): readonly number[] {
  let best = Number.NEGATIVE_INFINITY;
  return values.map((value) => {
    best = Math.max(best, value);
    return best;
  });
}
