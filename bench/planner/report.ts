import { atMost, type Claim, type Row } from '../lib/results.ts';
import type { PeerRun } from './peers.ts';
import { regretOf, type TableDataset } from './table.ts';
import type { PieceRegrets } from './work.ts';

export const budgets = [60, 300, 1800, 14_400] as const;
/** Bounds that the project has set itself, by budget. */
const bounds = { 'one shot': [0.28, 0.22, 0.09, 0.07], stream: [0.32, 0.24, 0.13, 0.11] } as const;
const ours = 'nasoa';

export const columns: Readonly<Record<string, string>> = {
  setting:
    'one shot: of the rows of a data set never seen; stream: the same, after those that came before it; trials: a search among the rows themselves',
  method: 'who chooses',
  times: 'seconds that all trials together may take, over the budget; null without any trial',
  ...Object.fromEntries(
    budgets.map((b) => [`${b} s`, `mean regret at a budget of so many seconds: (best row - chosen row) / best row`]),
  ),
  ...Object.fromEntries(budgets.map((b) => [`${b} s from`, 'the least of any seed'])),
  ...Object.fromEntries(budgets.map((b) => [`${b} s to`, 'the most of any seed'])),
};

/** Regrets by budget, of one seed and data set. */
export interface Sample {
  readonly setting: string;
  readonly method: string;
  readonly times: number | null;
  readonly seed: number;
  readonly regrets: readonly number[];
}

export const sampleOf = ({ setting, method, seed, regrets }: PieceRegrets): Sample => ({
  ...{ setting, method, times: null, seed, regrets },
});

/** Of a peer, from the runs of one seed on one data set. */
export function peerSamples(runs: readonly PeerRun[], datasets: readonly TableDataset[]): readonly Sample[] {
  const groups = Map.groupBy(runs, ({ peer, multiple, seed, dataset }) => [peer, multiple, seed, dataset].join(' '));
  return [...groups.values()].map((group) => {
    const { peer, multiple, seed, dataset } = group[0] as PeerRun;
    const rows = datasets.find(({ name }) => name === dataset)?.rows ?? [];
    const regrets = budgets.map((budget) => {
      const run = group.find((one) => one.budget === budget);
      return run === undefined ? Number.NaN : regretOf(rows, run.value, budget);
    });
    return { setting: 'trials', method: peer, times: multiple, seed, regrets };
  });
}

/** A row at random: the mean of all. */
export function chanceSamples(
  datasets: readonly TableDataset[],
  value: (dataset: TableDataset, budget: number) => number,
) {
  return datasets.map(
    (dataset): Sample => ({
      ...{ setting: 'one shot', method: 'random choice', times: null, seed: 0 },
      regrets: budgets.map((budget) => regretOf(dataset.rows, value(dataset, budget), budget)),
    }),
  );
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const rounded = (value: number): number => Number(value.toFixed(3));

export function rowsOf(samples: readonly Sample[]): readonly Row[] {
  const groups = Map.groupBy(samples, ({ setting, method, times }) => [setting, method, times].join(' '));
  return [...groups.values()].map((group) => {
    const { setting, method, times } = group[0] as Sample;
    const seeds = [...Map.groupBy(group, ({ seed }) => seed).values()];
    const means = seeds.map((own) => budgets.map((_, b) => mean(own.map(({ regrets }) => regrets[b] as number))));
    const of = (ending: string, summary: (values: readonly number[]) => number) =>
      Object.fromEntries(
        budgets.map((budget, b) => [`${budget} s${ending}`, rounded(summary(means.map((m) => m[b] as number)))]),
      );
    const [least, most] = [(v: readonly number[]) => Math.min(...v), (v: readonly number[]) => Math.max(...v)];
    return { setting, method, times, ...of('', mean), ...of(' from', least), ...of(' to', most) };
  });
}

export function claimsOf(rows: readonly Row[]): readonly Claim[] {
  return (['one shot', 'stream'] as const).flatMap((setting) => {
    const own = rows.find((row) => row.setting === setting && row.method === ours);
    if (own === undefined) return [];
    return budgets.map((budget, b) =>
      atMost(`mean regret, ${setting}, ${budget} s`, Number(own[`${budget} s`]), bounds[setting][b] as number),
    );
  });
}

/** For people: from which multiple of the budget on each peer is as good as the one-shot choice. */
export function catchingUp(rows: readonly Row[]): readonly string[] {
  const own = rows.find((row) => row.setting === 'one shot' && row.method === ours);
  const trials = rows.filter((row) => row.setting === 'trials');
  return [...new Set(trials.map(({ method }) => String(method)))].map((method) => {
    const ofPeer = trials.filter((row) => row.method === method);
    const words = budgets.map((budget) => {
      const key = `${budget} s`;
      const first = ofPeer.find((row) => Number(row[key]) <= Number(own?.[key]));
      const most = Math.max(...ofPeer.map(({ times }) => Number(times)));
      return `${budget} s: ${first === undefined ? `not with ${most} times` : `with ${first.times} times`} the budget`;
    });
    return `${method} catches up with the one-shot choice at ${words.join('; ')}`;
  });
}
