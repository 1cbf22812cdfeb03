import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { freshProgress } from '../../src/train/checkpoint.ts';
import type { Seen } from '../../src/train/loop.ts';
import { type SimulatedRun, simulate } from '../support/simulated-run.ts';

const steady = (seconds: number) => () => seconds;
const last = (values: readonly number[]): number => values.at(-1) ?? Number.NaN;
const lastOf = (run: { readonly learningRates: readonly number[] }): number =>
  last(run.learningRates) / Math.max(...run.learningRates);

describe('the length of a run', () => {
  test.each<[string, SimulatedRun, { steps: number; stopped: string }]>([
    ['is what was planned without a deadline', { stepSeconds: steady(5) }, { steps: 1000, stopped: 'completed' }],
    [
      'is what was planned where that fits',
      { stepSeconds: steady(0.01), deadlineSeconds: 10.3 },
      { steps: 1000, stopped: 'completed' },
    ],
    [
      'is cut where the machine is slower than planned',
      { stepSeconds: steady(0.02), deadlineSeconds: 10 },
      { steps: 500, stopped: 'budget' },
    ],
    [
      'grows where time is left over',
      { stepSeconds: steady(0.005), deadlineSeconds: 7, stretch: 1.5 },
      { steps: 1400, stopped: 'completed' },
    ],
    [
      'grows by no more than is allowed',
      { stepSeconds: steady(0.001), deadlineSeconds: 100, stretch: 1.5 },
      { steps: 1500, stopped: 'completed' },
    ],
    [
      'grows within the time that was planned, not to the deadline',
      { stepSeconds: steady(0.001), deadlineSeconds: 100, plannedSeconds: 2.5, stretch: 4 },
      { steps: 2475, stopped: 'completed' },
    ],
    [
      'takes longer than planned where the machine is slower, up to the deadline',
      { stepSeconds: steady(0.02), deadlineSeconds: 30, plannedSeconds: 10, stretch: 4 },
      { steps: 1000, stopped: 'completed' },
    ],
    [
      'grows again where the first steps were slow',
      { stepSeconds: (step) => (step < 40 ? 0.05 : 0.005), deadlineSeconds: 15, stretch: 4 },
      { steps: 2580, stopped: 'completed' },
    ],
    [
      'keeps the plan where no growth is allowed',
      { stepSeconds: steady(0.001), deadlineSeconds: 100 },
      { steps: 1000, stopped: 'completed' },
    ],
    [
      'recovers after the machine was slow for a while',
      { stepSeconds: (step) => (step > 100 && step < 150 ? 0.03 : 0.01), deadlineSeconds: 11.5 },
      { steps: 1000, stopped: 'completed' },
    ],
    [
      'is not cut by a first step that tunes its kernels',
      { stepSeconds: (step) => (step === 1 ? 1 : 0.005), deadlineSeconds: 6.2 },
      { steps: 1000, stopped: 'completed' },
    ],
    [
      'counts evaluations',
      { stepSeconds: steady(0.01), evaluations: 4, evaluationSeconds: steady(0.5), deadlineSeconds: 10 },
      { steps: 790, stopped: 'budget' },
    ],
    [
      'is nothing where time was up before the first step',
      { stepSeconds: steady(0.01), deadlineSeconds: 10, usedSeconds: 12 },
      { steps: 0, stopped: 'budget' },
    ],
  ])('%s', async (_name, run, { steps, stopped }) => {
    const outcome = await simulate(run);
    expect(outcome.stopped).toBe(stopped);
    expect(Math.abs(outcome.step - steps)).toBeLessThanOrEqual(0.02 * steps);
  });

  test('grows early on: later steps only cut it', async () => {
    const stepSeconds = (step: number) => (step < 500 ? 0.01 : 0.001);
    const { lengths, step } = await simulate({ stepSeconds, deadlineSeconds: 12, stretch: 1.5 });
    expect(step).toBeGreaterThan(1000);
    expect(step).toBeLessThan(1250);
    expect(Math.max(...lengths)).toBe(Math.max(...lengths.slice(0, 200)));
  });

  test('uses the time that there is', async () => {
    const outcome = await simulate({ stepSeconds: steady(0.02), deadlineSeconds: 10, evaluations: 4 });
    expect(outcome.activeSeconds).toBeGreaterThan(9.7);
    expect(outcome.activeSeconds).toBeLessThanOrEqual(10);
  });
});

