import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { run } from '../../hack/tool.ts';

const script = fileURLToPath(new URL('../../hack/packages-current.mjs', import.meta.url));
type Packages = Readonly<Record<string, { readonly integrity?: string; readonly optional?: boolean }>>;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nasoa-packages-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const wanted: Packages = {
  '': {},
  'node_modules/a': { integrity: 'sha512-a' },
  'node_modules/other-platform': { integrity: 'sha512-o', optional: true },
};

test.each<[string, Packages | undefined, number]>([
  ['what is installed is what is wanted', { 'node_modules/a': { integrity: 'sha512-a' } }, 0],
  ['a package is missing', {}, 1],
  ['a package has another content', { 'node_modules/a': { integrity: 'sha512-b' } }, 1],
  [
    'an optional package has another content',
    { ...wanted, 'node_modules/other-platform': { integrity: 'sha512-x' } },
    1,
  ],
  ['npm was killed before it was through', undefined, 1],
])('when %s', async (_when, installed, code) => {
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ packages: wanted }));
  if (installed !== undefined) {
    await mkdir(join(folder, 'node_modules'));
    await writeFile(join(folder, 'node_modules', '.package-lock.json'), JSON.stringify({ packages: installed }));
  }
  const finished = await run(process.execPath, [script, folder], { env: process.env });
  expect(finished.code).toBe(code);
});
