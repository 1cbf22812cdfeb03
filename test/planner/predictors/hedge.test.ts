import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRng } from '../../../src/lib/rng.ts';
import { hedgeWeights } from '../../../src/planner/predictors/hedge.ts';
import { createNet, descend, forward } from '../../../src/planner/predictors/hedge-net.ts';

describe('hedgeWeights', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  test('stay a distribution in which no head falls far below its floor', () => {
    fc.assert(
      fc.property(fc.array(fc.array(share, { minLength: 4, maxLength: 4 }), { maxLength: 300 }), (rounds) => {
        let alpha: readonly number[] = [0.25, 0.25, 0.25, 0.25];
        for (const losses of rounds) alpha = hedgeWeights(alpha, losses);
        expect(alpha.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
        // the floor s / heads = 0.05 is set before normalising, by a total of at most 1 + heads * floor
        for (const a of alpha) expect(a).toBeGreaterThanOrEqual(0.05 / 1.2);
      }),
    );
  });
  test('move to the head that loses least', () => {
    let alpha: readonly number[] = [1 / 3, 1 / 3, 1 / 3];
    for (let i = 0; i < 500; i++) alpha = hedgeWeights(alpha, [0.5, 0.05, 1]);
    expect(alpha[1]).toBeGreaterThan(0.7);
    expect(alpha[0]).toBeGreaterThan(0.05);
  });
});

describe('the network under hedge backpropagation', () => {
  test('a step goes along the gradient of the weighted losses, by finite differences', () => {
    const rng = createRng(2);
    const x = Float64Array.from({ length: 5 }, () => rng.normal());
    const net = createNet(5, rng);
    for (const head of net.heads) for (let i = 0; i < head.weights.length; i++) head.weights[i] = 0.3 * rng.normal();
    net.alpha = [0.1, 0.2, 0.3, 0.4];
    const target = 5;
    const loss = () =>
      forward(net, x).reduce((sum, f, l) => sum + ((net.alpha[l] as number) * (f - target) ** 2) / 2, 0);
    const slopes = forward(net, x).map((f) => f - target);
    const sampled = [0, 1, 2].flatMap((l) => {
      const weights = net.layers[l]?.weights ?? new Float64Array();
      return [0, 7, 23, 60].map((i) => ({ weights, i }));
    });
    const gradients = sampled.map(({ weights, i }) => {
      const [kept, h] = [weights[i] as number, 1e-5];
      weights[i] = kept + h;
      const above = loss();
      weights[i] = kept - h;
      const below = loss();
      weights[i] = kept;
      return (above - below) / (2 * h);
    });
    const before = sampled.map(({ weights, i }) => weights[i] as number);
    forward(net, x);
    const decay = 0.2;
    descend(net, x, slopes, decay);
    sampled.forEach(({ weights, i }, at) => {
      const [gradient, old] = [gradients[at] as number, before[at] as number];
      const decayed = old * (1 - 0.01 * decay) - 0.01 * gradient;
      // the weights of a silent unit have no gradient and are left alone, decay included
      const wanted = gradient === 0 && weights[i] === old ? old : decayed;
      expect(weights[i]).toBeCloseTo(wanted, 6);
    });
  });
});
