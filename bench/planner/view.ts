/**
 * What a predictor sees of a row of the table after a number of epochs. Nothing of it is of the row's own run: a plan is
 * made before any trial.
 */
import type { Table, TableDataset, TableRow } from './table.ts';

/** Epochs whose accuracy predictors learn and are asked for; between them it is interpolated. */
export const epochGrid = [1, 2, 3, 4, 6, 9, 13, 20, 32, 50] as const;
export const mostEpochs = 50;

const modelPrefix = 'cat:model:';
/** Learning rates of plain gradient descent are so much larger than those of adaptive methods (powers of ten). */
const descentShift = 1.5;
const tiny = 1e-8;

export const modelOf = ({ configuration }: TableRow): string =>
  Object.keys(configuration).find((name) => name.startsWith(modelPrefix) && configuration[name] === 1) ?? '';

/** Rates span powers of ten: their logarithm says more. */
const isRate = (name: string): boolean => ['lr', 'warmup_lr', 'weight_decay'].includes(name);

export interface View {
  /** Length of what `of` gives. */
  readonly inputs: number;
  /** Index of the epochs among them. */
  readonly epochsInput: number;
  of(row: TableRow, dataset: TableDataset, epochs: number): Float64Array;
}

/** `models`: numbers that stand for a network, by its column. */
export function viewOf(table: Table, models: ReadonlyMap<string, readonly number[]>): View {
  const { columns } = table;
  const none = [...(models.values().next().value ?? [])].map(() => 0);
  const describe = (row: TableRow, dataset: TableDataset, epochs: number): Float64Array => {
    const c = row.configuration;
    const of = (name: string): number => c[name] ?? 0;
    const batch = Math.max(1, of('batch_size'));
    const steps = Math.log10(dataset.images / batch);
    const isDescent = of('cat:opt:sgd') === 1 || of('cat:opt:momentum') === 1;
    const shift = isDescent ? descentShift : 0;
    const rate = Math.log10(of('lr') + tiny) - shift;
    const warmUp = of('warmup_epochs');
    const rateAt = (epoch: number): number =>
      epoch < warmUp ? of('warmup_lr') + ((of('lr') - of('warmup_lr')) * epoch) / warmUp : of('lr');
    let way = 0;
    for (let epoch = 0; epoch < epochs; epoch++) way += rateAt(epoch);
    const logWay = Math.log10(way + tiny) - shift;
    return Float64Array.of(
      Math.log(epochs),
      ...columns.map((name) => (isRate(name) ? Math.log10(of(name) + 1e-7) : of(name))),
      ...(models.get(modelOf(row)) ?? none),
      Math.log(dataset.images),
      Math.log(dataset.classes),
      Math.log(dataset.images / dataset.classes),
      Number(isDescent),
      rate,
      rate - Math.log10(batch),
      rate - Math.log10(batch) / 2,
      steps,
      logWay,
      logWay + steps,
      logWay + steps / 2,
      Math.log10(rateAt(epochs - 1) + tiny) - shift,
      Math.log10(epochs) + steps,
      Math.log10(epochs * dataset.images),
      Number(epochs > warmUp),
    );
  };
  const [dataset] = table.datasets;
  const inputs = dataset?.rows[0] === undefined ? 0 : describe(dataset.rows[0], dataset, 1).length;
  return { inputs, epochsInput: 0, of: describe };
}
