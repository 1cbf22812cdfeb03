import { atMost, type Claim, type Row } from '../lib/results.ts';
import { mean } from '../lib/statistics.ts';
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
    budgets.map((budget) => [
      `${budget} s`,
      'mean regret at a budget of so many seconds, (best row - chosen row) / best row, and of single seeds the least and the most',
    ]),
  ),
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

const rounded = (value: number): number => Number(value.toFixed(3));

/** Of a method: means over data sets and seeds by budget, and the least and most of any seed. */
export interface Summary extends Pick<Sample, 'setting' | 'method' | 'times'> {
  readonly means: readonly number[];
  readonly least: readonly number[];
  readonly most: readonly number[];
}

export function summariesOf(samples: readonly Sample[]): readonly Summary[] {
  const groups = Map.groupBy(samples, ({ setting, method, times }) => [setting, method, times].join(' '));
  return [...groups.values()].map((group) => {
    const { setting, method, times } = group[0] as Sample;
    const seeds = [...Map.groupBy(group, ({ seed }) => seed).values()];
    const byBudget = budgets.map((_, b) => seeds.map((own) => mean(own.map(({ regrets }) => regrets[b] as number))));
    return {
      ...{ setting, method, times },
      means: byBudget.map(mean),
      least: byBudget.map((values) => Math.min(...values)),
      most: byBudget.map((values) => Math.max(...values)),
    };
  });
}

const settings: readonly Summary['setting'][] = ['one shot', 'stream', 'trials'];
const rank = ({ setting, method }: Summary): number => 2 * settings.indexOf(setting) + Number(method !== ours);

/** By setting, ours first. */
export const rowsOf = (summaries: readonly Summary[]): readonly Row[] =>
  summaries
    .toSorted((a, b) => rank(a) - rank(b))
    .map(({ setting, method, times, means, least, most }) => {
      const cell = (b: number): string => {
        const [middle, low, high] = [means, least, most].map((values) => (values[b] as number).toFixed(3));
        return low === high ? `${middle}` : `${middle} (${low} to ${high})`;
      };
      return { setting, method, times, ...Object.fromEntries(budgets.map((budget, b) => [`${budget} s`, cell(b)])) };
    });

export const claimsOf = (summaries: readonly Summary[]): readonly Claim[] =>
  (['one shot', 'stream'] as const).flatMap((setting) => {
    const own = summaries.find((one) => one.setting === setting && one.method === ours);
    if (own === undefined) return [];
    return budgets.map((budget, b) =>
      atMost(`mean regret, ${setting}, ${budget} s`, rounded(own.means[b] as number), bounds[setting][b] as number),
    );
  });

/** For people: from which multiple of the budget on each peer is as good as the one-shot choice. */
export function catchingUp(summaries: readonly Summary[]): readonly string[] {
  const own = summaries.find((one) => one.setting === 'one shot' && one.method === ours);
  const trials = summaries.filter(({ setting }) => setting === 'trials');
  return [...new Set(trials.map(({ method }) => method))].map((method) => {
    const ofPeer = trials.filter((one) => one.method === method).toSorted((a, b) => Number(a.times) - Number(b.times));
    const words = budgets.map((budget, b) => {
      const first = ofPeer.find(({ means }) => (means[b] as number) <= (own?.means[b] ?? 0));
      const most = ofPeer.at(-1)?.times;
      return `${first === undefined ? `more than ${most}` : first.times} at ${budget} s`;
    });
    return `Times the budget that ${method} needs to be as good as the one-shot choice: ${words.join(', ')}.`;
  });
}
