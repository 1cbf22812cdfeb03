import { describe, expect, test } from '@jest/globals';
import { versionsOf } from '../../bench/lib/processors.ts';
import { archiveOf } from '../../bench/tune/datasets.ts';
import { middleMember } from '../../bench/tune/middle-member.ts';
import { parseOptions } from '../../bench/tune/options.ts';
import { claimsOf, columns, rowsOf } from '../../bench/tune/report.ts';
import { comparisonsOf, type Run, runOf, tasksOf } from '../../bench/tune/runs.ts';
import { renderResult } from '../../hack/readme-tables.ts';

const aRun = (changes: Partial<Run> = {}): Run => ({
  ...{ dataset: 'pets', budgetSeconds: 60, arm: 'tune', repeat: 0 },
  ...{ accuracy: 0.5, seconds: 59.5, wallSeconds: 63, member: 'small', inputSize: 64, steps: 900 },
  predicted: { accuracy: 0.45, low: 0.35, high: 0.55, seconds: 55 },
  versions: { tensorflow: '2.21.0' },
  ...{ finishedAt: '2026-03-14T09:26:53.000Z', zoo: 'aaaaaaaaaaaa', cpu: 'one' },
  ...changes,
});

/** A run of another arm, which predicts nothing. */
function aPeer(changes: Partial<Run>): Run {
  const { predicted: _, ...run } = aRun(changes);
  return run;
}

const claimed = (runs: readonly Run[], words: RegExp): [number, boolean] | undefined => {
  const claim = claimsOf(runs).find(({ name }) => words.test(name));
  return claim && [Number(claim.value.toFixed(6)), claim.holds];
};

describe('rows', () => {
  test('begin with the mean of each budget and arm, then show every run', () => {
    const runs = [
      aRun({ budgetSeconds: 180 }),
      aRun({ accuracy: 0.4 }),
      aRun({ dataset: 'insects', accuracy: 0.6, predicted: { accuracy: 0.4, low: 0.3, high: 0.5, seconds: 50 } }),
      aPeer({ arm: 'lite0', accuracy: 0.7, member: 'efficientnet-lite0' }),
    ];
    const rows = rowsOf(runs);
    expect(rows.map(({ dataset, budgetSeconds, arm, accuracy }) => [dataset, budgetSeconds, arm, accuracy])).toEqual([
      ['mean', 60, 'nasoa tune', 0.5],
      ['mean', 60, 'EfficientNet-Lite0, PyTorch', 0.7],
      ['mean', 180, 'nasoa tune', 0.5],
      ['pets', 180, 'nasoa tune', 0.5],
      ['pets', 60, 'nasoa tune', 0.4],
      ['insects', 60, 'nasoa tune', 0.6],
      ['pets', 60, 'EfficientNet-Lite0, PyTorch', 0.7],
    ]);
    expect(rows.map(({ held }) => held)).toEqual(['1 of 2', null, '1 of 1', true, true, false, null]);
    for (const row of rows) expect(Object.keys(row)).toEqual(Object.keys(columns));
  });

  test.each([
    ['at its lower end', 0.35, true],
    ['below it', 0.3499, false],
    ['at its upper end', 0.55, true],
    ['above it', 0.5501, false],
  ])('an accuracy %s of the interval', (_name, accuracy, held) => {
    expect(rowsOf([aRun({ accuracy })])[1]?.['held']).toBe(held);
  });
});

describe('claims', () => {
  test.each([
    ['a second over 60 s is still allowed', 60, 61, true],
    ['more is not', 60, 61.01, false],
    ['1 % over 180 s is still allowed', 180, 181.8, true],
    ['more than that is not', 180, 181.9, false],
  ])('%s', (_name, budgetSeconds, seconds, holds) => {
    const runs = [aRun({ budgetSeconds }), aRun({ dataset: 'insects', budgetSeconds, seconds })];
    expect(claimed(runs, /overrun/)).toEqual([Number((seconds - budgetSeconds).toFixed(3)), holds]);
  });

  test('compare only data sets that both arms have run', () => {
    const runs = [
      aRun({ accuracy: 0.5 }),
      aRun({ dataset: 'insects', accuracy: 0.9 }),
      aPeer({ arm: 'default', accuracy: 0.55 }),
    ];
    expect(claimed(runs, /default/)).toEqual([-0.05, false]);
  });

  test('hold for equal arms, and speak only of what was run', () => {
    const runs = [aRun(), aPeer({ arm: 'random' })];
    expect(claimed(runs, /random/)).toEqual([0, true]);
    expect(claimsOf(runs)).toHaveLength(2);
    expect(claimsOf([aPeer({ arm: 'lite0' })])).toEqual([]);
  });

  test('ask for three points more than the peer, and for at most one less on any data set', () => {
    const runs = [
      ...[aRun({ accuracy: 0.75 }), aPeer({ arm: 'lite0', accuracy: 0.65 })],
      aRun({ dataset: 'insects', accuracy: 0.6 }),
      aPeer({ dataset: 'insects', arm: 'lite0', accuracy: 0.62 }),
    ];
    expect(claimed(runs, /^mean accuracy/)).toEqual([0.04, true]);
    expect(claimed(runs, /worst data set/)).toEqual([-0.02, false]);
  });

  test('are made for each budget', () => {
    const runs = [60, 180].flatMap((budgetSeconds) => [
      aRun({ budgetSeconds }),
      ...(['random', 'default', 'lite0', 'lite2'] as const).map((arm) => aPeer({ arm, budgetSeconds })),
    ]);
    expect(claimsOf(runs)).toHaveLength(14);
  });
});

