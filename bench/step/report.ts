import { atMost, type Claim, type Row } from '../lib/results.ts';
import { geometricMean, median } from '../lib/statistics.ts';
import { describeVariant, type Timed } from './measure.ts';
import type { Precision, Variant } from './protocol.ts';

/** Bounds that the project has set itself. */
const meanBound = 0.85;
const largestBound = 1;

export const precisions = ['fp32', 'bf16'] as const satisfies readonly Precision[];

export const columns: Readonly<Record<string, string>> = {
  architecture: 'kind of network',
  encoding: 'architecture in the search space',
  comparison: 'like precision against like, or the quicker precision of each engine',
  ours: 'what of ours was timed',
  peer: "what of PyTorch's was timed: the quickest of layouts and torch.compile; of four that are screened two are timed at length",
  oursMs: 'median milliseconds of a training step, ours',
  peerMs: "median milliseconds of a training step, PyTorch's",
  ratio: 'oursMs / peerMs',
  ratioLow: 'smallest ratio of any round',
  ratioHigh: 'largest ratio of any round',
  oursPeakMiB: "peak resident memory of our engine's process",
  peerPeakMiB: "peak resident memory of PyTorch's process, torch.compile included",
};

/** Ours and PyTorch's quickest at one precision. */
export interface Pair {
  readonly ours: Timed;
  readonly peer: Timed;
  /** PyTorch's. */
  readonly variant: Variant;
}

/** The measurements of one architecture. */
export interface Measurement {
  readonly architecture: string;
  readonly encoding: string;
  readonly pairs: Readonly<Record<Precision, Pair>>;
}

const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);
const milliseconds = (seconds: number): number => Math.round(seconds * 1e5) / 100;
const rounded = (ratio: number): number => Math.round(ratio * 1e4) / 1e4;

/** A row for each like precision and one for best against best. */
export function rowsOf({ architecture, encoding, pairs }: Measurement): readonly Row[] {
  const row = (comparison: string, ours: Precision, peer: Precision): Row => {
    const [mine, theirs] = [pairs[ours].ours, pairs[peer].peer];
    const ratios = mine.roundSeconds.map((seconds, round) => seconds / (theirs.roundSeconds[round] ?? Number.NaN));
    return {
      architecture,
      encoding,
      comparison,
      ours,
      peer: `${peer}, ${describeVariant(pairs[peer].variant)}`,
      oursMs: milliseconds(mine.medianSeconds),
      peerMs: milliseconds(theirs.medianSeconds),
      ratio: rounded(mine.medianSeconds / theirs.medianSeconds),
      ratioLow: rounded(Math.min(...ratios)),
      ratioHigh: rounded(Math.max(...ratios)),
      oursPeakMiB: mebibytes(mine.memory.peakBytes),
      peerPeakMiB: mebibytes(theirs.memory.peakBytes),
    };
  };
  const quickest = (side: 'ours' | 'peer'): Precision =>
    pairs.bf16[side].medianSeconds < pairs.fp32[side].medianSeconds ? 'bf16' : 'fp32';
  return [
    ...precisions.map((precision) => row(precision, precision, precision)),
    row('best', quickest('ours'), quickest('peer')),
  ];
}

/** For each comparison: the geometric mean of the ratios and the largest. */
export function claimsOf(rows: readonly Row[]): readonly Claim[] {
  return ['best', ...precisions].flatMap((comparison) => {
    const ratios = rows.filter((row) => row.comparison === comparison).map((row) => Number(row.ratio));
    const label = comparison === 'best' ? 'best against best precision' : `both ${comparison}`;
    return [
      atMost(`geometric mean of step time over PyTorch's, ${label}`, rounded(geometricMean(ratios)), meanBound),
      atMost(
        `largest ratio of step time to PyTorch's, ${label}`,
        ratios.length ? Math.max(...ratios) : Number.NaN,
        largestBound,
      ),
    ];
  });
}

/** Median steps in one line, for the log. */
export const summary = (name: string, timed: Timed): string =>
  `  ${name}: ${milliseconds(median(timed.roundSeconds))} ms`;
