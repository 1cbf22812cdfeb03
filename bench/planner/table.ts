/**
 * A folder in the format of Quick-Tune's public table (Pineda Arango et al., ICLR 2024): configurations of fine-tuning
 * runs, their accuracy and seconds by epoch, and what each data set is like.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../src/lib/errors.ts';

/** One real run, each configuration on one data set alone. */
export interface TableRow {
  readonly id: string;
  readonly dataset: string;
  /** Every column of the configuration by its name. */
  readonly configuration: Readonly<Record<string, number>>;
  /** Validation accuracy after each epoch, 0 to 1. */
  readonly accuracies: readonly number[];
  /** Of each epoch. */
  readonly seconds: readonly number[];
}

export interface TableDataset {
  readonly name: string;
  readonly images: number;
  readonly classes: number;
  readonly resolution: number;
  readonly channels: number;
  readonly rows: readonly TableRow[];
}

export interface Table {
  /** Columns of a configuration, in the order of the file. */
  readonly columns: readonly string[];
  readonly datasets: readonly TableDataset[];
}

/** By data set, then by configuration. */
type Curves = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;

/** Its accuracies are of one validation batch, and its seconds do not grow with the data set. */
const linearProbing = 'linear_probing';
const keys = ['config_id', 'dataset'] as const;

/** Throws InputError where the folder is no such table. */
export async function readTable(folder: string): Promise<Table> {
  // first, so that what is said of a wrong folder is always the same
  const text = await read(folder, 'configs.csv');
  const [curves, costs, descriptors] = await Promise.all([
    readJson<Curves>(folder, 'accuracy_curves.json'),
    readJson<Curves>(folder, 'cost_curves.json'),
    readJson<Readonly<Record<string, readonly number[]>>>(folder, 'dataset_descriptors.json'),
  ]);
  const [header = '', ...lines] = text.trim().split(/\r?\n/);
  const names = cells(header);
  const rows = lines.flatMap((line): readonly TableRow[] => {
    const values = cells(line);
    const of = (name: string): string => values[names.indexOf(name)] ?? '';
    if (Number(of(linearProbing)) === 1) return [];
    const [id, dataset] = [of('config_id'), of('dataset')];
    const configuration = Object.fromEntries(
      names.flatMap((name, i) => (isColumn(name) ? [[name, Number(values[i])] as const] : [])),
    );
    const [accuracies, seconds] = [curves[dataset]?.[id] ?? [], costs[dataset]?.[id] ?? []];
    const epochs = Math.min(accuracies.length, seconds.length);
    if (epochs === 0) return [];
    return [
      {
        ...{ id, dataset, configuration },
        accuracies: accuracies.slice(0, epochs).map((percent) => percent / 100),
        seconds: seconds.slice(0, epochs),
      },
    ];
  });
  const datasets = Object.entries(descriptors).flatMap(
    ([name, [images = 1, classes = 2, resolution = 0, channels = 3]]) => {
      const own = rows.filter(({ dataset }) => dataset === name);
      return own.length === 0 ? [] : [{ name, images, classes, resolution, channels, rows: own }];
    },
  );
  if (datasets.length === 0) throw new InputError(`The folder "${folder}" has no runs.`, remedy);
  return { columns: names.filter(isColumn), datasets };
}

const remedy = 'Give a folder with configs.csv, accuracy_curves.json, cost_curves.json and dataset_descriptors.json.';
const isColumn = (name: string): boolean => name !== linearProbing && !keys.some((key) => key === name);

/** A line of a CSV file; a cell that has commas stands in quotes. */
const cells = (line: string): readonly string[] =>
  [...line.matchAll(/(?:^|,)("(?:[^"]|"")*"|[^,]*)/g)].map(([, cell = '']) =>
    cell.replace(/^"|"$/g, '').replaceAll('""', '"'),
  );

async function read(folder: string, name: string): Promise<string> {
  try {
    return await readFile(join(folder, name), 'utf8');
  } catch (cause) {
    throw new InputError(`The file "${join(folder, name)}" cannot be read.`, remedy, { cause });
  }
}

const readJson = async <T>(folder: string, name: string): Promise<T> => JSON.parse(await read(folder, name)) as T;

/** Best accuracy among the epochs that fit into the seconds; 0 where none does. */
export function valueWithin({ accuracies, seconds }: TableRow, budget: number): number {
  let [spent, best] = [0, 0];
  for (const [epoch, accuracy] of accuracies.entries()) {
    spent += seconds[epoch] as number;
    if (spent > budget) break;
    best = Math.max(best, accuracy);
  }
  return best;
}

/** Best accuracy of any row at any time. */
export const bestOf = (rows: readonly TableRow[]): number => Math.max(...rows.flatMap(({ accuracies }) => accuracies));

/** Best value of any row. */
export const bestWithin = (rows: readonly TableRow[], budget: number): number =>
  Math.max(...rows.map((row) => valueWithin(row, budget)));

/** (best row - what was reached) / best row; 0 where no row fits. More time than the budget can reach more than any row. */
export function regretOf(rows: readonly TableRow[], reached: number, budget: number): number {
  const best = bestWithin(rows, budget);
  return best === 0 ? 0 : (best - reached) / best;
}

/** The data sets of several tables; all have to have the columns of the first. */
export function joined(tables: readonly Table[]): Table {
  const [first] = tables;
  if (first === undefined) throw new Error('no table');
  const names = new Set<string>();
  for (const { columns, datasets } of tables) {
    if (columns.join() !== first.columns.join()) throw new InputError('The tables have different columns.', remedy);
    for (const { name } of datasets) {
      if (names.has(name))
        throw new InputError(`Two tables have the data set ${name}.`, 'Give tables that share none.');
      names.add(name);
    }
  }
  return { ...first, datasets: tables.flatMap(({ datasets }) => datasets) };
}
