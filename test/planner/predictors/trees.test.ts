import { describe, expect, test } from '@jest/globals';
import { createRng } from '../../../src/lib/rng.ts';
import { sigmoid } from '../../../src/planner/logit.ts';
import type { Predictor } from '../../../src/planner/predictors/contract.ts';
import { defaultReplay, replay } from '../../../src/planner/predictors/replay.ts';
import { predictors } from '../../../src/planner/predictors/table.ts';

const options = { inputs: 4, seed: 1 };

/** A law that no straight line comes near. */
const law = ([a = 0, b = 0]: Float64Array): number => sigmoid(a > 0 === b > 0 ? 1.5 : -1.5);

const runs = (seed: number, count: number) => {
  const rng = createRng(seed);
  return Array.from({ length: count }, (_, i) => {
    const x = Float64Array.from({ length: options.inputs }, () => rng.normal());
    return { x, y: law(x), group: `set ${i % 5}` };
  });
};

const learnt = (name: keyof typeof predictors): Predictor =>
  replay(predictors[name], options, runs(1, 400), createRng(1), defaultReplay);

const errorOf = (predictor: Predictor): number =>
  runs(2, 200).reduce((sum, { x, y }) => sum + Math.abs(predictor.predictOne(x).mean - y) / 200, 0);

describe('trees over the linear regression', () => {
  test('foresee what depends on two inputs together, which the regression alone cannot', () => {
    expect(errorOf(learnt('trees'))).toBeLessThan(0.5 * errorOf(learnt('ridge')));
  });

  test('keep about as many outcomes as promised in their intervals', () => {
    const predictor = learnt('trees');
    const covered = runs(3, 300).filter(({ x, y }) => {
      const { low, high } = predictor.predictOne(x);
      return low <= y && y <= high;
    });
    expect(covered.length / 300).toBeGreaterThan(0.7);
  });

  test('are moved no further by absurd records than by odd ones', () => {
    const rows = runs(1, 400);
    const odd = rows.map((run, i) => (i === 7 ? { ...run, y: 1e-300 } : run));
    const predictor = replay(predictors.trees, options, odd, createRng(1), defaultReplay);
    expect(errorOf(predictor)).toBeLessThan(1.2 * errorOf(learnt('trees')));
  });

  test('come out of their state as they were, with the trees', () => {
    const original = learnt('trees');
    const copy = predictors.trees.restore(JSON.parse(JSON.stringify(original.state())));
    for (const { x } of runs(4, 50)) expect(copy?.predictOne(x)).toEqual(original.predictOne(x));
  });

  const damages: Readonly<Record<string, (tree: { left: number[]; inputs: number[]; answers: unknown[] }) => void>> = {
    'a way that goes in a circle': ({ left }) => {
      left[0] = 0;
    },
    'an input that is none': ({ inputs }) => {
      inputs[0] = 4;
    },
    'an answer that is no number': ({ answers }) => {
      answers[0] = null;
    },
    'a list cut short': ({ answers }) => {
      answers.pop();
    },
  };
  test.each(Object.entries(damages))('are not restored with %s', (_, damage) => {
    const state = JSON.parse(JSON.stringify(learnt('trees').state()));
    damage(state.model.grown.trees[0]);
    expect(predictors.trees.restore(state)).toBeUndefined();
  });
});
