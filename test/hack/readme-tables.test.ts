import { describe, expect, test } from '@jest/globals';
import type { BenchResult } from '../../hack/readme-tables.ts';
import { fillPage, renderResult } from '../../hack/readme-tables.ts';

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

  test('shows the columns whose meaning it tells, and the meanings', () => {
    const columns = { ms: 'median milliseconds of a step', engine: 'what was timed' };
    const text = renderResult(aResult({ columns }));
    expect(text.split('\n')[0]).toBe('| ms | engine |');
    expect(text).toContain('\n\n- `ms`: median milliseconds of a step\n- `engine`: what was timed\n\n');
  });

  test('has its remarks below the rows, as far as a page shows all of it', () => {
    const result = aResult({ remarks: ['Theirs catches up.', 'Ours does not.'] });
    expect(renderResult(result)).toContain('|\n\n- Theirs catches up.\n- Ours does not.\n\n| claim');
    expect(renderResult(result, { columns: { ms: 'ms' } })).not.toContain('catches up');
  });

  test('says plainly that a claim does not hold', () => {
    const claims = [{ name: 'faster', value: 1.2, bound: 1, holds: false }];
    expect(renderResult(aResult({ claims }))).toContain('| faster | 1.2 | 1 | **no** |');
  });

  test('shows the rows and fields that a page asks for, and all claims', () => {
    const excerpt = { where: { engine: 'theirs' }, columns: { ms: 'time (ms)', engine: 'by' } };
    const lines = renderResult(aResult(), excerpt).split('\n');
    expect(lines.slice(0, 4)).toEqual(['| time (ms) | by |', '| --- | --- |', '| 182 | theirs |', '']);
    expect(lines[6]).toContain('share of the peer');
  });

  test('shows rows with one of several values', () => {
    const rows = ['a', 'b', 'c'].map((engine) => ({ engine }));
    const text = renderResult(aResult({ rows }), { where: { engine: ['a', 'c'] } });
    expect(text).toMatch(/^\| engine \|\n\| --- \|\n\| a \|\n\| c \|\n\n/);
  });

  const claim = (name: string, holds: boolean) => ({ name, value: 0.52801, bound: 0.85, holds });
  test.each([
    ['are counted where all hold', [claim('a', true), claim('b', true)], 'All 2 claims hold.'],
    ['say so where the only one holds', [claim('a', true)], 'Its claim holds.'],
    [
      'name those that do not hold',
      [claim('a', false), claim('b', true), claim('c', false)],
      'Of 3 claims 1 hold. **Not:** a (0.528, bound 0.85); c (0.528, bound 0.85).',
    ],
  ])('its claims in brief %s', (_name, claims, text) => {
    const shown = renderResult(aResult({ claims }), { claims: 'brief' });
    expect(shown).toContain(`\n\n${text}\n\n2 cores; `);
    expect(shown).not.toContain('| claim |');
  });

  test('without claims shows no table of claims', () => {
    expect(renderResult(aResult({ claims: [] }))).not.toContain('holds');
  });
});

describe('a page', () => {
  const readme = "before\n<!-- bench:step -->\nlast year's\n<!-- /bench:step -->\nafter\n";

  test('gets the table between the markers and keeps the rest', () => {
    const filled = fillPage(readme, () => aResult());
    expect(filled).toMatch(/^before\n<!-- bench:step -->\n\| engine/);
    expect(filled).toMatch(/\n<!-- \/bench:step -->\nafter\n$/);
    expect(filled).not.toContain('last year');
  });

  test('filled twice is the same', () => {
    const filled = fillPage(readme, () => aResult());
    expect(fillPage(filled, () => aResult())).toBe(filled);
  });

  test('takes a result with dollar signs as it is', () => {
    expect(fillPage(readme, () => aResult({ machine: "$1 $& $'" }))).toContain("$1 $& $'; nasoa");
  });

  test('says how to measure what was not measured', () => {
    expect(fillPage(readme, () => undefined)).toContain('Not measured yet: `make bench-step`.');
  });

  test('says in the marker what it shows, and keeps saying it', () => {
    const page = '<!-- bench:step {"columns": {"engine": "by"}} -->\nold\n<!-- /bench:step -->\n';
    const filled = fillPage(page, () => aResult());
    expect(filled).toMatch(/^<!-- bench:step \{"columns": \{"engine": "by"\}\} -->\n\| by \|\n/);
    expect(fillPage(filled, () => aResult())).toBe(filled);
  });

  test('with a marker that cannot be read is refused', () => {
    expect(() => fillPage('<!-- bench:step {where} -->\n<!-- /bench:step -->\n', () => aResult())).toThrow(/no JSON/);
  });

  test('with a section that never ends is refused', () => {
    expect(() => fillPage('<!-- bench:tune -->\n', () => undefined)).toThrow(/bench:tune/);
  });
});
