import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { toFloat32 } from '../../src/nas/host-tensor.ts';
import type { Regime } from '../../src/planner/types.ts';
import type { FineTuned } from '../../src/train/fine-tune.ts';
import { labelsOf, NeverBegun } from '../../src/train/fine-tune.ts';
import { accuracyOf } from '../../src/train/metrics.ts';
import { type SmallRuns, smallRuns } from '../support/small-run.ts';

let small: SmallRuns;
beforeAll(async () => {
  small = await smallRuns();
});
afterAll(() => small.close());

const bits = ({ weights }: FineTuned) =>
  new Map(
    [...weights].map(([name, t]) => [
      name,
      Buffer.from(t.data.buffer, t.data.byteOffset, t.data.byteLength).toString('base64'),
    ]),
  );
const largestDifference = (a: FineTuned, b: FineTuned): number =>
  Math.max(
    ...[...a.weights].map(([name, tensor]) => {
      const other = b.weights.get(name);
      if (!other) return Number.NaN;
      const values = toFloat32(other);
      return Math.max(...toFloat32(tensor).map((v, i) => Math.abs(v - (values[i] as number))));
    }),
  );
const accuracy = ({ logits, rows }: FineTuned) =>
  accuracyOf(logits ?? new Float32Array(), labelsOf(small.store, rows), small.store.dataset.classes.length);

const regimes: readonly [string, Partial<Regime>][] = [
  ['AdamW with strong augmentation, mixup and an average', { augmentation: 'strong', mix: 'mixup', ema: 0.9 }],
  ['SGD with cutmix', { optimizer: 'sgd', learningRate: 0.05, augmentation: 'medium', mix: 'cutmix' }],
  ['smaller rates towards the input and dropout', { layerDecay: 0.7, dropout: 0.2 }],
  ['frozen stages over images', { frozenStages: 2, augmentation: 'light' }],
  ['frozen stages over cached activations', { frozenStages: 2 }],
  ['stored statistics and a fitted head', { normStatistics: 'stored', headStart: 'fitted', augmentation: 'light' }],
  ['a fitted head over cached activations', { frozenStages: 2, headStart: 'fitted', ema: 0.9 }],
  ['a quarter of the start', { headStart: 'fitted', normStatistics: 'stored', startShare: 0.25, frozenStages: 2 }],
  ['bfloat16', { precision: 'bf16' }],
];

describe.each(regimes)('%s', (_name, regime) => {
  let whole: FineTuned;
  beforeAll(async () => {
    whole = await small.run(regime);
  });

  test('learns to tell the colours apart', async () => {
    expect(accuracy(await small.run({ ...regime, steps: 60 }))).toBeGreaterThan(0.7);
  });

  test.each([[[1]], [[4, 11]]])('stopped after steps %j and resumed equals the whole run to the bit', async (stops) => {
    const parts = await small.runInParts(regime, stops);
    expect(bits(parts)).toEqual(bits(whole));
    expect(parts.logits).toEqual(whole.logits);
    expect(parts.outcome).toMatchObject({ step: 12, stopped: 'completed', resumed: stops.length });
  });
});

test.each([
  ['images', {}],
  ['cached activations', { frozenStages: 2 }],
])('a run over %s repeats to the bit with one seed', async (_name, regime) => {
  const [first, second] = [await small.run(regime), await small.run(regime)];
  expect(bits(second)).toEqual(bits(first));
  expect(second.logits).toEqual(first.logits);
});

test('another seed gives another run', async () => {
  expect(bits(await small.run({}, { seed: 8 }))).not.toEqual(bits(await small.run({})));
});

test('cached activations train the same weights as the images themselves', async () => {
  const cached = await small.run({ frozenStages: 2 });
  const whole = await small.run({ frozenStages: 2 }, { cacheBytes: 0 });
  expect(largestDifference(cached, whole)).toBeLessThan(1e-4);
  expect(accuracy(cached)).toBe(accuracy(whole));
});

test('a run over cached activations hears the signal', async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 300);
  const { outcome } = await small.run({ frozenStages: 3, steps: 1e6 }, { signal: controller.signal });
  expect(outcome.stopped).toBe('interrupted');
  expect(outcome.activeSeconds).toBeLessThan(10);
});

test('a signal while activations are computed keeps what was reached and the time used', async () => {
  const controller = new AbortController();
  const { outcome, logits } = await small.run(
    { frozenStages: 2 },
    { signal: controller.signal, onProgress: () => controller.abort() },
  );
  expect(logits).toBeUndefined();
  expect(outcome).toMatchObject({ step: 0, stopped: 'interrupted' });
  expect(outcome.activeSeconds).toBeGreaterThan(0);
});

test('where the time is up before all activations are there, the run fails with a remedy', async () => {
  const run = small.run({ frozenStages: 2 }, { deadlineSeconds: 0.001 });
  await expect(run).rejects.toBeInstanceOf(NeverBegun);
  await expect(run).rejects.toMatchObject({ remedy: expect.stringContaining('--budget') });
});

test('a checkpoint is kept at the end, so that what follows may be killed', async () => {
  const kept: number[] = [];
  const keep = async ({ progress }: { progress: { step: number } }) => void kept.push(progress.step);
  await small.run({}, { keep });
  expect(kept).toEqual([12]);
});

test('the time of evaluations is told apart, and the curve has them', async () => {
  const { outcome } = await small.run({}, { evaluations: 2 });
  expect(outcome.curve.map(({ step }) => step)).toEqual([4, 8, 12]);
  expect(outcome.curve.filter((point) => point.accuracy !== undefined)).toHaveLength(2);
  expect(outcome.evaluationSeconds).toBeGreaterThan(0);
  expect(outcome.trainingSeconds + outcome.evaluationSeconds).toBeLessThanOrEqual(outcome.activeSeconds);
});

test('the last evaluation takes as many images as there is time for, evenly over the classes', async () => {
  const options = { evaluationImages: 8 };
  const [hurried, patient] = [
    await small.run({ steps: 2 }, { ...options, lastEvaluationSeconds: 0 }),
    await small.run({ steps: 2 }, { ...options, lastEvaluationSeconds: 1000 }),
  ];
  expect([hurried.rows.length, hurried.logits?.length]).toEqual([8, 32]);
  expect([...labelsOf(small.store, hurried.rows)]).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  expect([patient.rows.length, patient.logits?.length]).toEqual([12, 48]);
});
