/**
 * Fills the pages below between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->` from bench/results/NAME.json. A page that is
 * to show less says so in the marker: `<!-- bench:NAME {"where": {"dataset": "mean"}, "columns": {"arm": "by"}} -->`.
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
  /** Sentences, shown where all columns are. */
  readonly remarks?: readonly string[];
}

/** What a page shows of a result; everything unless it says otherwise. */
export interface Excerpt {
  /** Rows whose fields have these values, or one of several. */
  readonly where?: Readonly<Record<string, Cell | readonly Cell[]>>;
  /** Fields to show and their headings. */
  readonly columns?: Readonly<Record<string, string>>;
  /** `brief`: how many hold, and those that do not. */
  readonly claims?: 'brief';
}

/** The text between the markers: rows and claims as tables, then the machine and the versions. */
export function renderResult(result: BenchResult, { where = {}, columns: chosen, claims }: Excerpt = {}): string {
  const columns = chosen
    ? Object.entries(chosen).map(([name, heading]) => ({ name, heading }))
    : columnsOf(result).map((column) => (typeof column === 'string' ? { name: column, heading: column } : column));
  const shown = result.rows.filter((row) =>
    Object.entries(where).every(([name, wanted]) => [wanted].flat().some((value) => row[name] === value)),
  );
  const rows = table(
    columns.map(({ heading }) => heading),
    shown.map((row) => columns.map(({ name }) => cell(row[name]))),
  );
  const machine = typeof result.machine === 'string' ? result.machine : pairs(result.machine);
  const meanings = chosen ? '' : meaningsOf(result);
  const remarks = chosen ? '' : listOf(result.remarks ?? []);
  const held = claims === 'brief' ? inBrief(result.claims) : tableOfClaims(result.claims);
  const parts = [rows, meanings, remarks, held, `${machine}; ${pairs(result.versions)}.`];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function tableOfClaims(claims: readonly Claim[]): string {
  if (claims.length === 0) return '';
  return table(
    ['claim', 'value', 'bound', 'holds'],
    claims.map(({ name, value, bound, holds }) => [name, cell(value), cell(bound), holds ? 'yes' : '**no**']),
  );
}

function inBrief(claims: readonly Claim[]): string {
  if (claims.length === 0) return '';
  const missed = claims.filter(({ holds }) => !holds);
  if (missed.length === 0) return claims.length === 1 ? 'Its claim holds.' : `All ${claims.length} claims hold.`;
  const list = missed.map(({ name, value, bound }) => `${name} (${cell(value)}, bound ${cell(bound)})`);
  return `Of ${claims.length} claims ${claims.length - missed.length} hold. **Not:** ${list.join('; ')}.`;
}

/** What the result says of its columns; empty where it says nothing. */
const meaningsOf = ({ columns = {} }: BenchResult): string =>
  Symbol.iterator in columns ? '' : listOf(Object.entries(columns).map(([name, meaning]) => `\`${name}\`: ${meaning}`));

const listOf = (sentences: readonly string[]): string => sentences.map((sentence) => `- ${sentence}`).join('\n');

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

const section = /(<!-- bench:(\S+)(?: (\{.*\}))? -->\n)[\s\S]*?(<!-- \/bench:\2 -->)/g;

/** The page with every marked section filled. `resultOf` gives undefined for a benchmark without a result. */
export function fillPage(page: string, resultOf: (name: string) => BenchResult | undefined): string {
  const opened = [...page.matchAll(/<!-- bench:(\S+) /g)].map((match) => match[1] ?? '');
  const unclosed = opened.find((name) => !page.includes(`<!-- /bench:${name} -->`));
  if (unclosed !== undefined) {
    throw new RunError(
      `A page opens the section bench:${unclosed} and does not close it.`,
      `Write <!-- /bench:${unclosed} --> after it.`,
    );
  }
  return page.replace(section, (_all, start, name, excerpt, end) => {
    const result = resultOf(name);
    const shown = excerpt === undefined ? {} : excerptOf(name, excerpt);
    const text = result === undefined ? `Not measured yet: \`make bench-${name}\`.\n` : renderResult(result, shown);
    return `${start}${text}${end}`;
  });
}

function excerptOf(name: string, text: string): Excerpt {
  try {
    return JSON.parse(text) as Excerpt;
  } catch (cause) {
    throw new RunError(
      `What the section bench:${name} is to show is no JSON: ${text}`,
      'Write {"where": {...}, "columns": {...}, "claims": "brief"}, all optional.',
      { cause },
    );
  }
}

function readResult(folder: string, name: string): BenchResult | undefined {
  const path = join(folder, `${name}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as BenchResult) : undefined;
}

/** Pages with such sections. */
const pages = ['README.md', 'docs/measured.md', 'docs/planning.md', 'docs/scaling.md'] as const;

async function main(check: boolean): Promise<void> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  for (const page of pages) {
    const path = join(root, page);
    const before = readFileSync(path, 'utf8');
    const after = fillPage(before, (name) => readResult(join(root, 'bench', 'results'), name));
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
