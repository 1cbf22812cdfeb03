import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { cardsDir, shippedCards } from '../../hack/zoo/cards.ts';

test('the shipped cards are those of the index (node hack/zoo/cards.ts)', async () => {
  const cards = await shippedCards();
  expect((await readdir(cardsDir())).toSorted()).toEqual([...cards.keys()].toSorted());
  for (const [name, text] of cards) expect(await readFile(join(cardsDir(), name), 'utf8')).toBe(text);
});