describe('the learning rate', () => {
  test.each<[string, SimulatedRun]>([
    ['as planned', { stepSeconds: steady(0.01) }],
    ['of a cut run', { stepSeconds: steady(0.05), deadlineSeconds: 10 }],
    ['of a run that became slow', { stepSeconds: (step) => (step < 300 ? 0.01 : 0.05), deadlineSeconds: 10 }],
    [
      'of a run with slow evaluations',
      { stepSeconds: steady(0.01), evaluations: 4, evaluationSeconds: steady(1), deadlineSeconds: 8 },
    ],
    ['of a longer run', { stepSeconds: steady(0.001), deadlineSeconds: 60, stretch: 1.5 }],
  ])('%s begins above 0 and ends near it', async (_name, run) => {
    const outcome = await simulate(run);
    expect(outcome.learningRates[0]).toBeGreaterThan(0);
    expect(lastOf(outcome)).toBeLessThan(0.01);
  });
});

describe('evaluations', () => {
  const accuracies = async (run: SimulatedRun) => {
    const { curve, ...outcome } = await simulate(run);
    return { ...outcome, steps: curve.flatMap((p) => (p.accuracy === undefined ? [] : [p.step])) };
  };
  test('are spread evenly over the run', async () => {
    expect((await accuracies({ stepSeconds: steady(1), evaluations: 4 })).steps).toEqual([200, 400, 600, 800]);
  });
  test('are left out where they would take too much of the time left', async () => {
    const run = { stepSeconds: steady(0.01), evaluations: 4, evaluationSeconds: steady(4), evaluationSteps: 400 };
    const outcome = await accuracies({ ...run, deadlineSeconds: 10 });
    expect(outcome.steps).toEqual([]);
    expect(outcome.step).toBeGreaterThan(970);
  });
  test('are given up where one turns out so slow, and training goes on', async () => {
    const run = { stepSeconds: steady(0.01), evaluations: 4, evaluationSeconds: steady(30) };
    const outcome = await accuracies({ ...run, deadlineSeconds: 10 });
    expect(outcome.steps).toEqual([]);
    expect(outcome.activeSeconds).toBeLessThanOrEqual(10.1);
    expect(outcome.step).toBeGreaterThan(300);
  });
  test('of a run that goes on are those still to come', async () => {
    const from = { ...freshProgress(1000), step: 500, activeSeconds: 5 };
    expect((await accuracies({ stepSeconds: steady(1), evaluations: 4, from })).steps).toEqual([600, 800]);
  });
});

describe('a judgement after an evaluation', () => {
  const half = ({ share }: Seen): boolean => share >= 0.5;
  const run = { stepSeconds: steady(0.01), evaluations: 4, deadlineSeconds: 60, stretch: 4 };

  test('sees how far the run is and all accuracies so far', async () => {
    const seen: Seen[] = [];
    const judge = (one: Seen) => {
      seen.push(one);
      return 'go on' as const;
    };
    await simulate({ ...run, deadlineSeconds: 10.5, stretch: 1, judge });
    expect(seen.map(({ share }) => Number(share.toFixed(1)))).toEqual([0.2, 0.4, 0.6, 0.8]);
    expect(seen.map(({ accuracies }) => accuracies.length)).toEqual([1, 2, 3, 4]);
    expect(seen[3]?.secondsLeft).toBeCloseTo(2.5, 1);
  });

  test('may give the run up at once', async () => {
    const outcome = await simulate({ ...run, stretch: 1, judge: (seen) => (half(seen) ? 'abandon' : 'go on') });
    expect(outcome).toMatchObject({ step: 600, stopped: 'abandoned' });
  });

  test('may cut the schedule: the rate falls to its end, and nothing makes the run longer again', async () => {
    const outcome = await simulate({ ...run, stretch: 1, judge: (seen) => (half(seen) ? 'anneal' : 'go on') });
    expect(outcome).toMatchObject({ step: 680, stopped: 'completed', isAnnealed: true });
    expect(lastOf(outcome)).toBeLessThan(0.01);
  });

  test('a run that was cut stays so when it goes on', async () => {
    const from = { ...freshProgress(1000), step: 600, steps: 680, activeSeconds: 6, isAnnealed: true };
    const outcome = await simulate({ ...run, from });
    expect(outcome).toMatchObject({ step: 680, stopped: 'completed' });
  });
});

describe('the signal', () => {
  test('stops the run after the step it comes in', async () => {
    const outcome = await simulate({ stepSeconds: steady(0.01), abortAfterStep: 37 });
    expect(outcome).toMatchObject({ step: 37, stopped: 'interrupted' });
  });
  test('after the last step comes too late to interrupt', async () => {
    const outcome = await simulate({ stepSeconds: steady(0.01), regime: { steps: 37 }, abortAfterStep: 37 });
    expect(outcome).toMatchObject({ step: 37, stopped: 'completed' });
  });
});

