import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { atLeast, atMost, exitCode, formatTable, writeResult } from '../../bench/lib/results.ts';
import { geometricMean, median } from '../../bench/lib/statistics.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nasoa-results-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('a written result', () => {
  test('holds rows, claims, versions and the machine, and nothing else lies beside it', async () => {
    const claims = [atMost('largest ratio', 0.9, 1)];
    const path = await writeResult('step', { rows: [{ ratio: 0.9 }], claims, versions: { torch: '2' } }, folder);
    const result: unknown = JSON.parse(await readFile(path, 'utf8'));
    expect(result).toMatchObject({
      name: 'step',
      command: 'make bench-step',
      rows: [{ ratio: 0.9 }],
      claims: [{ name: 'largest ratio', value: 0.9, bound: 1, holds: true }],
      versions: { torch: '2', node: process.versions.node },
      machine: { cores: expect.any(Number), cpu: expect.any(String) },
    });
    expect(await readdir(folder)).toEqual(['step.json']);
  });
});

describe('claims', () => {
  test.each([
    ['at most its bound holds', atMost('a', 1, 1), true],
    ['above the bound does not hold', atMost('a', 1.01, 1), false],
    ['at least its bound holds', atLeast('a', 1, 1), true],
    ['a value that could not be measured holds neither way', atMost('a', Number.NaN, 1), false],
    ['a value that could not be measured holds neither way', atLeast('a', Number.NaN, 1), false],
  ])('%s', (_sentence, claim, holds) => {
    expect(claim.holds).toBe(holds);
  });

  test.each([
    ['fails a strict run', ['--strict'], 1],
    ['lets a plain run pass', [], 0],
  ])('a broken one %s', (_sentence, args, code) => {
    expect(exitCode([atMost('a', 2, 1)], args)).toBe(code);
  });
});

test('a table aligns numbers to the right and shows a dash for what was not measured', () => {
  const rows = [
    { name: 'dense', ms: 9.5 },
    { name: 'wide', ms: 120 },
    { name: 'none', ms: null },
  ];
  expect(formatTable(rows)).toBe(['name      ms', 'dense  9.500', 'wide     120', 'none       -'].join('\n'));
});

describe('statistics', () => {
  test.each([
    ['the middle of an odd count', [3, 1, 2], 2],
    ['the mean of the middle two of an even count', [4, 1, 2, 3], 2.5],
    ['no number for none', [], Number.NaN],
  ])('median: %s', (_sentence, values, want) => {
    expect(median(values)).toBe(want);
  });

  test('the geometric mean of a ratio and its inverse is 1', () => {
    expect(geometricMean([4, 0.25])).toBeCloseTo(1, 12);
  });
});
