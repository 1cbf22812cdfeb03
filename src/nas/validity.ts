import { type OpPlan, planBlock } from './block.ts';
import type { Architecture, MacroBlock } from './encoding.ts';

export type Part = 'op' | 'skip' | 'stem' | 'block';

/** Why an architecture cannot be built: the part (and its index) to blame, the reason, and what to do. */
export interface Objection {
  readonly part: Part;
  readonly index: number;
  readonly why: string;
  readonly remedy: string;
}

/** The widest tensor that is built; published networks stay below 4096. */
export const widestChannels = 32_768;

/** The first reason why `a` cannot be built, undefined when it can. */
export function objectionTo(a: Architecture): Objection | undefined {
  return stemObjection(a) ?? skipObjection(a) ?? blocksObjection(a);
}

function stemObjection(a: Architecture): Objection | undefined {
  if (a.stemWidth >= 2 && a.stemWidth % 2 === 0) return undefined;
  const why = `the stem's width ${a.stemWidth} is odd, and its first half would be no whole number of channels`;
  return { part: 'stem', index: 0, why, remedy: 'Choose an even width, such as 32.' };
}

function skipObjection(a: Architecture): Objection | undefined {
  const last = a.ops.length;
  for (const [index, { kind, from, to }] of a.skips.entries()) {
    const object = (why: string, remedy: string): Objection => ({ part: 'skip', index, why, remedy });
    if (to === 0)
      return object('a skip into place 0, the input of the block', `Let it go to a place from 1 to ${last}.`);
    if (to > last) {
      return object(
        `a skip into place ${to} of a block with ${last} operations`,
        `Let it go to a place up to ${last}.`,
      );
    }
    if (from >= to) {
      return object(`a skip from place ${from} to ${to} does not go forwards`, 'Let it start at an earlier place.');
    }
    if (kind === 'concat' && to === last) {
      return object(
        'a concatenation into the last operation would change the width of the block',
        'Add instead (a), or concatenate into an earlier place.',
      );
    }
  }
  return undefined;
}

function blocksObjection(a: Architecture): Objection | undefined {
  let width = a.stemWidth;
  const seen = new Set<string>();
  for (const [index, block] of a.macro.entries()) {
    const key = `${width} ${block.multiplier}`;
    // channels do not depend on the stride, so equal blocks of a long macro are checked once
    if (!seen.has(key)) {
      const objection = blockObjection(a, index, width, block);
      if (objection !== undefined) return objection;
    }
    seen.add(key);
    width *= block.multiplier;
  }
  return undefined;
}

function blockObjection(a: Architecture, b: number, width: number, block: MacroBlock): Objection | undefined {
  const blockOut = width * block.multiplier;
  if (blockOut > widestChannels) {
    const why = `block ${b + 1} would be ${blockOut} channels wide, more than ${widestChannels}`;
    return { part: 'block', index: b, why, remedy: 'Use fewer multipliers above 1, or a narrower stem.' };
  }
  for (const [index, op] of planBlock(a, width, block).ops.entries()) {
    for (const check of opChecks) {
      const why = check(op);
      if (why === undefined) continue;
      const remedy = 'Choose another operation, channel code or stem width so that the channels come out even.';
      return { part: 'op', index, why: `in block ${b + 1} ${why}`, remedy };
    }
  }
  return undefined;
}

type OpCheck = (op: OpPlan) => string | undefined;

const wholeWidth: OpCheck = (op) =>
  Number.isInteger(op.width) && op.width > 0 ? undefined : `the width would be ${op.width} channels, no whole number`;

const enoughForBase32: OpCheck = (op) =>
  op.kind === 'conv3_base32' && op.groups === 0
    ? `conv3_base32 needs at least 32 input channels and gets ${op.inChannels}`
    : undefined;

const base1Multiple: OpCheck = (op) =>
  op.kind === 'conv3_base1' && op.width % op.inChannels !== 0
    ? `the ${op.width} output channels of conv3_base1 are no multiple of its ${op.inChannels} input channels`
    : undefined;

// conv3_sep's groups are those of its depthwise half, which keeps the channels
const groupsDivide: OpCheck = (op) =>
  op.kind !== 'conv3_sep' && (op.inChannels % op.groups !== 0 || op.width % op.groups !== 0)
    ? `${op.kind} cannot split ${op.inChannels} input and ${op.width} output channels into ${op.groups} groups`
    : undefined;

const narrowEnough: OpCheck = (op) =>
  op.outChannels > widestChannels
    ? `a place would be ${op.outChannels} channels wide, more than ${widestChannels}`
    : undefined;

const opChecks: readonly OpCheck[] = [wholeWidth, enoughForBase32, base1Multiple, groupsDivide, narrowEnough];
