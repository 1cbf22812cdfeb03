import { describe, expect, test } from '@jest/globals';
import type { OptimizerName } from '../../src/graph/optimizers.ts';
import type { TrainingOptions } from '../../src/nas/training-graph.ts';
import type { TrainingModel } from '../../src/nas/training-model.ts';
import { aBatch, aModel, settings } from '../support/models.ts';

function steps(model: TrainingModel, from: number, to: number, learningRate = 0.05): number[] {
  const losses: number[] = [];
  for (let step = from; step <= to; step++) {
    const { images, targets } = aBatch(step);
    losses.push(model.step(images, targets, settings(step, learningRate)));
  }
  return losses;
}

/** Mean over rows of logits [rows, classes]. */
function crossEntropy(logits: Float32Array, targets: Float32Array, rows: number): number {
  const classes = logits.length / rows;
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    const own = logits.subarray(row * classes, (row + 1) * classes);
    const total = Math.log(own.reduce((all, x) => all + Math.exp(x), 0));
    own.forEach((x, label) => {
      sum += (targets[row * classes + label] as number) * (total - x);
    });
  }
  return sum / rows;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const distance = (a: Float32Array, b: Float32Array): number =>
  Math.max(...a.map((v, i) => Math.abs(v - (b[i] as number))));

describe('a model in training', () => {
  test.each<[string, Partial<TrainingOptions>, number]>([
    ['SGD with Nesterov momentum', { optimizer: 'sgd' }, 0.05],
    ['AdamW', { optimizer: 'adamw', weightDecay: 0.01 }, 0.003],
    ['clipped gradients', { clipNorm: 0.5 }, 0.05],
    ['label smoothing', { labelSmoothing: 0.1 }, 0.05],
    ['smaller rates towards the input', { layerDecay: 0.7 }, 0.05],
    ['a moving average', { average: true }, 0.05],
    ['bfloat16 activations', { precision: 'bf16' }, 0.05],
  ])('learns with %s', async (_name, options, learningRate) => {
    const model = await aModel(options);
    const losses = steps(model, 1, 60, learningRate);
    const [begin, end] = [mean(losses.slice(0, 5)), mean(losses.slice(-5))];
    expect(begin).toBeGreaterThan(1.2);
    expect(end).toBeLessThan(0.65 * begin);
    model.close();
  });

  test.each<[string, Partial<TrainingOptions>]>([
    ['SGD', {}],
    ['AdamW, an average and dropout seeds', { optimizer: 'adamw', average: true, clipNorm: 1 }],
    ['a share of the start', { startShare: 0.5 }],
  ])('goes on from its saved state as if it had never stopped, with %s', async (_name, options) => {
    const whole = await aModel(options);
    const expected = steps(whole, 1, 10);
    const first = await aModel(options);
    const begun = steps(first, 1, 5);
    const state = first.state();
    first.close();
    const second = await aModel(options);
    second.restore(state);
    expect([...begun, ...steps(second, 6, 10)]).toEqual(expected);
    expect(second.state()).toEqual(whole.state());
    whole.close();
    second.close();
  });

  test('leaves frozen stages and their statistics as they were', async () => {
    const model = await aModel({ frozenStages: 1 });
    const before = model.weights();
    steps(model, 1, 3);
    const after = model.weights();
    const changed = model.parameters.filter(
      (p) => distance(before.get(p.name)?.data as Float32Array, after.get(p.name)?.data as Float32Array) > 0,
    );
    expect(new Set(changed.map((p) => p.stage))).toEqual(new Set([1, 2, 3]));
    expect(changed).toHaveLength(model.parameters.filter((p) => p.stage > 0).length);
    model.close();
  });

  test('by stored statistics trains all but these, from the very answers of an evaluation', async () => {
    const model = await aModel({ normStatistics: 'stored' });
    const before = model.weights();
    const { images, targets } = aBatch(1);
    const logits = model.logits(images, 8);
    const first = model.step(images, targets, settings(1, 1e-3));
    expect(first).toBeCloseTo(crossEntropy(logits, targets, 8), 4);
    const after = model.weights();
    const changed = model.parameters.filter(
      (p) => distance(before.get(p.name)?.data as Float32Array, after.get(p.name)?.data as Float32Array) > 0,
    );
    expect(changed.map((p) => p.name)).toEqual(model.parameters.filter((p) => !p.statistic).map((p) => p.name));
    model.close();
  });

  test('takes a head that was made elsewhere, and its average with it', async () => {
    const model = await aModel({ average: true });
    const features = model.embed(aBatch(1).images, 8).length / 8;
    const weight = Float32Array.from({ length: 4 * features }, (_, i) => i / 100);
    const bias = Float32Array.of(1, 2, 3, 4);
    model.setHead(weight, bias);
    const { images } = aBatch(2);
    const pooled = model.embed(images, 8);
    const expected = Float32Array.from({ length: 8 * 4 }, (_, at) => {
      const [row, label] = [Math.floor(at / 4), at % 4];
      const own = pooled.subarray(row * features, (row + 1) * features);
      return own.reduce((sum, x, i) => sum + x * (weight[label * features + i] as number), bias[label] as number);
    });
    expect(distance(model.logits(images, 8), expected)).toBeLessThan(1e-3);
    model.close();
  });

  test('evaluates and hands out weights that are on the way back to its start', async () => {
    const [whole, between] = [await aModel(), await aModel({ startShare: 0.25 })];
    const start = whole.weights();
    const trained = [steps(whole, 1, 3), steps(between, 1, 3)];
    expect(trained[1]).toEqual(trained[0]);
    const [end, found] = [whole.weights(), between.weights()];
    for (const { name } of between.parameters) {
      const [a, b] = [start, end].map((weights) => weights.get(name)?.data as Float32Array) as [
        Float32Array,
        Float32Array,
      ];
      const expected = a.map((value, i) => 0.25 * value + 0.75 * (b[i] as number));
      expect(distance(found.get(name)?.data as Float32Array, expected)).toBeLessThan(1e-5);
    }
    const { images } = aBatch(2);
    const [byAll, byNone] = [between.logits(images, 8, 1), between.logits(images, 8, 0)];
    expect(distance(byNone, whole.logits(images, 8))).toBeLessThan(1e-4);
    const logits = between.logits(images, 8);
    whole.start(found, 1);
    expect(distance(logits, whole.logits(images, 8))).toBeLessThan(1e-4);
    whole.start(start, 1);
    expect(distance(byAll, whole.logits(images, 8))).toBeLessThan(1e-4);
    whole.close();
    between.close();
  });

  test('moves each stage by the decay less than the one after it', async () => {
    const [whole, decayed] = [await aModel(), await aModel({ layerDecay: 0.5 })];
    const before = whole.weights();
    const moved = (model: TrainingModel) => {
      steps(model, 1, 1);
      const after = model.weights();
      return (name: string) => distance(before.get(name)?.data as Float32Array, after.get(name)?.data as Float32Array);
    };
    const [of, ofDecayed] = [moved(whole), moved(decayed)];
    const trained = whole.parameters.filter((p) => !p.statistic && of(p.name) > 1e-4);
    expect(new Set(trained.map((p) => p.stage))).toEqual(new Set([0, 1, 2, 3]));
    for (const { name, stage } of trained) expect(ofDecayed(name) / of(name)).toBeCloseTo(0.5 ** (3 - stage), 2);
    whole.close();
    decayed.close();
  });

  test('learns the same from cached activations as from images', async () => {
    const [fromImages, fromCache] = [
      await aModel({ frozenStages: 1 }),
      await aModel({ frozenStages: 1, cachedFeatures: true }),
    ];
    for (let step = 1; step <= 5; step++) {
      const { images, targets } = aBatch(step);
      const expected = fromImages.step(images, targets, settings(step));
      const activations = fromCache.boundary(images, 8);
      expect(fromCache.step(activations, targets, settings(step))).toBeCloseTo(expected, 5);
    }
    const { images } = aBatch(99);
    const difference = distance(fromImages.logits(images, 8), fromCache.logits(fromCache.boundary(images, 8), 8));
    expect(difference).toBeLessThan(1e-4);
    fromImages.close();
    fromCache.close();
  });

  test('evaluates with the average of its weights, not with the last ones', async () => {
    const model = await aModel({ average: true });
    const [plain, { images }] = [await aModel({ average: false }), aBatch(99)];
    steps(model, 1, 3);
    steps(plain, 1, 3);
    expect(distance(model.logits(images, 8), plain.logits(images, 8))).toBeGreaterThan(1e-3);
    model.close();
    plain.close();
  });

  test('takes any number of images at once when it evaluates', async () => {
    const model = await aModel();
    const { images } = aBatch(5);
    const all = model.logits(images, 8);
    const one = model.logits(images.subarray(0, 16 * 16 * 3), 1);
    expect(distance(one, all.subarray(0, 4))).toBeLessThan(1e-5);
    model.close();
  });

  test.each<OptimizerName>(['sgd', 'adamw'])('repeats to the bit with one seed, with %s', async (optimizer) => {
    const [a, b] = [await aModel({ optimizer }), await aModel({ optimizer })];
    expect(steps(a, 1, 8)).toEqual(steps(b, 1, 8));
    a.close();
    b.close();
  });

  test('needs no more memory after 1,000 steps', async () => {
    const model = await aModel({}, '0-_8_-2');
    const { images, targets } = aBatch(1);
    const walk = (from: number, to: number) => {
      for (let step = from; step <= to; step++) model.step(images, targets, settings(step));
    };
    walk(1, 300);
    const before = process.memoryUsage().rss;
    walk(301, 1300);
    const grown = process.memoryUsage().rss - before;
    expect(grown / 2 ** 20).toBeLessThan(32);
    model.close();
  });
});
