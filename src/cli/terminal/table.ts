import type { Paint } from './paint.ts';
import { displayWidth, printable, truncate } from './width.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Longer cells are cut; not given, a column is as wide as its widest cell. */
  readonly maxWidth?: number;
}

export interface TableStyle {
  readonly paint: Paint;
  readonly indent?: string;
  /** Index of a row to print bold. */
  readonly strongRow?: number;
}

const gap = '  ';

/** Aligned text columns under a line of titles; no lines end in spaces. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: TableStyle,
): string {
  const cells = rows.map((row) =>
    columns.map((column, i) => truncate(printable(row[i] ?? ''), column.maxWidth ?? Number.POSITIVE_INFINITY)),
  );
  const widths = columns.map((column, i) =>
    Math.max(displayWidth(column.title), ...cells.map((row) => displayWidth(row[i] ?? ''))),
  );
  const line = (row: readonly string[]): string =>
    `${style.indent ?? ''}${row.map((cell, i) => pad(cell, widths[i] ?? 0, columns[i]?.align)).join(gap)}`.trimEnd();
  const titles = style.paint('dim', line(columns.map((column) => column.title)));
  return [titles, ...cells.map((row, i) => (i === style.strongRow ? style.paint('bold', line(row)) : line(row)))].join(
    '\n',
  );
}

/** `label  value` lines with the values aligned. */
export function renderFacts(facts: readonly (readonly [string, string])[], paint: Paint, indent = '  '): string {
  const width = Math.max(0, ...facts.map(([label]) => displayWidth(label)));
  return facts.map(([label, value]) => `${indent}${paint('dim', pad(label, width))}${gap}${value}`).join('\n');
}

function pad(cell: string, width: number, align: Column['align'] = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(cell)));
  return align === 'right' ? space + cell : cell + space;
}
