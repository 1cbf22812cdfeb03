import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { publishedPath } from '../../src/cli/local/published-weights.ts';
import { startWeights } from '../../src/cli/local/start-weights.ts';
import { addMembers } from '../../src/cli/local/zoo-add.ts';
import { importMember } from '../../src/cli/local/zoo-import.ts';
import type { PublishedWeights } from '../../src/nas/families/family.ts';
import { familyOf, networkOf } from '../../src/nas/families/table.ts';
import { memberCard } from '../../src/nas/member-card.ts';
import { encodeSafetensors } from '../../src/nas/safetensors.ts';
import { addMember, loadZoo, removeMember, weightsPath } from '../../src/nas/zoo.ts';
import { contextIn } from '../support/context.ts';
import { aNewMember, aWorld, randomWeights, testMembers, type World } from '../support/zoo.ts';

let world: World;
beforeAll(async () => {
  world = await aWorld({ perClass: 1 });
});
afterAll(() => world.remove());

const lite = 'efficientnet-lite0';
const weightsIn = async (folder: string) => (await readdir(folder)).filter((name) => name.endsWith('.safetensors'));

const wholeNetwork = networkOf(lite, { classes: 5 });
const headless = [...randomWeights(wholeNetwork, 1)].filter(([name]) => !name.startsWith('_fc.'));
const wholeWeights = encodeSafetensors(new Map(headless));

/** A zoo of a network and two cuts of it, over one file of weights without a head. */
async function aSharedZoo(folder: string): Promise<void> {
  await addMember(folder, aNewMember('whole', lite), wholeWeights);
  for (const k of [3, 5]) await addMember(folder, aNewMember(`cut${k}`, `${lite}/${k}`), { sharedWith: 'whole' });
}

describe('members that share a file of weights', () => {
  test('are loaded, each takes its part, and the file goes with the last of them', async () => {
    const folder = join(world.folder, 'shared');
    await aSharedZoo(folder);
    expect(await weightsIn(folder)).toHaveLength(1);
    const zoo = await loadZoo(folder);
    expect(new Set(zoo.members.map(({ name }) => weightsPath(zoo, name))).size).toBe(1);
    const sizes = await Promise.all(
      zoo.members.map(
        async ({ name, encoding }) => (await startWeights(zoo, name, networkOf(encoding, { classes: 3 }))).size,
      ),
    );
    expect(sizes[1]).toBeLessThan(sizes[2] ?? 0);
    expect(sizes[2]).toBeLessThan(sizes[0] ?? 0);
    await removeMember(folder, 'whole');
    expect(await weightsIn(folder)).toHaveLength(1);
    for (const name of ['cut3', 'cut5']) await removeMember(folder, name);
    expect(await weightsIn(folder)).toEqual([]);
    expect((await loadZoo(folder)).members).toEqual([]);
  });

  test('share it in the zoo that they are copied to as well', async () => {
    const [from, to] = [join(world.folder, 'source'), join(world.folder, 'target')];
    await aSharedZoo(from);
    await addMembers({ from, names: ['cut5', 'whole'], zoo: to }, contextIn(world));
    expect((await loadZoo(to)).members.map(({ name }) => name)).toEqual(['cut5', 'whole']);
    expect(await weightsIn(to)).toHaveLength(1);
  });
});

describe('copying members', () => {
  const copy = (names: readonly string[], to: string) =>
    addMembers({ from: world.zoo, names, zoo: join(world.folder, to) }, contextIn(world));

  test('all of them unless some are named', async () => {
    expect((await copy([], 'all')).map(({ name }) => name)).toEqual(Object.keys(testMembers));
  });

  test('a name that is taken leaves the zoo as it was', async () => {
    await copy(['square'], 'taken');
    await expect(copy(['plain', 'square'], 'taken')).rejects.toThrow(/already has a member "square"/);
    expect((await loadZoo(join(world.folder, 'taken'))).members).toHaveLength(1);
  });

  test('a name that is not there leaves no zoo', async () => {
    await expect(copy(['round'], 'none')).rejects.toThrow(/no member "round"/);
    await expect(readdir(join(world.folder, 'none'))).rejects.toThrow();
  });

  test('nothing can be removed from a folder that is no zoo', async () => {
    await mkdir(join(world.folder, 'empty'), { recursive: true });
    await expect(removeMember(join(world.folder, 'empty'), 'plain')).rejects.toThrow(/no index\.json to change/);
  });
});

describe('published weights', () => {
  const published = familyOf(lite).weights?.(lite) as PublishedWeights;

  test('another file in the cache is not taken for them, and without Python one hears of it', async () => {
    const context = contextIn(world);
    const env = { ...context.env, NASOA_CACHE_DIR: join(world.folder, 'other-cache'), PATH: '/nowhere' };
    const path = publishedPath(published, env);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, 'something else');
    const request = { encoding: lite, weights: undefined, zoo: join(world.folder, 'lite'), name: undefined };
    const rest = { nativeSize: undefined, accuracy: undefined, licence: undefined, provenance: undefined };
    await expect(importMember({ ...request, ...rest }, { ...context, env })).rejects.toThrow(/there is no python3/);
    expect(await readdir(join(path, '..'))).toHaveLength(1);
  });

  test('of a network that has none one hears that a file is needed', async () => {
    const request = { encoding: '0-_16_1', weights: undefined, zoo: join(world.folder, 'lite'), name: undefined };
    const rest = { nativeSize: undefined, accuracy: undefined, licence: undefined, provenance: undefined };
    await expect(importMember({ ...request, ...rest }, contextIn(world))).rejects.toThrow(/No weights of 0-_16_1/);
  });
});

test('a card tells what the record holds, and of a cut what it was cut from', async () => {
  const folder = join(world.folder, 'cards');
  await aSharedZoo(folder);
  const [whole, cut] = (await loadZoo(folder)).members.map(memberCard);
  expect(whole).toContain('less 127.0, 127.0, 127.0, divided by 128.0, 128.0, 128.0');
  expect(whole).toContain('| 64 px | 16 | none | fp32 |');
  expect(cut).toContain(`The first 3 stages of ${lite}`);
});
