import { InputError } from '../lib/errors.ts';
import type { Rng } from '../lib/rng.ts';
import {
  type Architecture,
  type ChannelCode,
  type MacroBlock,
  multipliers,
  type Op,
  type OpKind,
  opKinds,
  type Skip,
  type StemStride,
} from './encoding.ts';
import { objectionTo } from './validity.ts';

/** The joint block/macro search space: what may be drawn, and its bounds. */
export interface Space {
  readonly opKinds: readonly OpKind[];
  readonly maxOps: 1 | 2 | 3;
  readonly codes: readonly ChannelCode[];
  /** Beside the residual that is always there. */
  readonly maxSkips: number;
  readonly stemWidths: readonly number[];
  readonly stemStrides: readonly StemStride[];
  /** Blocks of the macro, least and most. */
  readonly blocks: readonly [number, number];
  /** Blocks of stride 2 among them, least and most. */
  readonly strides: readonly [number, number];
  /** Channels of the last block at most. */
  readonly maxWidth: number;
}

/** Spans the published networks; for small images take a `stemStrides` of 2 or 1. */
export const defaultSpace: Space = {
  opKinds,
  maxOps: 3,
  codes: [0, 1, 2, 3],
  maxSkips: 2,
  stemWidths: [16, 24, 32, 48, 64],
  stemStrides: [4],
  blocks: [4, 32],
  strides: [2, 4],
  maxWidth: 2048,
};

/** Draws until the channels divide: about every second one does, so that this many failures mean an empty space. */
const tries = 1000;

/** A valid architecture of the space. Throws InputError where the space seems to hold none. */
export function sampleArchitecture(rng: Rng, space: Space = defaultSpace): Architecture {
  for (let i = 0; i < tries; i++) {
    const stemWidth = rng.pick(space.stemWidths);
    const ops = sampleOps(rng, space);
    const architecture: Architecture = {
      ops,
      skips: sampleSkips(rng, ops.length, space.maxSkips),
      stemWidth,
      stemStride: rng.pick(space.stemStrides),
      macro: sampleMacro(rng, space, stemWidth),
    };
    if (objectionTo(architecture) === undefined) return architecture;
  }
  throw new InputError(
    `The search space gave no valid architecture in ${tries} draws.`,
    'Allow more operations, channel codes or stem widths.',
  );
}

/** Operations for one block. */
export function sampleOps(rng: Rng, space: Space): readonly Op[] {
  const count = 1 + rng.int(space.maxOps);
  return Array.from({ length: count }, (_, i) => ({
    kind: rng.pick(space.opKinds),
    code: i === count - 1 ? 2 : rng.pick(space.codes),
  }));
}

const sampleSkips = (rng: Rng, ops: number, most: number): readonly Skip[] =>
  rng.shuffle(possibleSkips(ops)).slice(0, rng.int(most + 1));

/** All skips that a block of so many operations may have. */
export function possibleSkips(ops: number): Skip[] {
  const possible: Skip[] = [];
  for (let to = 1; to <= ops; to++) {
    for (let from = 0; from < to; from++) {
      // the block's own residual is there anyway, and a concat may not change the block's width
      if (from > 0 || to < ops) possible.push({ kind: 'add', from, to });
      if (to < ops) possible.push({ kind: 'concat', from, to });
    }
  }
  return possible;
}

/** Strides and doublings at random places. */
export function sampleMacro(rng: Rng, space: Space, stemWidth: number): readonly MacroBlock[] {
  const blocks = between(rng, space.blocks);
  const strides = Math.min(blocks, between(rng, space.strides));
  const places = Array.from({ length: blocks }, (_, b) => b);
  const strided = new Set(rng.shuffle(places).slice(0, strides));
  // a block may double its width twice
  const most = Math.max(0, Math.floor(Math.log2(space.maxWidth / stemWidth)));
  const doubled = rng.shuffle([...places, ...places]).slice(0, rng.int(most + 1));
  return places.map((b) => ({
    multiplier: multipliers[doubled.filter((at) => at === b).length] ?? 1,
    stride: strided.has(b) ? 2 : 1,
  }));
}

/** Whether `a` can be built and lies within the space's bounds. */
export function isWithin(a: Architecture, space: Space): boolean {
  const strided = a.macro.filter(({ stride }) => stride === 2).length;
  const widest = a.macro.reduce((width, { multiplier }) => width * multiplier, a.stemWidth);
  const isIn = (value: number, [least, most]: readonly [number, number]): boolean => value >= least && value <= most;
  return (
    a.ops.length <= space.maxOps &&
    a.ops.every(
      ({ kind, code }, i) => space.opKinds.includes(kind) && (i === a.ops.length - 1 || space.codes.includes(code)),
    ) &&
    a.skips.length <= space.maxSkips &&
    space.stemWidths.includes(a.stemWidth) &&
    space.stemStrides.includes(a.stemStride) &&
    isIn(a.macro.length, space.blocks) &&
    isIn(strided, [Math.min(space.strides[0], a.macro.length), space.strides[1]]) &&
    widest <= Math.max(space.maxWidth, a.stemWidth) &&
    objectionTo(a) === undefined
  );
}

const between = (rng: Rng, [least, most]: readonly [number, number]): number => least + rng.int(most - least + 1);
