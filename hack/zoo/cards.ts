/** Writes the cards of the shipped zoo's members from its index: `node hack/zoo/cards.ts`. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../src/lib/atomic-file.ts';
import { memberCard } from '../../src/nas/member-card.ts';
import { shippedZooDir } from '../../src/nas/zoo.ts';
import { parseZooIndex } from '../../src/nas/zoo-index.ts';
import { isProgram } from '../tool.ts';

export const cardsDir = (): string => join(shippedZooDir(), 'cards');

/** Name of the file and its text, for every member. */
export async function shippedCards(): Promise<ReadonlyMap<string, string>> {
  const path = join(shippedZooDir(), 'index.json');
  const { members } = parseZooIndex(await readFile(path, 'utf8'), path);
  return new Map(members.map((member) => [`${member.name}.md`, memberCard(member)]));
}

if (isProgram(import.meta.url)) {
  await rm(cardsDir(), { recursive: true, force: true });
  await mkdir(cardsDir(), { recursive: true });
  for (const [name, text] of await shippedCards()) await writeFileAtomic(join(cardsDir(), name), text);
}
