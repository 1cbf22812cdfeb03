import { describe, expect, test } from '@jest/globals';
import type { Emoji } from '../../hack/emoji-pictures.ts';
import { layOut, subjectOf } from '../../hack/emoji-pictures.ts';

const anEmoji = (unified: string, category = 'Objects'): Emoji => ({
  unified,
  category,
  short_name: unified,
  image: `${unified.toLowerCase()}.png`,
});

const many = (count: number, category: string, start = 0x1f300): Emoji[] =>
  Array.from({ length: count }, (_, i) => anEmoji((start + i).toString(16).toUpperCase(), category));

describe('the subject of an emoji', () => {
  test.each([
    ['a woman and a man who run', '1F3C3-200D-2640-FE0F', '1F3C3-200D-2642-FE0F'],
    ['a person and a woman who cook', '1F9D1-200D-1F373', '1F469-200D-1F373'],
    ['two families', '1F468-200D-1F469-200D-1F466', '1F469-200D-1F469-200D-1F467'],
    ['a heart with and without its colour selector', '2764', '2764-FE0F'],
  ])('is one for %s', (_what, a, b) => {
    expect(subjectOf({ unified: a })).toBe(subjectOf({ unified: b }));
  });

  test.each([
    ['two flags', '1F1E9-1F1EA', '1F1EB-1F1F7'],
    ['the signs of two genders', '2640-FE0F', '2642-FE0F'],
    ['a runner and a swimmer', '1F3C3', '1F3CA'],
  ])('differs for %s', (_what, a, b) => {
    expect(subjectOf({ unified: a })).not.toBe(subjectOf({ unified: b }));
  });
});

describe('the pictures', () => {
  test('of one subject are on one side, whatever their class', () => {
    const cooks = ['1F373', '1F9D1-200D-1F373', '1F468-200D-1F373'];
    const emoji = [
      ...many(60, 'Food', 0x1f350),
      ...many(60, 'People', 0x1f600),
      ...cooks.map((c) => anEmoji(c, 'People')),
    ];
    const sides = layOut(emoji).filter((picture) => subjectOf(picture.emoji) === '1F373');
    expect(sides.length).toBeGreaterThan(2);
    expect(new Set(sides.map(({ side }) => side)).size).toBe(1);
  });

  test('of each class are a fifth for validation', () => {
    const pictures = layOut([...many(50, 'A', 0x1f300), ...many(100, 'B', 0x1f400)]);
    const validating = (name: string) => pictures.filter((p) => p.className === name && p.side === 'val').length;
    expect([validating('A'), validating('B')]).toEqual([10, 20]);
  });

  test('are laid out alike whatever their order', () => {
    const emoji = many(80, 'A');
    const sides = (list: readonly Emoji[]) => new Map(layOut(list).map((p) => [p.emoji.unified, p.side]));
    expect(sides(emoji.toReversed())).toEqual(new Map([...sides(emoji)].toReversed()));
  });

  test('of a category of a handful make no class', () => {
    expect(new Set(layOut([...many(30, 'A'), ...many(5, 'Component', 0x1f3fb)]).map((p) => p.className))).toEqual(
      new Set(['A']),
    );
  });
});
