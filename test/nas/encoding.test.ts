import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InputError } from '../../src/lib/errors.ts';
import { createRng } from '../../src/lib/rng.ts';
import { formatEncoding, parseEncoding } from '../../src/nas/encoding.ts';
import { sampleArchitecture } from '../../src/nas/space.ts';

const errorOf = (text: string): InputError => {
  try {
    parseEncoding(text);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error(`${text} was accepted`);
};

const anEncoding = fc.nat(1_000_000).map((seed) => formatEncoding(sampleArchitecture(createRng(seed), undefined)));

test('an encoding becomes typed data', () => {
  expect(parseEncoding('23311-a02c12_16_1-2-14@2')).toEqual({
    ops: [
      { kind: 'conv3_grp2', code: 3 },
      { kind: 'conv3_grp4', code: 1 },
      { kind: 'conv1', code: 2 },
    ],
    skips: [
      { kind: 'add', from: 0, to: 2 },
      { kind: 'concat', from: 1, to: 2 },
    ],
    stemWidth: 16,
    stemStride: 2,
    macro: [
      { multiplier: 1, stride: 1 },
      { multiplier: 2, stride: 2 },
      { multiplier: 1, stride: 2 },
      { multiplier: 4, stride: 1 },
    ],
  });
});

test('skips keep the order in which they are written', () => {
  const [first, second] = ['00121-c12c01_16_1', '00121-c01c12_16_1'].map((text) => parseEncoding(text).skips);
  expect(first).toEqual(second?.toReversed());
});

describe('valid strings', () => {
  test.each([
    ['no skip and one operation', '0-_16_2-11-2'],
    ['a stride on the first block', '011-_128_-111121111111-1211111112-11'],
    ['a stem stride of 1', '031-_32_1-1-221-11121@1'],
    ['base32 behind a concat, whose 40 channels make one group', '00521-c01_32_1'],
    ['base1 that doubles its channels', '4-_32_2'],
    ['the widest code', '041-_32_1'],
    ['the residual written out a second time', '031-a02_32_1'],
  ])('%s', (_name, text) => {
    expect(formatEncoding(parseEncoding(text))).toBe(text);
  });
});

describe('an invalid string is refused with the place and the reason', () => {
  test.each([
    ['nothing', '', /is empty/],
    ['a strange character', '031-_32_1x', /character 10: this character has no meaning/],
    ['a line break', '031-_32_1\n', /character 10/],
    ['no stem', '031-', /at its end: a "_" must follow the block/],
    ['no macro', '031-_32', /at its end: a "_" must follow the width/],
    ['a third part too many', '031-_32_1_1', /character 10: only two "_"/],
    ['no dash after the operations', '031_32_1-1', /character 4: a "-" must close/],
    ['no operation', '-_32_1', /character 1: the block has no operation/],
    ['a code on the last operation', '0312-_32_1', /character 4: the last operation must have no channel code/],
    ['four operations', '0202020-_32_1', /character 6: a block has at most 3/],
    ['an unknown operation', '731-_32_1', /character 1: "7" is no operation/],
    ['an unknown code', '091-_32_1', /character 2: "9" is no channel code/],
    ['a letter among the operations', '0a1-_32_1', /character 2: "a" is no channel code/],
    ['half a skip', '02031-a0_64_1', /character 8: the last skip is incomplete/],
    ['an unknown skip', '02031-102_64_1', /character 7: "1" is no kind of skip/],
    ['a skip to nowhere', '02031-a0a_64_1', /character 9: "a" is no place/],
    ['thirteen skips', `02031-${'a01'.repeat(13)}_64_1`, /character 43: a block has at most 12 skips/],
    ['a skip into the input', '02031-a00_64_1', /character 7: a skip into place 0/],
    ['a skip beyond the last place', '02031-a01a14_64_1', /character 10: a skip into place 4 of a block with 3/],
    ['a skip backwards', '02031-a21_64_1', /character 7: a skip from place 2 to 1 does not go forwards/],
    ['a skip onto itself', '02031-a11_64_1', /does not go forwards/],
    ['a concat into the last operation', '02031-c03_64_1', /character 7: a concatenation into the last operation/],
    ['no stem width', '031-__1', /character 6: the width of the stem is missing/],
    ['a leading zero', '031-_032_1', /character 6: .* starts with 0/],
    ['a word as stem', '031-_3a_1', /character 7: "a" is no digit/],
    ['an odd stem', '031-_33_1', /character 6: the stem's width 33 is odd/],
    ['a stem of nothing', '031-_0_1', /character 6/],
    ['a giant stem', '031-_4096_1', /character 6: a stem of 4096 channels is too wide/],
    ['no block', '031-_32_', /at its end: the macro has no block/],
    ['a dash at the end', '031-_32_1-', /character 10: no block follows/],
    ['two dashes', '031-_32_1--1', /character 11: "-" is no channel multiplier/],
    ['a multiplier of 3', '031-_32_13', /character 10: "3" is no channel multiplier/],
    ['too many blocks', `031-_32_${'1'.repeat(257)}`, /character 265: more than 256 blocks/],
    ['a width without end', '0-_32_44444444444', /character 12: block 6 would be 131072 channels wide/],
    ['half a channel', '001-_18_1', /character 1: in block 1 the width would be 4.5 channels/],
    ['groups that do not divide', '311-_36_1', /character 1: .* cannot split 36 input and 18/],
    ['base1 that narrows', '411-_32_1', /character 1: .* the 16 output channels of conv3_base1 are no multiple/],
    ['base1 behind a concat', '02421-c01_32_1', /character 3: .* the 32 output channels .* of its 64 input channels/],
    ['base32 of a narrow input', '5-_16_1', /character 1: in block 1 conv3_base32 needs at least 32 .* gets 16/],
    ['base32 of an op that narrowed', '00521-_64_1', /character 3: in block 1 conv3_base32 needs at least 32/],
    ['base32 whose groups do not divide', '5-_98_1', /cannot split 98 input and 98 output channels into 3/],
    ['the published stem stride written out', '031-_32_1@4', /character 10: the stride 4 is not written/],
    ['an unknown stem stride', '031-_32_1@3', /character 10: "@3" is no stem stride/],
    ['an empty stem stride', '031-_32_1@', /"@" is no stem stride/],
    ['something after the stem stride', '031-_32_1@2-1', /"@2-1" is no stem stride/],
    ['an endless string', '1'.repeat(5000), /longer than 600 characters/],
  ])('%s', (_name, text, message) => {
    const error = errorOf(text);
    expect(error.message).toMatch(message);
    expect(error.remedy.length).toBeGreaterThan(10);
    expect(error.message.length).toBeLessThan(300);
  });

  test('the block to blame is named where only later ones fail', () => {
    expect(errorOf('401-_16_4-1').message).toContain('in block 2');
  });
});

describe('properties', () => {
  test('what is parsed is formatted back exactly', () => {
    fc.assert(fc.property(anEncoding, (text) => expect(formatEncoding(parseEncoding(text))).toBe(text)));
  });

  test('garbage never fails with anything but InputError', () => {
    const letters = fc.string({ unit: fc.constantFrom(...'0123456789ac-_@ x\u00e9'), maxLength: 40 });
    fc.assert(
      fc.property(fc.oneof(letters, fc.string({ unit: 'binary' })), (text) => acceptedOrRefused(text)),
      { numRuns: 2000 },
    );
  });

  test('a valid string with one character changed, dropped or doubled is accepted exactly or refused', () => {
    const letter = fc.constantFrom(...'0123456789ac-_@');
    fc.assert(
      fc.property(anEncoding, fc.nat(), letter, fc.constantFrom(0, 1, 2), (text, place, other, kind) => {
        const at = place % text.length;
        const put = [other, '', `${text[at]}${other}`][kind] ?? '';
        acceptedOrRefused(text.slice(0, at) + put + text.slice(at + 1));
      }),
      { numRuns: 2000 },
    );
  });
});

function acceptedOrRefused(text: string): void {
  try {
    expect(formatEncoding(parseEncoding(text))).toBe(text);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.message).toMatch(/character \d+|at its end|is empty/);
  }
}
