import type { MacroBlock } from '../encoding.ts';
import type { Space } from '../space.ts';
import type { Macro } from './vary-macro.ts';

/**
 * Macros of the middle of the space, on which blocks are compared: the middle depth and number of strides, evenly
 * spread, and twice the width at each stride. One for each width of the stem, the middle width first: some blocks can
 * only be built on wider ones.
 */
export function referenceMacros(space: Space): readonly Macro[] {
  const blocks = middle(space.blocks);
  const strides = Math.min(blocks, middle(space.strides));
  const widths = space.stemWidths.toSorted((a, b) => a - b);
  const centre = (widths.length - 1) / 2;
  const byNearness = widths.toSorted(
    (a, b) => Math.abs(widths.indexOf(a) - centre) - Math.abs(widths.indexOf(b) - centre) || b - a,
  );
  return byNearness.flatMap((stemWidth) => {
    const doublings = Math.max(0, Math.min(strides, Math.floor(Math.log2(space.maxWidth / stemWidth))));
    const macro = evenMacro(blocks, strides, doublings);
    return space.stemStrides.slice(0, 1).map((stemStride) => ({ stemWidth, stemStride, macro }));
  });
}

/** Shallow rather than deep: blocks are to be compared cheaply. */
const middle = ([least, most]: readonly [number, number]): number => Math.floor(least + (most - least) / 3);

/** Each stage begins with its stride; the last `doublings` strides double the width. */
function evenMacro(blocks: number, strides: number, doublings: number): readonly MacroBlock[] {
  const starts = Array.from({ length: strides }, (_, s) => Math.floor((s * blocks) / Math.max(1, strides)));
  const doubled = new Set(starts.slice(starts.length - doublings));
  return Array.from({ length: blocks }, (_, b) => ({
    multiplier: doubled.has(b) ? 2 : 1,
    stride: starts.includes(b) ? 2 : 1,
  }));
}
