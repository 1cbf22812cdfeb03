import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openArtifacts } from '../../src/store/open-artifacts.ts';
import { artifactsContract } from './artifacts-contract.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'nasoa-folder-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const fresh = () => mkdtemp(join(root, 'store-'));

describe('artifacts in a folder', () => {
  artifactsContract(async () => openArtifacts({ folder: join(await fresh(), 'not', 'made', 'yet') }, {}));

  test('files that are still being written are not listed', async () => {
    const folder = await fresh();
    await writeFile(join(folder, 'whole'), 'x');
    await writeFile(join(folder, 'half.0123abcd.part'), 'x');
    expect(await (await openArtifacts({ folder }, {})).list('')).toEqual([{ key: 'whole', bytes: 1 }]);
  });

  test('links, which could lead out of it, are not listed', async () => {
    const folder = await fresh();
    await symlink('/etc', join(folder, 'etc'));
    expect(await (await openArtifacts({ folder }, {})).list('')).toEqual([]);
  });

  test('a copy that fails leaves nothing half written', async () => {
    const [from, folder] = [await fresh(), await fresh()];
    await writeFile(join(from, 'model'), 'x');
    await mkdir(join(folder, 'model', 'in the way'), { recursive: true });
    const store = await openArtifacts({ folder }, {});
    await expect(store.upload(from, '')).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['model']);
  });
});
