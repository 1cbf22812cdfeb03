import { InputError } from '../lib/errors.ts';
import { objectionTo, type Part } from './validity.ts';

/**
 * The published encoding `BLOCK_STEM_MACRO` of the joint block/macro space (NASOA, ICCV 2021; Huawei's ET-NAS),
 * as typed data. `@1` or `@2` at the end is ours: the total stride of the stem, for small images.
 */
export interface Architecture {
  /** One to three; the last one's code is 2. */
  readonly ops: readonly Op[];
  /** In the order written, which matters among skips of one target; without the residual that is always there. */
  readonly skips: readonly Skip[];
  /** Channels after the stem; even. */
  readonly stemWidth: number;
  /** Total stride of the stem; 4 is the published one. */
  readonly stemStride: StemStride;
  readonly macro: readonly MacroBlock[];
}

/** In the order of their digits. */
export const opKinds = [
  'conv3',
  'conv1',
  'conv3_grp2',
  'conv3_grp4',
  'conv3_base1',
  'conv3_base32',
  'conv3_sep',
] as const;
export type OpKind = (typeof opKinds)[number];

/** Width of an op: the block's width * 2^code / 4. */
export const channelCodes = [0, 1, 2, 3, 4] as const;
export type ChannelCode = (typeof channelCodes)[number];

export interface Op {
  readonly kind: OpKind;
  readonly code: ChannelCode;
}

/** From the value at place `from` (0 is the block's input, p the output of op p - 1) into the op before place `to`. */
export interface Skip {
  readonly kind: 'add' | 'concat';
  readonly from: number;
  readonly to: number;
}

export const multipliers = [1, 2, 4] as const;
export interface MacroBlock {
  /** The block's width over that of its input. */
  readonly multiplier: (typeof multipliers)[number];
  readonly stride: 1 | 2;
}
export type StemStride = 1 | 2 | 4;

/** Bounds of what is read: far beyond every published network, near enough to catch a typing error. */
export const encodingLimits = { ops: 3, skips: 12, blocks: 256, characters: 600, stemWidth: 1024 } as const;

const shape = 'An encoding is BLOCK_STEM_MACRO, for instance 031-_32_1-1-221-11121.';

/** The architecture that `text` names. Throws InputError with the position (counted from 1), the reason and a remedy. */
export function parseEncoding(text: string): Architecture {
  if (text === '') throw new InputError('The encoding is empty.', shape);
  if (text.length > encodingLimits.characters) {
    throw fault(text, encodingLimits.characters, `it is longer than ${encodingLimits.characters} characters`, shape);
  }
  const strange = text.search(/[^0-9ac_@-]/);
  if (strange >= 0) throw fault(text, strange, 'this character has no meaning in an encoding', shape);
  const block = cut(text, 0, '_', 'a "_" must follow the block');
  const stem = cut(text, block.end + 1, '_', 'a "_" must follow the width of the stem');
  const third = text.indexOf('_', stem.end + 1);
  if (third >= 0) throw fault(text, third, 'only two "_" belong into an encoding', shape);
  const at = text.indexOf('@', stem.end);
  const macroEnd = at < 0 ? text.length : at;
  const opsEnd = text.indexOf('-');
  if (opsEnd < 0 || opsEnd > block.end) {
    throw fault(
      text,
      block.end,
      'a "-" must close the operations of the block',
      'Write 031-_32_..., also without skips.',
    );
  }
  const architecture: Architecture = {
    ops: readOps(text, opsEnd),
    skips: readSkips(text, opsEnd + 1, block.end),
    stemWidth: readStem(text, block.end + 1, stem.end),
    stemStride: readStemStride(text, macroEnd),
    macro: readMacro(text, stem.end + 1, macroEnd),
  };
  const objection = objectionTo(architecture);
  if (objection !== undefined) {
    throw fault(text, positionOf(text, objection.part, objection.index), objection.why, objection.remedy);
  }
  return architecture;
}

/** The encoding string; `parseEncoding` of it gives the same architecture back. */
export function formatEncoding(a: Architecture): string {
  const last = a.ops.length - 1;
  const ops = a.ops.map((op, i) => `${opKinds.indexOf(op.kind)}${i === last ? '' : op.code}`).join('');
  const skips = a.skips.map((skip) => `${skip.kind === 'add' ? 'a' : 'c'}${skip.from}${skip.to}`).join('');
  const macro = a.macro.map((block) => `${block.stride === 2 ? '-' : ''}${block.multiplier}`).join('');
  return `${ops}-${skips}_${a.stemWidth}_${macro}${a.stemStride === 4 ? '' : `@${a.stemStride}`}`;
}

