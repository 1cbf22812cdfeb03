import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openEmbedded } from '../../src/store/embedded.ts';
import { experienceStore } from '../../src/store/experience.ts';
import { anExperience } from '../planner/builders.ts';

const writer = fileURLToPath(new URL('./endless-writer.ts', import.meta.url));

let folder: string;
/** A finished empty store, to be copied: creating one takes seconds. */
let template: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nasoa-embedded-'));
  template = join(folder, 'template');
  await (await openEmbedded(template)).close();
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

async function aStore(name: string): Promise<string> {
  const path = join(folder, name);
  await cp(template, path, { recursive: true });
  return path;
}

/** A process that adds runs without end; resolves when it has printed `lines` lines. */
async function startWriter(path: string, lines: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [writer, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let seen = 0;
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the writer ended with ${code}`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString().split('\n').length - 1;
      if (seen >= lines) resolve();
    });
  });
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

describe('the embedded database', () => {
  test('what was stored is there after closing and opening', async () => {
    const path = await aStore('again');
    const first = await openEmbedded(path);
    await experienceStore(first).add(anExperience());
    await first.close();
    const second = await openEmbedded(path);
    expect(await experienceStore(second).list()).toEqual([anExperience()]);
    await second.close();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  test('a second user of the folder is told who has it, and gets it when that one is done', async () => {
    const path = await aStore('shared');
    const first = await openEmbedded(path);
    await expect(openEmbedded(path, { waitSeconds: 0.2 })).rejects.toMatchObject({
      message: expect.stringContaining(`process ${process.pid}`),
      remedy: expect.stringContaining('NASOA_DATA_DIR'),
    });
    const waiting = openEmbedded(path, { waitSeconds: 30 });
    await first.close();
    await (await waiting).close();
  });

  test('kill -9 while writing loses no finished run and blocks nobody', async () => {
    const path = await aStore('killed');
    let before = 0;
    for (const lines of [3, 25]) {
      await kill(await startWriter(path, lines));
      const database = await openEmbedded(path, { waitSeconds: 1 });
      const count = await experienceStore(database).count();
      expect(count).toBeGreaterThanOrEqual(before + lines);
      before = count;
      await database.close();
    }
  });

  test('kill -9 while the store is created leaves nothing behind that matters', async () => {
    const path = join(folder, 'newborn');
    const child = spawn(process.execPath, [writer, path], { stdio: 'ignore' });
    while (!(await readdir(folder)).some((name) => name.startsWith('newborn.new-'))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await kill(child);
    expect(existsSync(path)).toBe(false);
    const database = await openEmbedded(path, { waitSeconds: 1 });
    expect(await experienceStore(database).count()).toBe(0);
    await database.close();
    expect((await readdir(folder)).filter((name) => name.startsWith('newborn'))).toEqual(['newborn']);
  });

  test.each([
    ['a folder of something else', async (path: string) => writeFile(join(await made(path), 'notes.txt'), 'mine')],
    ['a file', (path: string) => writeFile(path, 'mine')],
  ])('%s is not touched', async (name, make) => {
    const path = join(folder, name);
    await make(path);
    await expect(openEmbedded(path)).rejects.toMatchObject({ message: expect.stringContaining('something else') });
    expect(existsSync(path)).toBe(true);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  test('a damaged store is an error with a remedy, not a crash', async () => {
    const path = await aStore('damaged');
    await rm(join(path, 'global'), { recursive: true });
    await expect(openEmbedded(path)).rejects.toMatchObject({
      remedy: expect.stringContaining('Move that folder away'),
    });
  });
});

async function made(path: string): Promise<string> {
  await mkdir(path);
  return path;
}
