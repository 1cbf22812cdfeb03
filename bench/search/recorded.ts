/**
 * The search over candidates that were evaluated once: it may ask only for those of the table. A child that is not in
 * it stands for the row nearest to it that was not asked yet.
 */
import { readFile } from 'node:fs/promises';
import { hasCode } from '../../src/lib/errors.ts';
import { createRng, deriveSeed } from '../../src/lib/rng.ts';
import { type Architecture, formatEncoding, parseEncoding } from '../../src/nas/encoding.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import { architectureVariation } from '../../src/nas/nsga2/architecture-genome.ts';
import { hypervolume } from '../../src/nas/nsga2/hypervolume.ts';
import { evolution } from '../../src/nas/nsga2/minimise.ts';
import { nsga2Search } from '../../src/nas/nsga2.ts';
import { lossOf } from '../../src/nas/objectives.ts';
import type { Evaluated } from '../../src/nas/search.ts';
import type { Space } from '../../src/nas/space.ts';
import { stepFeatures } from '../../src/nas/step-model.ts';

export interface Table {
  readonly rows: readonly Evaluated[];
  readonly space: Space;
  readonly inputSize: number;
}

/** Those of a search's state file that were trained in full; undefined where there is no such file. */
export async function readTable(path: string): Promise<Table | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  const { search } = JSON.parse(text) as { readonly search: unknown };
  const state = nsga2Search.read(search);
  const rows = nsga2Search.progress(state).evaluated.filter(({ missedRungs = 0 }) => missedRungs === 0);
  return { rows, space: state.settings.space, inputSize: state.settings.inputSize };
}

type Point = readonly [number, number];

/** Step time (its logarithm) and error of each row, each scaled to 0 .. 1 over the table. */
export function scaledPoints({ rows }: Table): readonly Point[] {
  const columns = (['stepSeconds', 'accuracy'] as const).map((objective) => {
    const losses = rows.map((row) => lossOf(row, objective));
    const [least, most] = [Math.min(...losses), Math.max(...losses)];
    return losses.map((loss) => (loss - least) / (most - least || 1));
  });
  return rows.map((_, i) => [columns[0]?.[i] ?? 0, columns[1]?.[i] ?? 0]);
}

export const reachedOf = (points: readonly Point[], rows: Iterable<number>): number =>
  hypervolume(
    [...rows].map((row) => points[row] ?? [1, 1]),
    [1, 1],
  );

/** Rows in the order in which random search asks them. */
export const randomRows = (rows: number, seed: number, evaluations: number): readonly number[] =>
  createRng(deriveSeed(seed, 'random rows'))
    .shuffle(Array.from({ length: rows }, (_, i) => i))
    .slice(0, evaluations);

const [population, atATime] = [16, 4] as const;

/** Rows in the order in which NSGA-II asks them. */
export function searchedRows(table: Table, seed: number, evaluations: number): readonly number[] {
  const points = scaledPoints(table);
  const described = table.rows.map(({ encoding }) => describe(parseEncoding(encoding), table));
  const architectures = table.rows.map(({ encoding }) => parseEncoding(encoding));
  const inner = architectureVariation({ name: 'joint' }, table.space);
  const taken = new Set<number>();
  const nearestFree = (a: Architecture | undefined): number | undefined => {
    if (a === undefined) return undefined;
    const wanted = describe(a, table);
    const free = described.flatMap((one, row) => (taken.has(row) ? [] : [{ row, far: distance(one, wanted) }]));
    return free.toSorted((x, y) => x.far - y.far)[0]?.row;
  };
  // a genome is an architecture; only what is asked in the end has to be of the table
  const nsga2 = evolution<number>(
    {
      sample: (rng) => {
        const free = table.rows.flatMap((_, row) => (taken.has(row) ? [] : [row]));
        return free.length === 0 ? undefined : rng.pick(free);
      },
      crossover: (rng, a, b) => (rng.next() < 0.5 ? a : b),
      mutate: (rng, row) => {
        const one = architectures[row];
        const other = architectures[rng.int(architectures.length)];
        const child = one && other && rng.next() < 0.3 ? inner.crossover(rng, one, other) : one;
        return nearestFree(child && inner.mutate(rng, child));
      },
      key: String,
    },
    population,
  );
  let state = nsga2.create(seed);
  const order: number[] = [];
  while (order.length < evaluations) {
    const { state: next, asked } = nsga2.ask(state, Math.min(atATime, evaluations - order.length));
    if (asked.length === 0) break;
    for (const { genome } of asked) taken.add(genome);
    order.push(...asked.map(({ genome }) => genome));
    state = nsga2.tell(
      next,
      asked.map(({ id, genome }) => ({ id, losses: points[genome] ?? [1, 1], violation: 0 })),
    );
  }
  return order;
}

interface Description {
  readonly parts: ReadonlySet<string>;
  readonly sizes: readonly number[];
}

/** What of an architecture makes it like another: its operations and skips, its depth and width, and what it costs. */
function describe(a: Architecture, { inputSize }: Table): Description {
  const [block = ''] = formatEncoding(a).split('_');
  const parts = new Set([
    ...a.ops.map(({ kind, code }, i) => `op ${i} ${kind} ${code}`),
    ...a.skips.map(({ kind, from, to }) => `skip ${kind} ${from} ${to}`),
    `block ${block}`,
  ]);
  const costs = stepFeatures(networkOf(formatEncoding(a), { classes: 10 }), inputSize);
  const strides = a.macro.flatMap(({ stride }, i) => (stride === 2 ? [i] : []));
  const width = a.macro.reduce((so, { multiplier }) => so * multiplier, a.stemWidth);
  const plain = [Math.log2(a.stemWidth), Math.log2(width), Math.log2(a.macro.length) * 2, strides.length];
  return { parts, sizes: [...plain, ...costs.map((cost) => Math.log10(1 + cost))] };
}

function distance(a: Description, b: Description): number {
  const apart = [...a.parts].filter((part) => !b.parts.has(part)).length;
  return apart + a.sizes.reduce((sum, size, i) => sum + Math.abs(size - (b.sizes[i] ?? 0)), 0);
}