function readOps(text: string, end: number): Op[] {
  const remedy = 'Operations are digit pairs (operation 0 to 6, channel code 0 to 4); the last one has no code.';
  if (end === 0) throw fault(text, 0, 'the block has no operation', remedy);
  if (end % 2 === 0)
    throw fault(text, end - 1, 'the last operation must have no channel code (it is always 2)', remedy);
  if (end > 2 * encodingLimits.ops - 1) {
    throw fault(text, 2 * encodingLimits.ops - 1, `a block has at most ${encodingLimits.ops} operations`, remedy);
  }
  const ops: Op[] = [];
  for (let i = 0; i < end; i += 2) {
    const kind = opKinds[digitAt(text, i)];
    if (kind === undefined) throw fault(text, i, `"${text[i]}" is no operation`, remedy);
    const code = i + 1 < end ? channelCodes[digitAt(text, i + 1)] : 2;
    if (code === undefined) throw fault(text, i + 1, `"${text[i + 1]}" is no channel code`, remedy);
    ops.push({ kind, code });
  }
  return ops;
}

function readSkips(text: string, start: number, end: number): Skip[] {
  const remedy =
    'A skip is three characters: a (add) or c (concatenate), the place it comes from, the place it goes to.';
  if ((end - start) % 3 !== 0) throw fault(text, end - 1, 'the last skip is incomplete', remedy);
  if (end - start > 3 * encodingLimits.skips) {
    throw fault(text, start + 3 * encodingLimits.skips, `a block has at most ${encodingLimits.skips} skips`, remedy);
  }
  const skips: Skip[] = [];
  for (let i = start; i < end; i += 3) {
    const letter = text[i];
    if (letter !== 'a' && letter !== 'c') throw fault(text, i, `"${letter}" is no kind of skip`, remedy);
    const from = digitAt(text, i + 1);
    if (Number.isNaN(from)) throw fault(text, i + 1, `"${text[i + 1]}" is no place`, remedy);
    const to = digitAt(text, i + 2);
    if (Number.isNaN(to)) throw fault(text, i + 2, `"${text[i + 2]}" is no place`, remedy);
    skips.push({ kind: letter === 'a' ? 'add' : 'concat', from, to });
  }
  return skips;
}

function readStem(text: string, start: number, end: number): number {
  const remedy = `The stem's width is an even number from 2 to ${encodingLimits.stemWidth}, such as 32.`;
  const digits = text.slice(start, end);
  if (digits === '') throw fault(text, start, 'the width of the stem is missing', remedy);
  const strange = digits.search(/\D/);
  if (strange >= 0) throw fault(text, start + strange, `"${digits[strange]}" is no digit of the stem's width`, remedy);
  if (digits.startsWith('0')) throw fault(text, start, 'the width of the stem starts with 0', remedy);
  const width = Number(digits);
  if (width > encodingLimits.stemWidth) throw fault(text, start, `a stem of ${digits} channels is too wide`, remedy);
  return width;
}

function readMacro(text: string, start: number, end: number): MacroBlock[] {
  const remedy = 'The macro is one digit for each block, 1, 2 or 4, with a "-" before a block of stride 2.';
  const macro: MacroBlock[] = [];
  for (let i = start; i < end; i++) {
    const stride = text[i] === '-' ? 2 : 1;
    if (stride === 2) i++;
    if (i >= end) throw fault(text, i - 1, 'no block follows this "-"', remedy);
    const multiplier = multipliers.find((m) => m === digitAt(text, i));
    if (multiplier === undefined) throw fault(text, i, `"${text[i]}" is no channel multiplier`, remedy);
    if (macro.length === encodingLimits.blocks) throw fault(text, i, `more than ${macro.length} blocks`, remedy);
    macro.push({ multiplier, stride });
  }
  if (macro.length === 0) throw fault(text, start, 'the macro has no block', remedy);
  return macro;
}

function readStemStride(text: string, at: number): StemStride {
  if (at === text.length) return 4;
  const remedy = 'End with @1 or @2 for a stem of that total stride; the published 4 is never written.';
  const stride = text.slice(at + 1);
  if (stride === '1') return 1;
  if (stride === '2') return 2;
  throw fault(text, at, stride === '4' ? 'the stride 4 is not written' : `"@${stride}" is no stem stride`, remedy);
}

function cut(text: string, start: number, mark: string, missing: string): { readonly end: number } {
  const end = text.indexOf(mark, start);
  if (end < 0) throw fault(text, text.length, missing, shape);
  return { end };
}

const digitAt = (text: string, i: number): number => {
  const c = text.charCodeAt(i);
  return c >= 48 && c <= 57 ? c - 48 : Number.NaN;
};

/** Index of the character that a part of the architecture was read from; the text is known to be well formed. */
function positionOf(text: string, part: Part, index: number): number {
  if (part === 'op') return 2 * index;
  if (part === 'skip') return text.indexOf('-') + 1 + 3 * index;
  if (part === 'stem') return text.indexOf('_') + 1;
  let seen = 0;
  for (let i = text.lastIndexOf('_') + 1; i < text.length; i++) if (text[i] !== '-' && seen++ === index) return i;
  return text.length;
}

function fault(text: string, at: number, why: string, remedy: string): InputError {
  const shown = JSON.stringify(text.length > 100 ? `${text.slice(0, 97)}...` : text);
  const where = at < text.length ? `at character ${at + 1}` : 'at its end';
  return new InputError(`The encoding ${shown} is wrong ${where}: ${why}.`, remedy);
}
