import type { GroupedConvAttributes } from '../../src/graph/operations/convolution.ts';

/** One 3x3 convolution of the search space, as many channels out as in. */
export interface Case extends Pick<GroupedConvAttributes, 'stride' | 'groups'> {
  readonly batch: number;
  /** Side of the input in pixels. */
  readonly size: number;
  readonly channels: number;
  readonly precision: 'fp32' | 'bf16';
}

/** Networks for small images widen while they shrink: these widths meet these sides. */
const channelsBySize = [
  [32, [16, 32, 64]],
  [16, [32, 64, 128]],
  [8, [64, 128, 256]],
  [4, [128, 256]],
] as const;

/** The space's grouped operations: in 2 groups, in 4, and in groups of 32 channels; one group is no grouped convolution. */
const groupsOf = (channels: number): readonly number[] =>
  [...new Set([2, 4, channels / 32])].filter((groups) => groups > 1).sort((a, b) => a - b);

const casesAt = (precision: Case['precision']): readonly Case[] =>
  channelsBySize.flatMap(([size, widths]) =>
    widths.flatMap((channels) =>
      groupsOf(channels).flatMap((groups) =>
        ([1, 2] as const).map((stride) => ({ batch: 64, size, channels, groups, stride, precision })),
      ),
    ),
  );

/** bf16 only where the processor computes it: elsewhere nobody trains with it, and a case takes seconds a step. */
export const allCases = (hasBf16: boolean): readonly Case[] => [
  ...casesAt('fp32'),
  ...(hasBf16 ? casesAt('bf16') : []),
];

/** One of each stride, small, to show that everything works. */
export const fewCases: readonly Case[] = ([1, 2] as const).map((stride) => ({
  ...{ batch: 8, size: 8, channels: 64, groups: 4, stride, precision: 'fp32' },
}));
