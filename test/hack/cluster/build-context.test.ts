import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { contextKey, visibleFiles } from '../../../hack/cluster/build-context.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nasoa-context-'));
  await write('.dockerignore', '# nothing but these\n*\n!src\n!LICENSE\nsrc/drafts\n');
  for (const path of ['src/a.ts', 'src/drafts/b.ts', 'LICENSE', 'notes.md']) await write(path, path);
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

test('a build sees what .dockerignore takes back in, less what it leaves out of that', () => {
  expect(visibleFiles(folder)).toEqual(['LICENSE', 'src/a.ts']);
});

test.each([
  ['changes with a file that the build sees', 'src/a.ts', true],
  ['stays when another file changes', 'notes.md', false],
  ['stays when a file that is left out changes', 'src/drafts/b.ts', false],
])('the key %s', async (_what, path, changes) => {
  const before = contextKey(folder, ['FROM scratch']);
  await write(path, 'changed');
  expect(contextKey(folder, ['FROM scratch']) !== before).toBe(changes);
});

test('the key changes with the recipe', () => {
  expect(contextKey(folder, ['FROM scratch'])).not.toBe(contextKey(folder, ['FROM debian']));
});

test("the trainer's image sets up TensorFlow with all that the set-up imports, and nothing else", () => {
  const dockerfile = readFileSync(join(root, 'images/trainer.Dockerfile'), 'utf8');
  const copied = [...dockerfile.matchAll(/^COPY ((?:hack|src)\/\S+\.ts(?: \S+\.ts)*) \S+$/gm)].flatMap(
    ([, paths = '']) => paths.split(' '),
  );
  expect(copied.sort()).toEqual(importsOf('hack/setup-tensorflow.ts').sort());
});

/** A module and all that it imports of this checkout, by any chain. */
function importsOf(path: string, known = new Set<string>()): string[] {
  if (known.has(path)) return [];
  known.add(path);
  const text = readFileSync(join(root, path), 'utf8');
  for (const [, specifier = ''] of text.matchAll(/from '(\.[^']+)'/g)) {
    importsOf(relative(root, join(root, dirname(path), specifier)), known);
  }
  return [...known];
}
