/**
 * Fills README.md, docs/planning.md and docs/scaling.md between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->` from bench/results/NAME.json.
 *   node hack/readme-tables.ts [--check]    with --check it changes nothing and exits with 1 where the README is stale
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../src/lib/atomic-file.ts';
import { RunError } from '../src/lib/errors.ts';
import { isProgram, reportFailure } from './tool.ts';

type Cell = string | number | boolean | null;

export interface Claim {
  readonly name: string;
  readonly value: Cell;
  readonly bound: Cell;
  readonly holds: boolean;
}

/** What a benchmark writes. Other fields may be there. */
export interface BenchResult {
  readonly machine: string | Readonly<Record<string, Cell>>;
  readonly versions: Readonly<Record<string, Cell>>;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly claims: readonly Claim[];
  /**
   * Which fields of the rows to show, in this order: names, names with headings, or names with what they mean, as
   * `bench/lib/results.ts` writes them. All where it is missing.
   */
  readonly columns?:
    | readonly (string | { readonly name: string; readonly heading: string })[]
    | Readonly<Record<string, string>>;
}

/** The text between the markers: rows and claims as tables, then the machine and the versions. */
export function renderResult(result: BenchResult): string {
  const columns = columnsOf(result).map((column) =>
    typeof column === 'string' ? { name: column, heading: column } : column,
  );
  const rows = table(
    columns.map(({ heading }) => heading),
    result.rows.map((row) => columns.map(({ name }) => cell(row[name]))),
  );
  const claims = table(
    ['claim', 'value', 'bound', 'holds'],
    result.claims.map(({ name, value, bound, holds }) => [name, cell(value), cell(bound), holds ? 'yes' : '**no**']),
  );
  const machine = typeof result.machine === 'string' ? result.machine : pairs(result.machine);
  const parts = [rows, ...(result.claims.length > 0 ? [claims] : []), `${machine}; ${pairs(result.versions)}.`];
  return `${parts.join('\n\n')}\n`;
}

function columnsOf({ columns, rows }: BenchResult) {
  if (columns === undefined) return [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return Symbol.iterator in columns ? columns : Object.keys(columns);
}

const pairs = (values: Readonly<Record<string, Cell>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** Four significant digits are more than any of these measurements hold. */
function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return String(Number.isInteger(value) ? value : Number(value.toPrecision(4)));
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

/** The README with every marked section filled. `resultOf` gives undefined for a benchmark without a result. */
export function fillReadme(readme: string, resultOf: (name: string) => BenchResult | undefined): string {
  const opened = [...readme.matchAll(/<!-- bench:(\S+) -->/g)].map((match) => match[1] ?? '');
  const unclosed = opened.find((name) => !readme.includes(`<!-- /bench:${name} -->`));
  if (unclosed !== undefined) {
    throw new RunError(
      `README.md opens the section bench:${unclosed} and does not close it.`,
      `Write <!-- /bench:${unclosed} --> after it.`,
    );
  }
  return readme.replace(/(<!-- bench:(\S+) -->\n)[\s\S]*?(<!-- \/bench:\2 -->)/g, (_all, start, name, end) => {
    const result = resultOf(name);
    const text = result === undefined ? `Not measured yet: \`make bench-${name}\`.\n` : renderResult(result);
    return `${start}${text}${end}`;
  });
}

function readResult(folder: string, name: string): BenchResult | undefined {
  const path = join(folder, `${name}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as BenchResult) : undefined;
}

/** Pages with such sections. */
const pages = ['README.md', 'docs/planning.md', 'docs/scaling.md'] as const;

async function main(check: boolean): Promise<void> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  for (const page of pages) {
    const path = join(root, page);
    const before = readFileSync(path, 'utf8');
    const after = fillReadme(before, (name) => readResult(join(root, 'bench', 'results'), name));
    if (after === before) continue;
    if (check)
      throw new RunError(`The tables of ${page} are stale.`, `Run node hack/readme-tables.ts and commit ${page}.`);
    await writeFileAtomic(path, after);
  }
}

if (isProgram(import.meta.url)) {
  try {
    await main(process.argv.includes('--check'));
  } catch (error) {
    reportFailure(error);
  }
}