test('the README shows the rows and claims as they are', () => {
  const runs = [aRun(), aPeer({ arm: 'lite0', accuracy: 0.62, versions: { torch: '2.15.0' } })];
  const text = renderResult({
    machine: { cpu: 'some', cores: 2 },
    versions: versionsOf(runs),
    ...{ rows: rowsOf(runs), claims: claimsOf(runs), columns },
  });
  expect(text).toContain('| pets | 60 | nasoa tune | 0.5 | 59.5 | 63 | small | 64 | 900 | 0.45 | 0.35 | 0.55 | yes |');
  expect(text).toMatch(/EfficientNet-Lite0, PyTorch" at 60 s \| -0.12 \| 0.03 \| \*\*no\*\* \|/);
  expect(text).toContain('tensorflow 2.21.0, torch 2.15.0');
});

describe('a benchmark', () => {
  const everything = parseOptions([]);

  test('runs the arms of a data set one after the other, tune before what needs its plan', () => {
    const tasks = tasksOf({ ...everything, datasets: ['pets', 'dishes'], repeats: 2 });
    expect(tasks).toHaveLength(2 * 2 * 2 * 5);
    expect(tasks.slice(0, 6).map(({ dataset, arm }) => `${dataset} ${arm}`)).toEqual([
      ...['pets tune', 'pets random', 'pets default', 'pets lite0', 'pets lite2', 'dishes tune'],
    ]);
  });

  test('compares the arms of a data set, a budget and a repeat', () => {
    const tasks = tasksOf({ ...everything, datasets: ['pets', 'dishes'], budgets: [60], repeats: 2 });
    const comparisons = comparisonsOf(tasks);
    expect(comparisons.map((arms) => arms.map(({ arm }) => arm))).toEqual(Array(4).fill(everything.arms));
    expect(comparisons.flat()).toEqual(tasks);
  });

  test('finds the run of a task among those kept', () => {
    const runs = [aRun(), aPeer({ arm: 'lite0' })];
    expect(runOf(runs, { dataset: 'pets', budgetSeconds: 60, arm: 'lite0', repeat: 0 })).toBe(runs[1]);
    expect(runOf(runs, { dataset: 'pets', budgetSeconds: 60, arm: 'lite0', repeat: 1 })).toBeUndefined();
  });

  test.each([
    [[], true],
    [['--repeats', '3'], true],
    [['--budgets', '180,60,300'], true],
    [['--budgets', '60'], false],
    [['--datasets', 'pets'], false],
    [['--arms', 'tune,random'], false],
    [['--zoo', 'mine'], false],
  ])('with %j is whole: %s', (args, isWhole) => {
    expect(parseOptions(args)).toMatchObject({ isWhole });
  });

  test.each([
    [['--datasets', 'pets,birds'], /"birds" of --datasets is unknown/],
    [['--arms', 'lite1'], /"lite1" of --arms/],
    [['--budgets', '60,x'], /"x" of --budgets/],
    [['--repeats', '0'], /"0" of --repeats/],
    [['--budget', '60'], /Unknown option '--budget'/],
  ])('with %j is refused', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });

  test('without the development data says where they should be', async () => {
    await expect(archiveOf('pets', { NASOA_SHARED: '/nowhere' })).rejects.toMatchObject({
      message: 'The data set pets of the benchmark is not at "/nowhere/datasets/pets.tar.gz".',
      remedy: expect.stringContaining('NASOA_SHARED'),
    });
  });
});

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2],
  [[5], 5],
])('of members with %j million MACs the middle one has %d', (costs, wanted) => {
  expect(middleMember(costs.map((macsM) => ({ macsM })))).toEqual({ macsM: wanted });
});
