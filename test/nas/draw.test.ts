import { describe, expect, test } from '@jest/globals';
import { createRng } from '../../src/lib/rng.ts';
import { drawBlock, macroSummary } from '../../src/nas/draw.ts';
import { parseEncoding } from '../../src/nas/encoding.ts';
import { sampleArchitecture } from '../../src/nas/space.ts';

test('adds, a concat and the residual', () => {
  expect(`\n${drawBlock(parseEncoding('23311-a02c12_16_1-2-11'))}`).toBe(`
 0              block input
                     ●────────────────────┬─────────╮
     ┌───────────────┴───────────────┐    │         │
     │ 3×3 conv, 2 groups      ↓2 2× │    │         │
     └───────────────┬───────────────┘    │         │
                     │ ReLU               │         │
 1                   ●────────────────────┼────╮    │
     ┌───────────────┴───────────────┐    │    │    │
     │ 3×3 conv, 4 groups         ½× │    │    │    │
     └───────────────┬───────────────┘    │    │    │
     add 0→2         ⊕◄───── 1×1 ─────────╯    │    │
     concat 1→2      ⊞◄────────────────────────╯    │
                     │ ReLU                         │
 2                   │                              │
     ┌───────────────┴───────────────┐              │
     │ 1×1 conv                   1× │              │
     └───────────────┬───────────────┘              │
     add 0→3         ⊕◄───── (1×1) ─────────────────╯
                     │ ReLU
 3              block output

Batch norm follows each convolution; widths are shares of the block's width.
↓2: where a block of stride 2 halves the size.
1×1: the skip passes a convolution.
(1×1): the skip passes a convolution where a block changes size or width.`);
});

describe('a drawing shows', () => {
  test.each([
    ['the stride behind a first conv1', '10001-_64_4-11', /3×3 conv {16}↓2 ¼× │/],
    ['no stride where no block has one', '031-_32_11', /^(?!.*↓2)/s],
    ['no projection where source and target always fit', '0-_32_11', /⊕◄─+╯/],
    ['one operation with its residual alone', '2-_32_2-11-112-1121112', /add 0→1 {9}⊕◄─+ \(1×1\) ─+╯/],
    ['the longest name', '5-_64_1', /│ 3×3 conv, groups of 32 {5}1× │/],
  ])('%s', (_name, encoding, pattern) => {
    expect(drawBlock(parseEncoding(encoding))).toMatch(pattern);
  });

  test('each of twelve skips within 80 columns', () => {
    const drawing = drawBlock(parseEncoding('12521-c01a01a02c02a12c12a13a01a02a12a23a03_64_1'));
    expect(drawing.match(/◄/g)).toHaveLength(13);
    for (const line of drawing.split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
  });
});

test('drawings of sampled blocks stay within 80 columns and have no trailing blanks', () => {
  const rng = createRng(3);
  for (let i = 0; i < 200; i++) {
    for (const line of drawBlock(sampleArchitecture(rng)).split('\n')) {
      expect([...line].length).toBeLessThanOrEqual(80);
      expect(line).toBe(line.trimEnd());
    }
  }
});

describe('the macro in one line', () => {
  test.each([
    ['031-_32_1-1-221-11121', 'stem 32 ↓4 │ 32×1 │ ↓2 32×1 │ ↓2 64×1 128×2 │ ↓2 128×3 256×2'],
    ['0-_16_-2-11-2@2', 'stem 16 ↓2 │ ↓2 32×1 │ ↓2 32×2 │ ↓2 64×1'],
    ['0-_16_1@1', 'stem 16 │ 16×1'],
  ])('%s', (encoding, line) => {
    expect(macroSummary(parseEncoding(encoding))).toBe(line);
  });
});
