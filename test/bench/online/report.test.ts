import { expect, test } from '@jest/globals';
import type { ArmName } from '../../../bench/online/arms.ts';
import { bestWithin } from '../../../bench/online/bohb.ts';
import { claimsOf, type Run, remarksOf, rowsOf } from '../../../bench/online/report.ts';
import { aRegime } from '../../planner/builders.ts';

const run = (task: string, arm: ArmName, accuracy: number, more: Partial<Run> = {}): Run => ({
  ...{ task, arm, accuracy, cpu: 'a processor', seconds: 59.5, versions: {}, ...more },
});
const trial = (seconds: number, accuracy: number, hits = '') => ({
  ...{ member: 'nano', regime: aRegime(), allowed: seconds, seconds, accuracy, hits },
});
const predicted = { accuracy: 0.7, low: 0.6, high: 0.75, seconds: 50 };
const tasks = ['pets-1', 'insects-2'];
const runs = [
  run('pets-1', 'tune', 0.7, { predicted }),
  run('pets-1', 'efficientnet-lite0', 0.66),
  run('pets-1', 'efficientnet-lite0, all trained', 0.6),
  run('pets-1', 'efficientnet-lite0-6', 0.69),
  run('pets-1', 'efficientnet-lite2', 0.5),
  run('pets-1', 'et-7', 0.4),
  run('pets-1', 'drawn', 0.3),
  run('pets-1', 'bohb', 0.68, { trials: [trial(30, 0.5), trial(30, 0.4), trial(500, 0.68), trial(60, 0.9)] }),
  run('insects-2', 'tune', 0.8, { predicted, seconds: 60.2 }),
  run('insects-2', 'efficientnet-lite0', 0.78),
  run('insects-2', 'efficientnet-lite0, all trained', 0.7),
  run('insects-2', 'efficientnet-lite0-6', 0.74),
  run('insects-2', 'efficientnet-lite2', 0.5),
  run('insects-2', 'et-7', 0.4),
  run('insects-2', 'drawn', 0.7),
];

test('a search has at a time what its finished trials have shown by then', () => {
  const trials = [trial(30, 0.5), trial(30, 0.6), trial(60, 0.9)];
  expect([20, 30, 60, 119, 120].map((seconds) => bestWithin(trials, seconds).seen)).toEqual([0, 0.5, 0.6, 0.9, 0.9]);
});

test.each([
  ['no better than they are where two trials are alike but for luck', ['11100', '00111'], { seen: 0.6, held: 0.2 }],
  ['as good as it is where one trial is better on every part', ['11111', '00111'], { seen: 1, held: 1 }],
  ['as good as guessing where nothing was trained', ['', ''], { seen: 0.5, held: 0.5 }],
])('what a search finds is %s', (_name, hits, found) => {
  const accuracyOf = (some: string) => (some === '' ? 0.5 : some.replaceAll('0', '').length / some.length);
  const trials = hits.map((some) => trial(30, accuracyOf(some), some));
  expect(bestWithin(trials, 60)).toEqual(found);
});

test('means are of all tasks or of those that were searched, and the best default is one that every task had', () => {
  const rows = rowsOf(runs, tasks);
  const mean = (part: string, arm: string) => rows.find((row) => row['tasks'] === part && row['arm'] === arm);
  expect(mean('all', 'nasoa tune')).toMatchObject({ accuracy: 75, lead: 0 });
  expect(mean('all', 'best default in hindsight')).toMatchObject({ accuracy: 72, lead: 3 });
  expect(mean('all', 'best default of each task')).toMatchObject({ accuracy: 72, lead: 3 });
  expect(mean('all', 'BOHB at 10x')).toBeUndefined();
  expect(mean('searched', 'BOHB at 1x')).toMatchObject({ accuracy: 50, lead: 20 });
  expect(mean('searched', 'BOHB at 10x')).toMatchObject({ accuracy: 68, lead: 2 });
  expect(mean('searched', 'BOHB at 10x, by the images that chose')).toMatchObject({ accuracy: 68, lead: 2 });
});

test('a run that may not be re-planned counts as it is', () => {
  const rows = rowsOf([...runs, run('pets-1', 'replan', 0.76)], tasks);
  const row = rows.find((one) => one['tasks'] === 'all' && one['arm'] === 'nasoa tune --replan');
  expect(row).toMatchObject({ accuracy: 78, lead: -3 });
});

test('each lead is told with how sure it is', () => {
  expect(remarksOf(runs, tasks)[0]).toBe(
    'Over best default in hindsight: 3 points with a standard error of 1, on 2 tasks; ahead on 2, behind on 0.',
  );
});

test('claims are of the leads over each default and what else there is, the coverage and the overrun', () => {
  const claims = claimsOf(runs, tasks);
  expect(claims.map(({ value }) => value)).toEqual([3, 25, 3, 10, 3.5, 35, 25, 20, 2, 20, 2, 30, 0.2]);
  expect(claims.map(({ holds }) => holds)).toEqual([...Array(11).fill(true), false, true]);
});
