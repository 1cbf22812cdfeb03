import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { chooseOut, datasetName } from '../../src/cli/out-folder.ts';
import { InputError } from '../../src/lib/errors.ts';

const before = process.cwd();
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nasoa-out-'));
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

const unfinished = (out: string): void => {
  mkdirSync(join(out, 'checkpoint'), { recursive: true });
};

test.each([
  ['./images', 'images'],
  ['/data/images/', 'images'],
  ['photos.tar.gz', 'photos'],
  ['photos.v2.zip', 'photos.v2'],
  ['.', 'NAME OF THE FOLDER'],
])('the data set at %s is called %s', (path, name) => {
  expect(datasetName(path)).toBe(path === '.' ? folder.split('/').at(-1) : name);
});

test('without --out every run gets a fresh folder', async () => {
  expect(await chooseOut({ path: './images', out: undefined, resume: false })).toBe(join('nasoa-out', 'images'));
  mkdirSync(join('nasoa-out', 'images'), { recursive: true });
  mkdirSync(join('nasoa-out', 'images-2'));
  expect(await chooseOut({ path: './images', out: undefined, resume: false })).toBe(join('nasoa-out', 'images-3'));
});

test('resuming without --out takes the newest unfinished run of this data set', async () => {
  for (const name of ['images', 'images-2', 'images-other', 'images-3']) unfinished(join('nasoa-out', name));
  utimesSync(join('nasoa-out', 'images-2', 'checkpoint'), 2e9, 2e9);
  utimesSync(join('nasoa-out', 'images-other', 'checkpoint'), 3e9, 3e9);
  expect(await chooseOut({ path: './images', out: undefined, resume: true })).toBe(join('nasoa-out', 'images-2'));
});

test.each([
  ['a file in place of the folder', 'file', false, /"file" is a file/],
  ['a folder below a file', 'file/out', false, /is a file/],
  ['an unfinished run that would be lost', 'half', false, /holds an unfinished run/],
  ['nothing to go on with', 'empty', true, /no unfinished run in "empty"/],
])('%s is refused', async (_name, out, resume, message) => {
  writeFileSync('file', '');
  unfinished('half');
  const choice = chooseOut({ path: './images', out, resume });
  await expect(choice).rejects.toThrow(message);
  await expect(choice).rejects.toBeInstanceOf(InputError);
});

test('a folder with a finished run may be written again, an unfinished one goes on', async () => {
  mkdirSync('done');
  writeFileSync(join('done', 'result.json'), '{}');
  unfinished('half');
  expect(await chooseOut({ path: './images', out: 'done', resume: false })).toBe('done');
  expect(await chooseOut({ path: './images', out: 'half', resume: true })).toBe('half');
});
