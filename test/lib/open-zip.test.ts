import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openZip } from '../../src/lib/open-zip.ts';

const sound = fileURLToPath(new URL('../nas/fixtures/state.pth', import.meta.url));

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'open-zip-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function contents(path: string): Promise<Map<string, Buffer>> {
  const zip = await openZip(path);
  try {
    const found = new Map<string, Buffer>();
    for await (const entry of zip.eachEntry()) {
      found.set(entry.fileName, await buffer(await zip.openReadStreamPromise(entry)));
    }
    return found;
  } finally {
    zip.close();
  }
}

test('entries are read one after the other', async () => {
  const found = await contents(sound);
  expect(found.get('state/byteorder')?.toString()).toBe('little');
  expect(found.size).toBeGreaterThan(10);
});

test.each([
  ['the directory lies beyond the end of the file', 0xffffff00],
  ['the directory lies beyond what numbers can count', 0xffffffff],
])('an archive whose end record says that %s is rejected', async (_name, offset) => {
  const bytes = await readFile(sound);
  const end = bytes.lastIndexOf(Buffer.from('PK\u0005\u0006', 'latin1'));
  bytes.writeUInt32LE(offset, end + 16);
  // the offset of a 64-bit end record, which 0xffffffff refers to
  bytes.fill(0x7f, end - 12, end - 4);
  const path = join(folder, `${offset}.zip`);
  await writeFile(path, bytes);
  await expect(contents(path)).rejects.toThrow();
});

test('a file that is no archive is rejected, and so is a missing one', async () => {
  await writeFile(join(folder, 'text.zip'), 'hello');
  await expect(openZip(join(folder, 'text.zip'))).rejects.toThrow();
  await expect(openZip(join(folder, 'none.zip'))).rejects.toThrow(/ENOENT/);
});