describe('checkpoints', () => {
  test('come as often as asked and know the time used', async () => {
    const { checkpoints } = await simulate({ stepSeconds: steady(0.125), checkpointEverySeconds: 24.9 });
    expect(checkpoints.map(({ step }) => step)).toEqual([200, 400, 600, 800, 1000]);
    expect(checkpoints.map(({ activeSeconds }) => activeSeconds)).toEqual([25, 50, 75, 100, 125]);
  });
  test('take a fiftieth of the time at most where they are slow', async () => {
    const run = { stepSeconds: steady(0.1), checkpointEverySeconds: 2, checkpointSeconds: 1 };
    expect((await simulate({ ...run, regime: { steps: 3000 } })).checkpoints).toHaveLength(6);
  });
  test('do not push a run over its time', async () => {
    const run = { stepSeconds: steady(0.1), checkpointEverySeconds: 9.2, checkpointSeconds: 0.9 };
    const outcome = await simulate({ ...run, deadlineSeconds: 10 });
    expect(outcome.activeSeconds).toBeLessThanOrEqual(10);
  });
});

test('an evaluation that is due after the first step is left out where it would not fit', async () => {
  const outcome = await simulate({
    ...{ deadlineSeconds: 3.57, usedSeconds: 3.39, regime: { steps: 2 }, stepSeconds: steady(0.15) },
    ...{ evaluations: 1, evaluationSteps: 17, evaluationSeconds: steady(8.6) },
  });
  expect(outcome.evaluationSeconds).toBe(0);
  // the second step, begun in time
  expect(outcome.activeSeconds).toBeCloseTo(3.69);
});

/** Times of a machine that changes its pace now and then, with steps of at most a second. */
const machines = fc.record({
  deadlineSeconds: fc.double({ min: 2, max: 600, noNaN: true }),
  baseSeconds: fc.double({ min: 0.001, max: 0.25, noNaN: true }),
  changes: fc.array(fc.record({ at: fc.nat(3000), factor: fc.double({ min: 0.25, max: 4, noNaN: true }) })),
  jitter: fc.array(fc.double({ min: 0.7, max: 1, noNaN: true }), { minLength: 1, maxLength: 7 }),
  planned: fc.integer({ min: 1, max: 3000 }),
  evaluations: fc.nat(6),
  evaluationSteps: fc.nat(60),
  guess: fc.double({ min: 0.3, max: 3, noNaN: true }),
  usedShare: fc.double({ min: 0, max: 0.95, noNaN: true }),
  checkpointSeconds: fc.double({ min: 0, max: 0.5, noNaN: true }),
});

test('whatever the pace of the machine, the run ends in time: at most 1 % or 1 s over', async () => {
  await fc.assert(
    fc.asyncProperty(machines, async (m) => {
      const factor = (step: number) => m.changes.findLast(({ at }) => step >= at)?.factor ?? 1;
      const stepSeconds = (step: number) => m.baseSeconds * factor(step) * (m.jitter[step % m.jitter.length] ?? 1);
      const outcome = await simulate({
        stepSeconds,
        evaluationSeconds: (step) => m.evaluationSteps * stepSeconds(step),
        evaluationSteps: m.evaluationSteps * m.guess,
        evaluations: m.evaluations,
        checkpointSeconds: m.checkpointSeconds,
        checkpointEverySeconds: 2,
        regime: { steps: m.planned },
        usedSeconds: m.usedShare * m.deadlineSeconds,
        deadlineSeconds: m.deadlineSeconds,
        stretch: 1.5,
      });
      const over = outcome.activeSeconds - m.deadlineSeconds;
      expect(over).toBeLessThanOrEqual(Math.max(1, 0.01 * m.deadlineSeconds));
      expect(outcome.step).toBeLessThanOrEqual(Math.round(1.5 * m.planned));
      expect(outcome.learningRates.every((rate) => rate >= 0)).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test.each([
  ['no number', Number.NaN],
  ['infinite', Number.POSITIVE_INFINITY],
])('a loss that is %s ends the run with its step and a remedy', async (_name, loss) => {
  const run = simulate({ stepSeconds: () => 0.1, loss: (step) => (step === 7 ? loss : 1) });
  await expect(run).rejects.toMatchObject({
    message: 'The training diverged at step 7.',
    remedy: expect.stringContaining('--learning-rate'),
  });
});
