import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { networkOf } from '../../src/nas/families/table.ts';
import { encodeRecord, recordOf } from '../../src/nas/member-folders.ts';
import { encodeSafetensors } from '../../src/nas/safetensors.ts';
import { loadZoo, weightsPath } from '../../src/nas/zoo.ts';
import { addRandomMember, aNewMember, randomWeights, testMembers } from '../support/zoo.ts';

let zoo: string;
beforeEach(async () => {
  zoo = await mkdtemp(join(tmpdir(), 'nasoa-members-'));
});
afterEach(() => rm(zoo, { recursive: true, force: true }));

const encoding = testMembers.plain;
const folderOf = (id: string): string => join(zoo, 'members', id);

/** A member as a pod leaves it, in its own folder. */
async function aMember(id: string, name: string): Promise<void> {
  const weights = encodeSafetensors(randomWeights(networkOf(encoding, { classes: 5 }), 1));
  await mkdir(folderOf(id), { recursive: true });
  await writeFile(join(folderOf(id), 'weights.safetensors'), weights);
  await writeFile(join(folderOf(id), 'member.json'), encodeRecord(recordOf(aNewMember(name, encoding), weights)));
}

const namesIn = async (only?: readonly string[]): Promise<readonly string[]> =>
  (await loadZoo(zoo, only)).members.map(({ name }) => name);

test('members stand in the order of their numbers, each with its own weights', async () => {
  for (const [id, name] of Object.entries({ 10: 'tenth', 2: 'second', 1: 'first' })) await aMember(id, name);
  expect(await namesIn()).toEqual(['first', 'second', 'tenth']);
  expect(weightsPath(await loadZoo(zoo), 'tenth')).toBe(join(folderOf('10'), 'weights.safetensors'));
});

test('what has no record yet is no member, whatever else lies there', async () => {
  await aMember('1', 'first');
  await mkdir(join(folderOf('2'), 'checkpoint'), { recursive: true });
  await writeFile(join(folderOf('2'), 'weights.safetensors'), 'half of it');
  await writeFile(join(zoo, 'members', 'notes.txt'), 'x');
  await mkdir(join(zoo, 'candidates', '1'), { recursive: true });
  expect(await namesIn()).toEqual(['first']);
});

test('only those that are wanted are looked at, and one that is missing is named', async () => {
  await aMember('1', 'first');
  await aMember('2', 'second');
  await rm(join(folderOf('2'), 'weights.safetensors'));
  expect(await namesIn(['first'])).toEqual(['first']);
  await expect(namesIn()).rejects.toThrow('weights.safetensors" of the member "second" are missing');
  await expect(namesIn(['third'])).rejects.toThrow('has no member "third"');
});

test.each<[string, () => Promise<void>, string]>([
  ['altered weights', () => writeFile(join(folderOf('1'), 'weights.safetensors'), 'x'), 'SHA-256 differs'],
  ['a record that is no JSON', () => writeFile(join(folderOf('1'), 'member.json'), '{'), "The member's record"],
  ['a record of nothing', () => writeFile(join(folderOf('1'), 'member.json'), '{}'), 'member.stages'],
  ['no members at all', () => rm(join(zoo, 'members'), { recursive: true }), 'no index.json and no members'],
])('%s is an error that says where', async (_what, spoil, message) => {
  await aMember('1', 'first');
  await spoil();
  await expect(namesIn()).rejects.toThrow(message);
});

test('where there is an index, it says what the zoo holds', async () => {
  await aMember('1', 'first');
  await addRandomMember(zoo, 'indexed', encoding);
  expect(await namesIn()).toEqual(['indexed']);
});
