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
  precision: 'of the activations',
  engineMs: 'median milliseconds of forward and both gradients, in the form that the engine picks',
  splitMs: 'split, convolved and concatenated',
  blockMs: 'a dense convolution with a block-diagonal filter',
  nativeMs: "TensorFlow's own grouped kernels; empty where they have no gradient",
  fastest: 'the quickest of the last three',
  ratio: 'engineMs over the quickest',
};

const milliseconds = (value: number | null): number | null => (value === null ? null : Number(value.toFixed(3)));

export function rowOf({ size, channels, groups, stride, batch, precision }: Case, timed: Timed): Row {
  const measured = (Object.entries(timed) as [FormName, number | null][]).flatMap(([name, ms]) =>
    ms === null || name === 'engine' ? [] : [{ name, ms }],
  );
  const [fastest] = measured.toSorted((a, b) => a.ms - b.ms);
  const ratio = timed.engine === null || !fastest ? null : Number((timed.engine / fastest.ms).toFixed(4));
  return {
    ...{ size, channels, groups, stride, batch, precision },
    engineMs: milliseconds(timed.engine),
    splitMs: milliseconds(timed.split),
    blockMs: milliseconds(timed.block),
    nativeMs: milliseconds(timed.native),
    fastest: fastest?.name ?? null,
    ratio,
  };
}

/** That the engine's form is at least as quick as each other one, in the geometric mean over where that one runs. */
export const claimsOf = (all: readonly Timed[]): readonly Claim[] =>
  (['split', 'block', 'native'] as const).flatMap((other) => {
    const ratios = all.flatMap((t) => (t.engine === null || t[other] === null ? [] : [t.engine / t[other]]));
    const name = `geometric mean of the engine's form over ${other} (${ratios.length} of ${all.length} cases)`;
    return ratios.length > 0 ? [atMost(name, geometricMean(ratios), 1)] : [];
  });
