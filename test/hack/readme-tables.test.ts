import { describe, expect, test } from '@jest/globals';
import type { BenchResult } from '../../hack/readme-tables.ts';
import { fillReadme, renderResult } from '../../hack/readme-tables.ts';

const aResult = (changes: Partial<BenchResult> = {}): BenchResult => ({
  machine: '2 cores',
  versions: { nasoa: '0.1.0', node: '24.21.0' },
  rows: [
    { engine: 'ours', ms: 96.12345, steps: 1000 },
    { engine: 'theirs', ms: 182, note: 'a | b' },
  ],
  claims: [{ name: 'share of the peer', value: 0.528, bound: 0.85, holds: true }],
  ...changes,
});

describe('a result', () => {
  test('shows every field of its rows, numbers with four digits, and its claims', () => {
    expect(renderResult(aResult())).toBe(
      [
        '| engine | ms | steps | note |',
        '| --- | --- | --- | --- |',
        '| ours | 96.12 | 1000 |  |',
        '| theirs | 182 |  | a \\| b |',
        '',
        '| claim | value | bound | holds |',
        '| --- | --- | --- | --- |',
        '| share of the peer | 0.528 | 0.85 | yes |',
        '',
        '2 cores; nasoa 0.1.0, node 24.21.0.',
        '',
      ].join('\n'),
    );
  });

  test('shows the columns that it names, under their headings', () => {
    const columns = [{ name: 'ms', heading: 'time (ms)' }, 'engine'];
    expect(renderResult(aResult({ columns })).split('\n')[0]).toBe('| time (ms) | engine |');
  });

  test('shows the columns whose meaning it tells', () => {
    const columns = { ms: 'median milliseconds of a step', engine: 'what was timed' };
    expect(renderResult(aResult({ columns })).split('\n')[0]).toBe('| ms | engine |');
  });

  test('says plainly that a claim does not hold', () => {
    const claims = [{ name: 'faster', value: 1.2, bound: 1, holds: false }];
    expect(renderResult(aResult({ claims }))).toContain('| faster | 1.2 | 1 | **no** |');
  });

  test('without claims shows no table of claims', () => {
    expect(renderResult(aResult({ claims: [] }))).not.toContain('holds');
  });
});

describe('a README', () => {
  const readme = "before\n<!-- bench:step -->\nlast year's\n<!-- /bench:step -->\nafter\n";

  test('gets the table between the markers and keeps the rest', () => {
    const filled = fillReadme(readme, () => aResult());
    expect(filled).toMatch(/^before\n<!-- bench:step -->\n\| engine/);
    expect(filled).toMatch(/\n<!-- \/bench:step -->\nafter\n$/);
    expect(filled).not.toContain('last year');
  });

  test('filled twice is the same', () => {
    const filled = fillReadme(readme, () => aResult());
    expect(fillReadme(filled, () => aResult())).toBe(filled);
  });

  test('takes a result with dollar signs as it is', () => {
    expect(fillReadme(readme, () => aResult({ machine: "$1 $& $'" }))).toContain("$1 $& $'; nasoa");
  });

  test('says how to measure what was not measured', () => {
    expect(fillReadme(readme, () => undefined)).toContain('Not measured yet: `make bench-step`.');
  });

  test('with a section that never ends is refused', () => {
    expect(() => fillReadme('<!-- bench:tune -->\n', () => undefined)).toThrow(/bench:tune/);
  });
});
