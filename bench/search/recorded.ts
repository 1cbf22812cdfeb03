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
import { breed, type Individual } from '../../src/nas/nsga2/evolution.ts';
import { hypervolume } from '../../src/nas/nsga2/hypervolume.ts';
import { immigrants, litterSize } from '../../src/nas/nsga2/litter.ts';
import { survivors } from '../../src/nas/nsga2/ranking.ts';
import { architectureFeatures, chooserOf } from '../../src/nas/nsga2/surrogate.ts';
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

/** What a search has evaluated, from its state file; undefined where there is no such file. */
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
  return {
    rows: nsga2Search.progress(state).evaluated,
    space: state.settings.space,
    inputSize: state.settings.inputSize,
  };
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

const [population, atATime] = [12, 2] as const;

/** Rows in the order in which NSGA-II asks them: litters of children, each the nearest free row, and one of a litter asked. */
export function searchedRows(table: Table, seed: number, evaluations: number): readonly number[] {
  const points = scaledPoints(table);
  const architectures = table.rows.map(({ encoding }) => parseEncoding(encoding));
  const described = architectures.map((a) => describe(a, table));
  const features = table.rows.map(({ encoding }) => architectureFeatures(encoding, table.inputSize));
  const variation = architectureVariation({ name: 'joint' }, table.space);
  const rng = createRng(deriveSeed(seed, 'searched rows'));
  const order: number[] = [];
  const free = new Set(architectures.keys());
  const nearestFree = (a: Architecture, besides: readonly number[]): number | undefined => {
    const wanted = describe(a, table);
    const rows = [...free].filter((row) => !besides.includes(row));
    const far = rows.map((row) => distance(described[row] ?? wanted, wanted));
    return rows[far.indexOf(Math.min(...far))];
  };
  while (order.length < evaluations && free.size > 0) {
    const parents = survivors(
      order.map((row) => individual(architectures[row], points[row])),
      population,
    );
    // as in the search: an accuracy of less training would mislead
    const whole = order.filter((row) => (table.rows[row]?.missedRungs ?? 0) === 0);
    const choose = chooserOf(whole.map((row) => ({ features: features[row] ?? [], losses: points[row] ?? [] })));
    for (let asked = 0; asked < atATime && order.length < evaluations && free.size > 0; asked++) {
      const litter: number[] = [];
      for (let tries = 0; litter.length < litterSize && tries < 4 * litterSize; tries++) {
        const isSample = order.length < population || rng.next() < immigrants;
        const child = isSample ? undefined : breed(rng, parents, variation);
        const row = child === undefined ? rng.pick([...free]) : nearestFree(child, litter);
        if (row !== undefined && !litter.includes(row)) litter.push(row);
      }
      const row =
        litter[
          choose?.(
            rng,
            litter.map((one) => features[one] ?? []),
          ) ?? 0
        ];
      if (row === undefined) break;
      free.delete(row);
      order.push(row);
    }
  }
  return order;
}

const individual = (genome: Architecture | undefined, losses: Point | undefined): Individual<Architecture> => {
  if (genome === undefined || losses === undefined) throw new Error('a row outside of the table');
  return { genome, losses, violation: 0 };
};

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
