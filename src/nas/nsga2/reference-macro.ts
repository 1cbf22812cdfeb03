import type { MacroBlock } from '../encoding.ts';
import type { Space } from '../space.ts';
import type { Macro } from './vary-macro.ts';

/**
 * Macros on which blocks are compared: shallow, with as many strides as the space knows, evenly spread, and twice the
 * width at each. Early strides make a step cheap: with one less, a search found nothing as good for its time as networks
 * with them that were drawn by hand (65 candidates on tiny-imagenet-100, `zoo/searched`). One for each width of the stem,
 * the middle width first: some blocks can only be built on wider ones.
 */
export function referenceMacros(space: Space): readonly Macro[] {
  const blocks = shallow(space.blocks);
  const strides = Math.min(blocks, space.strides[1]);
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
const shallow = ([least, most]: readonly [number, number]): number => Math.floor(least + (most - least) / 5);

/** Each stage begins with its stride; the last `doublings` strides double the width. */
function evenMacro(blocks: number, strides: number, doublings: number): readonly MacroBlock[] {
  const starts = Array.from({ length: strides }, (_, s) => Math.floor((s * blocks) / Math.max(1, strides)));
  const doubled = new Set(starts.slice(starts.length - doublings));
  return Array.from({ length: blocks }, (_, b) => ({
    multiplier: doubled.has(b) ? 2 : 1,
    stride: starts.includes(b) ? 2 : 1,
  }));
}
