import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ArtifactStore } from '../../src/store/artifacts.ts';

type Contents = Readonly<Record<string, string | Buffer>>;

/** What every ArtifactStore has to do, called inside a `describe`; `empty` gives one without objects. */
export function artifactsContract(empty: () => Promise<ArtifactStore>): void {
  let scratch: string;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'nasoa-artifacts-'));
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  const aFolder = async (contents: Contents): Promise<string> => {
    const folder = await mkdtemp(join(scratch, 'from-'));
    for (const [path, content] of Object.entries(contents)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    return folder;
  };
  const aTarget = async (): Promise<string> => join(await mkdtemp(join(scratch, 'to-')), 'new', 'folder');

  test('a folder that was uploaded is listed and comes back the same', async () => {
    const store = await empty();
    const contents = { 'model.json': '{}', 'a b/ü&<x>.bin': randomBytes(300_000), 'a b/c/empty': '' };
    const keys = ['run/1/a b/c/empty', 'run/1/a b/ü&<x>.bin', 'run/1/model.json'];
    const uploaded = await store.upload(await aFolder(contents), 'run/1/');
    expect(uploaded.map(({ key }) => key)).toEqual(keys);
    expect(uploaded.map(({ bytes }) => bytes)).toEqual([0, 300_000, 2]);
    expect(await store.list('run')).toEqual(uploaded);
    const target = await aTarget();
    expect(await store.download('/run/1', target)).toEqual(uploaded);
    expect(await contentsOf(target)).toEqual(await contentsOf(await aFolder(contents)));
  });

  test('a large file comes back the same', async () => {
    const store = await empty();
    const large = Buffer.alloc(40 * 2 ** 20, randomBytes(1021));
    await store.upload(await aFolder({ 'weights.bin': large }), 'large');
    const target = await aTarget();
    await store.download('large', target);
    expect((await readFile(join(target, 'weights.bin'))).equals(large)).toBe(true);
  });

  test('a prefix is a folder, not the beginning of a name', async () => {
    const store = await empty();
    for (const key of ['a', 'ab/x', 'b/a/y']) await store.writeText(key, key);
    await store.writeText('c/z', 'z');
    expect((await store.list('b')).map(({ key }) => key)).toEqual(['b/a/y']);
    expect((await store.list('')).map(({ key }) => key)).toEqual(['a', 'ab/x', 'b/a/y', 'c/z']);
    expect(await store.list('a')).toEqual([]);
  });

  test('what is not there is empty, undefined, or an error that says where', async () => {
    const store = await empty();
    expect(await store.list('missing')).toEqual([]);
    expect(await store.readText('missing/text')).toBeUndefined();
    await expect(store.download('missing', await aTarget())).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringContaining('missing'),
    });
    await expect(store.upload(join(scratch, 'missing'), 'x')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a text is replaced whole', async () => {
    const store = await empty();
    for (const text of ['a long first text', '', 'short \u{1F33B}']) {
      await store.writeText('deep/down/text', text);
      expect(await store.readText('deep/down/text')).toBe(text);
    }
    expect(await store.list('deep')).toEqual([{ key: 'deep/down/text', bytes: 10 }]);
  });

  test('a second upload replaces what has the same key and leaves the rest', async () => {
    const store = await empty();
    await store.upload(await aFolder({ kept: 'old', replaced: 'old' }), 'x');
    await store.upload(await aFolder({ replaced: 'new' }), 'x');
    expect(await store.readText('x/kept')).toBe('old');
    expect(await store.readText('x/replaced')).toBe('new');
  });

  test('one object comes into a file of any name', async () => {
    const store = await empty();
    const archive = randomBytes(100_000);
    await store.upload(await aFolder({ 'pets.tar.gz': archive }), 'sets');
    const file = join(await aTarget(), 'other.tar.gz');
    await store.fetch('sets/pets.tar.gz', file);
    expect((await readFile(file)).equals(archive)).toBe(true);
    expect(await readdir(dirname(file))).toEqual(['other.tar.gz']);
    await expect(store.fetch('sets/cats.zip', file)).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringContaining('sets/cats.zip'),
    });
  });

  test('what is below a prefix is removed, and nothing beside it', async () => {
    const store = await empty();
    const keys = ['a/b', 'a/checkpoint/1', 'a/checkpoint/2', 'a/checkpoint/deep/3', 'a/checkpoint-4'];
    for (const key of keys) await store.writeText(key, key);
    await store.remove('a/checkpoint');
    expect((await store.list('')).map(({ key }) => key)).toEqual(['a/b', 'a/checkpoint-4']);
    for (const nothing of ['a/checkpoint', 'a/b', 'z/z']) await store.remove(nothing);
    expect(await store.readText('a/b')).toBe('a/b');
    await expect(store.remove('')).rejects.toThrow('no key of an artifact');
  });

  const wrongKeys = ['../up', 'a/../../up', '/root', 'a//b', 'a\\b', 'a/./b', 'a\nb', ''];
  test.each(wrongKeys)('the key %j is refused', async (key) => {
    const store = await empty();
    await expect(store.readText(key)).rejects.toThrow('no key of an artifact');
    await expect(store.writeText(key, 'x')).rejects.toThrow('no key of an artifact');
    await expect(store.fetch(key, join(scratch, 'x'))).rejects.toThrow('no key of an artifact');
    await expect(store.remove(key)).rejects.toThrow('no key of an artifact');
  });

  test('a link is not left out in silence', async () => {
    const folder = await aFolder({ file: 'x' });
    await symlink('/etc/hostname', join(folder, 'link'));
    await expect((await empty()).upload(folder, 'x')).rejects.toThrow('neither a file nor a folder');
  });
}

/** Path -> content in hex, of all files below a folder. */
export async function contentsOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents: Record<string, string> = {};
  for (const path of files.sort()) contents[path.slice(folder.length + 1)] = (await readFile(path)).toString('hex');
  return contents;
}
