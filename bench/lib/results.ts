import { readFile } from 'node:fs/promises';
import { release, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../../src/lib/atomic-file.ts';
import { processorHere } from '../../src/lib/processor.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A cell; null is "not measured" or "does not apply". */
export type Cell = string | number | boolean | null;
export type Row = Readonly<Record<string, Cell>>;

/** A statement that a benchmark exists to hold, such as "largest ratio" at most 1. */
export interface Claim {
  readonly name: string;
  readonly value: number;
  readonly bound: number;
  readonly holds: boolean;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
}

export interface Measured {
  readonly rows: readonly Row[];
  readonly claims: readonly Claim[];
  /** What each column means, its unit included. */
  readonly columns?: Readonly<Record<string, string>>;
  /** What the rows say together, a sentence each. */
  readonly remarks?: readonly string[];
  /** Versions beside those of node and nasoa, such as torch's and tensorflow's. */
  readonly versions?: Readonly<Record<string, string>>;
  /** The command that measures it again; `make bench-NAME` if left out. */
  readonly command?: string;
  /** ISO 8601; now if left out. */
  readonly measuredAt?: string;
}

type Optional = 'columns' | 'remarks';

export interface Result extends Required<Omit<Measured, Optional>>, Pick<Measured, Optional> {
  readonly name: string;
  readonly machine: Machine;
}

/** A claim that `value` is at most `bound`; a value that is not a number does not hold. */
export const atMost = (name: string, value: number, bound: number): Claim => ({
  name,
  value,
  bound,
  holds: value <= bound,
});

/** A claim that `value` is at least `bound`; a value that is not a number does not hold. */
export const atLeast = (name: string, value: number, bound: number): Claim => ({
  name,
  value,
  bound,
  holds: value >= bound,
});

/** The machine without its name or anything else that identifies it. */
export function describeMachine(): Machine {
  return {
    ...processorHere(),
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    kernel: release(),
  };
}

/** The whole record of a benchmark. */
export async function resultOf(name: string, measured: Measured): Promise<Result> {
  const manifest: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  return {
    name,
    command: measured.command ?? `make bench-${name}`,
    measuredAt: measured.measuredAt ?? new Date().toISOString(),
    machine: describeMachine(),
    versions: { nasoa: versionIn(manifest), node: process.versions.node, ...measured.versions },
    ...(measured.columns === undefined ? {} : { columns: measured.columns }),
    rows: measured.rows,
    ...(measured.remarks === undefined ? {} : { remarks: measured.remarks }),
    claims: measured.claims,
  };
}

/** Writes `bench/results/NAME.json` (or into another folder) in one piece and returns its path. */
export async function writeResult(
  name: string,
  measured: Measured,
  folder = join(root, 'bench', 'results'),
): Promise<string> {
  const path = join(folder, `${name}.json`);
  // a number that JSON does not know becomes null there
  await writeFileAtomic(path, `${JSON.stringify(await resultOf(name, measured), null, 2)}\n`);
  return path;
}

/** Process exit code: 1 where a claim does not hold and `--strict` was given, else 0. */
export const exitCode = (claims: readonly Claim[], args: readonly string[] = process.argv): 0 | 1 =>
  args.includes('--strict') && claims.some((claim) => !claim.holds) ? 1 : 0;

/** The rows as an aligned text table, numbers to the right; columns in the order given, else of their appearance. */
export function formatTable(rows: readonly Row[], columns: readonly string[] = columnsOf(rows)): string {
  const lines = [columns, ...rows.map((row) => columns.map((column) => formatCell(row[column] ?? null)))];
  const numeric = columns.map((column) => rows.every((row) => typeof (row[column] ?? 0) === 'number'));
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  const format = (line: readonly string[]): string =>
    line.map((cell, i) => (numeric[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join('  ');
  return lines.map((line) => format(line).trimEnd()).join('\n');
}

export const formatClaims = (claims: readonly Claim[]): string =>
  formatTable(
    claims.map(({ name, value, bound, holds }) => ({ claim: name, value, bound, holds: holds ? 'yes' : 'NO' })),
  );

export function printTable(rows: readonly Row[], columns?: readonly string[]): void {
  process.stdout.write(`${formatTable(rows, columns)}\n`);
}

export function printClaims(claims: readonly Claim[]): void {
  process.stdout.write(`${formatClaims(claims)}\n`);
}

const columnsOf = (rows: readonly Row[]): readonly string[] => [...new Set(rows.flatMap((row) => Object.keys(row)))];

function formatCell(cell: Cell): string {
  if (cell === null) return '-';
  if (typeof cell !== 'number') return String(cell);
  if (Number.isInteger(cell)) return String(cell);
  return cell.toFixed(Math.abs(cell) < 10 ? 3 : 1);
}

function versionIn(manifest: unknown): string {
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : '';
  return typeof version === 'string' ? version : '';
}
