/** Small changes of a block, and the child of two: its operations, their widths, its skips. */
import type { Rng } from '../../lib/rng.ts';
import type { Architecture, Op, Skip } from '../encoding.ts';
import { possibleSkips, type Space } from '../space.ts';

export type Block = Pick<Architecture, 'ops' | 'skips'>;

/** One change; the block may come out one that cannot be built with its macro. */
type Change = (rng: Rng, block: Block, space: Space) => Block;

const changes: readonly Change[] = [changeKind, changeCode, addOp, removeOp, addSkip, removeSkip];

/** Another block near this one, mostly by a single change. */
export function mutateBlock(rng: Rng, block: Block, space: Space): Block {
  let mutant = block;
  do mutant = rng.pick(changes)(rng, mutant, space);
  while (rng.next() < furtherChange);
  return tidy(mutant, space);
}

const furtherChange = 0.35;

/** Operations by place from either parent, as many as one of them has; skips of both. */
export function crossBlocks(rng: Rng, a: Block, b: Block, space: Space): Block {
  const [one, two] = rng.next() < 0.5 ? [a, b] : [b, a];
  const ops = one.ops.map((op, i) => (rng.next() < 0.5 ? op : (two.ops[i] ?? op)));
  const both = [...one.skips, ...two.skips.filter((skip) => !one.skips.some((other) => isSame(skip, other)))];
  return tidy({ ops, skips: both.filter(() => rng.next() < 0.5) }, space);
}

function changeKind(rng: Rng, { ops, skips }: Block, space: Space): Block {
  return { ops: replaced(ops, rng.int(ops.length), (op) => ({ ...op, kind: rng.pick(space.opKinds) })), skips };
}

function changeCode(rng: Rng, { ops, skips }: Block, space: Space): Block {
  return { ops: replaced(ops, rng.int(ops.length), (op) => ({ ...op, code: rng.pick(space.codes) })), skips };
}

function addOp(rng: Rng, { ops, skips }: Block, space: Space): Block {
  if (ops.length >= space.maxOps) return { ops, skips };
  const at = rng.int(ops.length + 1);
  const op: Op = { kind: rng.pick(space.opKinds), code: rng.pick(space.codes) };
  const moved = (place: number): number => (place > at ? place + 1 : place);
  return {
    ops: ops.toSpliced(at, 0, op),
    skips: skips.map(({ kind, from, to }) => ({ kind, from: moved(from), to: moved(to) })),
  };
}

function removeOp(rng: Rng, { ops, skips }: Block): Block {
  if (ops.length === 1) return { ops, skips };
  const at = rng.int(ops.length);
  const moved = (place: number): number => (place > at ? place - 1 : place);
  return {
    ops: ops.toSpliced(at, 1),
    skips: skips.map(({ kind, from, to }) => ({ kind, from: moved(from), to: moved(to) })),
  };
}

function addSkip(rng: Rng, { ops, skips }: Block): Block {
  const possible = possibleSkips(ops.length);
  return { ops, skips: possible.length === 0 ? skips : [...skips, rng.pick(possible)] };
}

function removeSkip(rng: Rng, { ops, skips }: Block): Block {
  return { ops, skips: skips.length === 0 ? skips : skips.toSpliced(rng.int(skips.length), 1) };
}

/**
 * The last operation's code is always 2. Skips that the block does not allow, twice the same one, and those beyond the
 * space's number go, the oldest first; what is left stands in the order in which it applies, so that equals look equal.
 */
function tidy({ ops, skips }: Block, space: Space): Block {
  const possible = possibleSkips(ops.length);
  const allowed = skips.filter(
    (skip, i) =>
      possible.some((other) => isSame(skip, other)) && !skips.slice(i + 1).some((later) => isSame(skip, later)),
  );
  return {
    ops: replaced(ops, ops.length - 1, (op) => ({ ...op, code: 2 })),
    skips: allowed.slice(Math.max(0, allowed.length - space.maxSkips)).toSorted((a, b) => a.to - b.to),
  };
}

const replaced = (ops: readonly Op[], at: number, change: (op: Op) => Op): readonly Op[] =>
  ops.map((op, i) => (i === at ? change(op) : op));

const isSame = (a: Skip, b: Skip): boolean => a.kind === b.kind && a.from === b.from && a.to === b.to;
