import { atLeast, type Claim, type Row } from '../lib/results.ts';
import { mean } from '../lib/statistics.ts';
import type { Outcome } from '../tune/runs.ts';

export interface Slot {
  readonly dataset: string;
  readonly budgetSeconds: number;
}

export type Run = Slot &
  Outcome & {
    /** Name of the member, `random`, or `lite0 SIZE`. */
    readonly arm: string;
    /** Processor that it ran on. */
    readonly cpu: string;
  };

export const columns: Readonly<Record<string, string>> = {
  dataset: 'data set; "mean" is the mean over all',
  budgetSeconds: 'seconds allowed from the first look at the images to the trained weights',
  network:
    'member of the zoo; "random weights": the best member of that line from nothing, in the same seconds; "PyTorch": EfficientNet-Lite0 with its ImageNet weights, the better of 96 and 128 px',
  accuracy: 'top-1 on the validation split, in percent',
  inputSize: 'side of the input in pixels',
  steps: 'training steps',
  wins: 'the best member of that data set and budget',
};

export const inSlot = (runs: readonly Run[], { dataset, budgetSeconds }: Slot): readonly Run[] =>
  runs.filter((run) => run.dataset === dataset && run.budgetSeconds === budgetSeconds);

const best = (runs: readonly Run[]): Run | undefined => runs.toSorted((a, b) => b.accuracy - a.accuracy)[0];

export const bestMember = (runs: readonly Run[], slot: Slot, members: readonly string[]): Run | undefined =>
  best(inSlot(runs, slot).filter(({ arm }) => members.includes(arm)));

const peer = (runs: readonly Run[], slot: Slot): Run | undefined =>
  best(inSlot(runs, slot).filter(({ arm }) => arm.startsWith('lite0 ')));

const randomly = (runs: readonly Run[], slot: Slot): Run | undefined =>
  inSlot(runs, slot).find(({ arm }) => arm === 'random');

const slotsOf = (runs: readonly Run[]): readonly Slot[] => {
  const keys = new Map(
    runs.map(({ dataset, budgetSeconds }) => [`${budgetSeconds} ${dataset}`, { dataset, budgetSeconds }] as const),
  );
  return [...keys.values()];
};

const percent = (share: number): number => Number((100 * share).toFixed(2));

/** The means of each budget, then every data set by accuracy. */
export function rowsOf(runs: readonly Run[], members: readonly string[]): readonly Row[] {
  const slots = slotsOf(runs);
  const networks: readonly Choice[] = [
    ...members.map((name) => [name, (slot: Slot) => inSlot(runs, slot).find(({ arm }) => arm === name)] as const),
    ['random weights', (slot) => randomly(runs, slot)],
    ['PyTorch', (slot) => peer(runs, slot)],
  ];
  const means = [...new Set(slots.map(({ budgetSeconds }) => budgetSeconds))].flatMap((budgetSeconds) => {
    const own = slots.filter((slot) => slot.budgetSeconds === budgetSeconds);
    return networks.flatMap(([network, of]): readonly Row[] => {
      const found = own.flatMap((slot) => of(slot) ?? []);
      if (found.length < own.length) return [];
      const accuracy = percent(mean(found.map((run) => run.accuracy)));
      return [{ dataset: 'mean', budgetSeconds, network, accuracy, inputSize: null, steps: null, wins: null }];
    });
  });
  const single = slots.flatMap((slot) => {
    const winner = bestMember(runs, slot, members)?.arm;
    return networks
      .flatMap(([network, of]) => {
        const run = of(slot);
        return run === undefined ? [] : [{ network, run }];
      })
      .sort((a, b) => b.run.accuracy - a.run.accuracy)
      .map(({ network, run: { accuracy, inputSize, steps } }) => ({
        ...slot,
        ...{ network, accuracy: percent(accuracy), inputSize, steps, wins: network === winner },
      }));
  });
  return [...means, ...single];
}

/**
 * Mean leads over both others, by budget: of the best member of each data set, and of the one that is best on average. The
 * first is the luckiest of many on the images that tell; the second hardly.
 */
export const claimsOf = (runs: readonly Run[], members: readonly string[]): readonly Claim[] =>
  [...new Set(runs.map(({ budgetSeconds }) => budgetSeconds))].flatMap((budgetSeconds) => {
    const slots = slotsOf(runs).filter((slot) => slot.budgetSeconds === budgetSeconds);
    const usual = bestOnAverage(runs, slots, members);
    const choices: readonly Choice[] = [
      ['the best member of each data set', (slot) => bestMember(runs, slot, members)],
      ['the member that is best on average', (slot) => inSlot(runs, slot).find(({ arm }) => arm === usual)],
    ];
    const others: readonly Choice[] = [
      ['random weights', (slot) => randomly(runs, slot)],
      ['EfficientNet-Lite0 in PyTorch', (slot) => peer(runs, slot)],
    ];
    return choices.flatMap(([own, ownOf]) =>
      others.flatMap(([other, otherOf]) => {
        const leads = slots.flatMap((slot) => {
          const [run, against] = [ownOf(slot), otherOf(slot)];
          return run === undefined || against === undefined ? [] : [100 * (run.accuracy - against.accuracy)];
        });
        if (leads.length === 0) return [];
        return [atLeast(`mean lead of ${own} over ${other} at ${budgetSeconds} s, in points`, mean(leads), 0)];
      }),
    );
  });

type Choice = readonly [name: string, of: (slot: Slot) => Run | undefined];

/** Of the members that were run on every one. */
function bestOnAverage(runs: readonly Run[], slots: readonly Slot[], members: readonly string[]): string | undefined {
  const known = members.flatMap((name) => {
    const found = slots.flatMap((slot) => inSlot(runs, slot).find(({ arm }) => arm === name) ?? []);
    return found.length < slots.length ? [] : [{ name, accuracy: mean(found.map(({ accuracy }) => accuracy)) }];
  });
  return known.toSorted((a, b) => b.accuracy - a.accuracy)[0]?.name;
}
