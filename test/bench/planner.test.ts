import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { prepare } from '../../bench/planner/ground.ts';
import { type JudgeKind, judgeKinds } from '../../bench/planner/judges.ts';
import { regretsOf } from '../../bench/planner/one-shot.ts';
import {
  joined,
  readTable,
  regretOf,
  type Table,
  type TableDataset,
  type TableRow,
  valueWithin,
} from '../../bench/planner/table.ts';
import { viewOf } from '../../bench/planner/view.ts';
import { worth } from '../../bench/planner/worth.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nasoa-table-'));
  const lines = [
    'config_id,dataset,batch_size,"cat:opt_betas:[0.9, 0.99]",cat:model:a,linear_probing,lr,warmup_epochs,warmup_lr',
    '11,birds,4,1,1,0,0.1,0,0',
    '12,birds,8,0,0,1,0.1,0,0',
    '13,leaves,8,0,1,0,0.01,2,0',
  ];
  const files = {
    'configs.csv': `${lines.join('\n')}\n`,
    'accuracy_curves.json': JSON.stringify({ birds: { 11: [20, 50, 40], 12: [99] }, leaves: { 13: [1, 2] } }),
    'cost_curves.json': JSON.stringify({ birds: { 11: [10, 12, 11], 12: [1] }, leaves: { 13: [30, 30] } }),
    'dataset_descriptors.json': JSON.stringify({ birds: [100, 5, 128, 3], leaves: [1000, 10, 128, 3] }),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const rowOf = (accuracies: readonly number[], seconds: readonly number[]): TableRow => ({
  ...{ id: '1', dataset: 'birds', configuration: {} },
  ...{ accuracies, seconds },
});

describe('a table of fine-tuning runs', () => {
  test('is read without its rows of linear probing, with names that have commas', async () => {
    const { datasets, columns } = await readTable(folder);
    expect(datasets.map(({ name, rows }) => [name, rows.map(({ id }) => id)])).toEqual([
      ['birds', ['11']],
      ['leaves', ['13']],
    ]);
    expect(datasets[0]?.rows[0]).toMatchObject({
      accuracies: [0.2, 0.5, 0.4],
      seconds: [10, 12, 11],
      configuration: { 'cat:opt_betas:[0.9, 0.99]': 1, lr: 0.1 },
    });
    expect(columns).toHaveLength(6);
  });

  test('that is missing is named', async () => {
    await expect(readTable(join(folder, 'nowhere'))).rejects.toThrow('configs.csv" cannot be read');
  });

  test('is not joined with itself: a data set would be learnt and chosen for', async () => {
    const table = await readTable(folder);
    expect(() => joined([table, table])).toThrow('Two tables have the data set birds.');
  });

  test('shows predictors nothing of how a run went', async () => {
    const table = await readTable(folder);
    const [dataset] = table.datasets;
    const row = dataset?.rows[0];
    if (dataset === undefined || row === undefined) throw new Error('no row');
    const view = viewOf(table, new Map());
    const other = { ...row, accuracies: [0], seconds: [9999], id: '99' };
    expect(view.of(other, dataset, 3)).toEqual(view.of(row, dataset, 3));
    expect(view.of(row, dataset, 3)).toHaveLength(view.inputs);
    expect([...view.of(row, dataset, 3)].every(Number.isFinite)).toBe(true);
  });
});

describe('what a row is worth', () => {
  const run = rowOf([0.2, 0.5, 0.4], [10, 12, 11]);
  test.each([
    [9, 0],
    [10, 0.2],
    [21.9, 0.2],
    [22, 0.5],
    [1000, 0.5],
  ])('within %d s is %d', (budget, value) => {
    expect(valueWithin(run, budget)).toBe(value);
  });

  test('is compared with the best of the data set, and nothing is lost where none fits', () => {
    const rows = [run, rowOf([0.4], [15])];
    expect(regretOf(rows, 0.2, 15)).toBeCloseTo(0.5);
    expect(regretOf(rows, 0, 5)).toBe(0);
  });

  test('is expected over how far the seconds may be off', () => {
    const curve = [0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6];
    expect(worth(curve, Math.log(10), 1e-9, 10.001)).toBeCloseTo(0.5);
    // half of the time not even one epoch fits
    expect(worth(curve, Math.log(10), 0.3, 10)).toBeGreaterThan(0.2);
    expect(worth(curve, Math.log(10), 0.3, 10)).toBeLessThan(0.35);
    expect(worth(curve, Math.log(10), 0.3, 1)).toBe(0);
  });
});

describe('the choice for a data set never seen', () => {
  const columns = ['cat:model:quick', 'cat:model:good', 'lr'];
  /** The quick network is soon as good as it gets, the good one is five times as slow; one rate is far too low. */
  const dataset = (name: string, images: number): TableDataset => ({
    ...{ name, images, classes: 10, resolution: 128, channels: 3 },
    rows: ['quick', 'good'].flatMap((model) =>
      Array.from({ length: 20 }, (_, i): TableRow => {
        const [isQuick, lr] = [model === 'quick', i % 2 === 0 ? 0.01 : 1e-5];
        const [best, pace, seconds] = isQuick ? [0.6, 1, images / 100] : [0.9, 6, images / 20];
        const epochs = Array.from({ length: 50 }, (_, epoch) => epoch + 1);
        return {
          ...{ id: `${name} ${model} ${i}`, dataset: name },
          configuration: { 'cat:model:quick': Number(isQuick), 'cat:model:good': Number(!isQuick), lr },
          accuracies: epochs.map((epoch) => (lr < 1e-3 ? 0.3 : 1) * best * (1 - Math.exp(-epoch / pace))),
          seconds: epochs.map(() => seconds * (1 + 0.01 * (i % 3))),
        };
      }),
    ),
  });
  const table: Table = { columns, datasets: [300, 500, 800, 1200].map((images) => dataset(`of ${images}`, images)) };

  test('is the quick network for little time, the good one for much', () => {
    const ground = prepare(table, 1);
    const regrets = regretsOf(judgeKinds['nasoa'] as JudgeKind, ground, [dataset('new', 600)], [30, 10_000]);
    for (const regret of regrets.flat()) expect(regret).toBeLessThan(0.05);
  });
});
