import { expect, test } from '@jest/globals';
import { bestMember, claimsOf, type Run, rowsOf } from '../../../bench/transfer/report.ts';

const run = (dataset: string, arm: string, accuracy: number, budgetSeconds = 60): Run => ({
  ...{ dataset, budgetSeconds, arm, accuracy, seconds: budgetSeconds - 1, inputSize: 64, steps: 100, versions: {} },
  ...{ wallSeconds: budgetSeconds, member: arm, cpu: 'one' },
});
const members = ['nano', 'large'];
const runs = [
  ...[run('pets', 'nano', 0.5), run('pets', 'large', 0.7), run('pets', 'random', 0.3)],
  ...[run('pets', 'lite0 96', 0.6), run('pets', 'lite0 128', 0.65)],
  ...[run('insects', 'nano', 0.6), run('insects', 'large', 0.5), run('insects', 'random', 0.2)],
  ...[run('insects', 'lite0 96', 0.62), run('insects', 'lite0 128', 0.4)],
];

test('the best member is that of the very data set and budget, and no peer', () => {
  expect(bestMember(runs, { dataset: 'pets', budgetSeconds: 60 }, members)?.arm).toBe('large');
  expect(bestMember(runs, { dataset: 'insects', budgetSeconds: 60 }, members)?.arm).toBe('nano');
  expect(bestMember(runs, { dataset: 'pets', budgetSeconds: 180 }, members)).toBeUndefined();
});

test('rows tell the means first, and of each data set who won', () => {
  const rows = rowsOf(runs, members);
  expect(rows.slice(0, 4)).toMatchObject([
    { dataset: 'mean', network: 'nano', accuracy: 55 },
    { dataset: 'mean', network: 'large', accuracy: 60 },
    { dataset: 'mean', network: 'random weights', accuracy: 25 },
    // the better of both sizes for each data set
    { dataset: 'mean', network: 'PyTorch', accuracy: 63.5 },
  ]);
  expect(rows.filter(({ wins }) => wins === true)).toMatchObject([
    { dataset: 'pets', network: 'large' },
    { dataset: 'insects', network: 'nano' },
  ]);
});

test('a mean is of all data sets or is not told', () => {
  const rows = rowsOf([...runs, run('dishes', 'nano', 0.9)], members);
  expect(rows.filter(({ dataset }) => dataset === 'mean')).toMatchObject([{ network: 'nano' }]);
});

test('claims compare the best member of each data set, and the one best on average, with both others', () => {
  const claims = claimsOf(runs, members);
  const leads = [(40 + 40) / 2, (5 - 2) / 2, (40 + 30) / 2, (5 - 12) / 2];
  expect(claims.map(({ value }) => Number(value.toFixed(6)))).toEqual(leads);
  expect(claims.map(({ holds }) => holds)).toEqual([true, true, true, false]);
});
