import { describe, expect, test } from '@jest/globals';
import { paintFor, plainPaint } from '../../../src/cli/terminal/paint.ts';
import { renderFacts, renderTable } from '../../../src/cli/terminal/table.ts';
import { displayWidth, printable, truncate } from '../../../src/cli/terminal/width.ts';

test.each([
  ['plain', 5],
  ['', 0],
  ['Zürich', 6],
  ['u\u0308ber', 4],
  ['日本の城', 8],
  ['한글', 4],
  ['👩‍🚀 up', 5],
  ['🇺🇦', 2],
  ['❤️', 2],
  ['\u001b[1mbold\u001b[22m', 4],
])('%j takes %i columns', (text, columns) => {
  expect(displayWidth(text)).toBe(columns);
});

test.each([
  ['golden retriever', 8, 'golden …'],
  ['日本の城下町', 5, '日本…'],
  ['short', 8, 'short'],
  ['anything', 0, ''],
])('%j cut to %i columns is %j', (text, columns, cut) => {
  expect(truncate(text, columns)).toBe(cut);
  expect(displayWidth(cut)).toBeLessThanOrEqual(columns);
});

test('a table is aligned for the eye, whatever the script', () => {
  const columns = [
    { title: 'class', maxWidth: 12 },
    { title: 'images', align: 'right' },
  ] as const;
  const rows = [
    ['日本の城', '7'],
    ['a very long class name', '1,234'],
  ];
  expect(renderTable(columns, rows, { paint: plainPaint })).toBe(
    ['class         images', '日本の城           7', 'a very long…   1,234'].join('\n'),
  );
});

test('control characters of names are shown, not obeyed', () => {
  expect(renderTable([{ title: 'x' }], [['a\u001b[31m\n']], { paint: plainPaint })).toBe('x\na\\x1b[31m\\x0a');
  expect(printable('a\u202eb')).toBe('a\\u202eb');
});

test('facts have their values under each other', () => {
  expect(
    renderFacts(
      [
        ['a', '1'],
        ['long', '2'],
      ],
      plainPaint,
    ),
  ).toBe('  a     1\n  long  2');
});

describe('colours', () => {
  test.each([
    ['on a terminal', { isTTY: true }, {}, true],
    ['not in a pipe', { isTTY: false }, {}, false],
    ['not against NO_COLOR', { isTTY: true }, { NO_COLOR: '1' }, false],
    ['not on a dumb terminal', { isTTY: true }, { TERM: 'dumb' }, false],
  ])('%s', (_name, stream, env, coloured) => {
    expect(paintFor(stream, env)('red', 'x').includes('\u001b')).toBe(coloured);
  });
});
