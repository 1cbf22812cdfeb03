/** Small changes of a macro and its stem, and the child of two: depth, places of strides and of doublings. */
import type { Rng } from '../../lib/rng.ts';
import { type Architecture, type MacroBlock, multipliers } from '../encoding.ts';
import type { Space } from '../space.ts';

export type Macro = Pick<Architecture, 'stemWidth' | 'stemStride' | 'macro'>;

/** One change; it may leave the space's bounds. */
type Change = (rng: Rng, macro: Macro, space: Space) => Macro;

const plain: MacroBlock = { multiplier: 1, stride: 1 };

const changes: readonly Change[] = [
  (rng, m) => ({ ...m, macro: m.macro.toSpliced(rng.int(m.macro.length + 1), 0, plain) }),
  removePlain,
  moveStride,
  (rng, m) => ({
    ...m,
    macro: changed(m.macro, rng.int(m.macro.length), (b) => ({ ...b, stride: b.stride === 1 ? 2 : 1 })),
  }),
  moveDoubling,
  (rng, m) => ({
    ...m,
    macro: changed(m.macro, rng.int(m.macro.length), (b) => widened(b, rng.next() < 0.5 ? 1 : -1)),
  }),
  changeStem,
];

/** Another macro near this one, mostly by a single change. */
export function mutateMacro(rng: Rng, macro: Macro, space: Space): Macro {
  let mutant = macro;
  do mutant = rng.pick(changes)(rng, mutant, space);
  while (rng.next() < furtherChange);
  return mutant;
}

const furtherChange = 0.35;

/** The beginning of one parent and the end of the other, cut at the same share of their depth; the stem of either. */
export function crossMacros(rng: Rng, a: Macro, b: Macro): Macro {
  const [one, two] = rng.next() < 0.5 ? [a, b] : [b, a];
  const share = rng.next();
  const head = one.macro.slice(0, Math.round(share * one.macro.length));
  const { stemWidth, stemStride } = rng.next() < 0.5 ? one : two;
  return { stemWidth, stemStride, macro: [...head, ...two.macro.slice(Math.round(share * two.macro.length))] };
}

function removePlain(rng: Rng, m: Macro): Macro {
  const places = m.macro.flatMap(({ multiplier, stride }, b) => (multiplier === 1 && stride === 1 ? [b] : []));
  const at = places.length === 0 ? rng.int(m.macro.length) : rng.pick(places);
  return { ...m, macro: m.macro.toSpliced(at, 1) };
}

function moveStride(rng: Rng, m: Macro): Macro {
  const strided = m.macro.flatMap(({ stride }, b) => (stride === 2 ? [b] : []));
  if (strided.length === 0) return m;
  const from = rng.pick(strided);
  const to = neighbour(rng, from, m.macro.length);
  if (m.macro[to]?.stride !== 1) return m;
  const off = changed(m.macro, from, (b) => ({ ...b, stride: 1 }));
  return { ...m, macro: changed(off, to, (b) => ({ ...b, stride: 2 })) };
}

function moveDoubling(rng: Rng, m: Macro): Macro {
  const wide = m.macro.flatMap(({ multiplier }, b) => (multiplier > 1 ? [b] : []));
  if (wide.length === 0) return m;
  const from = rng.pick(wide);
  const to = neighbour(rng, from, m.macro.length);
  // to the last block but one, say, of a macro of a single block
  if (to === from) return m;
  return {
    ...m,
    macro: changed(
      changed(m.macro, from, (b) => widened(b, -1)),
      to,
      (b) => widened(b, 1),
    ),
  };
}

function changeStem(rng: Rng, m: Macro, space: Space): Macro {
  if (rng.next() < 0.2) return { ...m, stemStride: rng.pick(space.stemStrides) };
  return { ...m, stemWidth: rng.pick(space.stemWidths) };
}

/** A block one or two places away, at most at the ends. */
function neighbour(rng: Rng, from: number, length: number): number {
  const step = (1 + rng.int(2)) * (rng.next() < 0.5 ? 1 : -1);
  return Math.min(length - 1, Math.max(0, from + step));
}

function widened(block: MacroBlock, by: 1 | -1): MacroBlock {
  const at = Math.min(multipliers.length - 1, Math.max(0, multipliers.indexOf(block.multiplier) + by));
  return { ...block, multiplier: multipliers[at] ?? block.multiplier };
}

const changed = (
  macro: readonly MacroBlock[],
  at: number,
  change: (block: MacroBlock) => MacroBlock,
): readonly MacroBlock[] => macro.map((block, b) => (b === at ? change(block) : block));
