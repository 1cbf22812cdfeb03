import { atMost, type Claim, type Row } from '../lib/results.ts';
import { geometricMean } from '../lib/statistics.ts';
import type { Case } from './cases.ts';
import type { FormName } from './forms.ts';
import type { Timed } from './measure.ts';

export const columns: Readonly<Record<string, string>> = {
  size: 'side of the input in pixels',
  channels: 'channels of input and output',
  groups: 'groups of the 3x3 convolution',
  stride: 'its stride',
  batch: 'images',
  splitMs:
    'median milliseconds of forward and both gradients, fp32: split, convolved and concatenated, as the engine does',
  nativeMs: "TensorFlow's own grouped kernels; empty where they have no gradient",
  blockMs: 'a dense convolution with a block-diagonal filter',
  fastest: 'the quickest of them',
  ratio: 'splitMs over the quickest',
};

const milliseconds = (value: number | null): number | null => (value === null ? null : Number(value.toFixed(3)));

export function rowOf({ size, channels, groups, stride, batch }: Case, timed: Timed): Row {
  const measured = (Object.entries(timed) as [FormName, number | null][]).flatMap(([name, ms]) =>
    ms === null ? [] : [{ name, ms }],
  );
  const [fastest] = measured.toSorted((a, b) => a.ms - b.ms);
  const ratio = timed.split === null || !fastest ? null : Number((timed.split / fastest.ms).toFixed(4));
  return {
    ...{ size, channels, groups, stride, batch },
    splitMs: milliseconds(timed.split),
    nativeMs: milliseconds(timed.native),
    blockMs: milliseconds(timed.block),
    fastest: fastest?.name ?? null,
    ratio,
  };
}

/** That the engine's form is at least as quick as each other one, in the geometric mean over where that one runs. */
export const claimsOf = (all: readonly Timed[]): readonly Claim[] =>
  (['native', 'block'] as const).flatMap((other) => {
    const ratios = all.flatMap((t) => (t.split === null || t[other] === null ? [] : [t.split / t[other]]));
    const name = `geometric mean of split over ${other} (${ratios.length} of ${all.length} cases)`;
    return ratios.length > 0 ? [atMost(name, geometricMean(ratios), 1)] : [];
  });
