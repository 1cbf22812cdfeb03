import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/lib/clock.ts';
import { lockFolder } from '../../src/store/folder-lock.ts';

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nasoa-lock-'));
});
beforeEach(() => {
  path = join(folder, String(Math.floor(performance.now() * 1000)));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const options = { clock: systemClock, waitSeconds: 0.2 };
const endedPid = spawnSync(process.execPath, ['-e', '']).pid;
const aHolder = (over: object = {}) =>
  JSON.stringify({ pid: process.pid, host: hostname(), started: '', token: 'other', ...over });
const hourAgo = new Date(Date.now() - 3_600_000);

describe('the lock of a folder', () => {
  test('is held by one at a time and can be taken again after its release', async () => {
    const lock = await lockFolder(path, options);
    await expect(lockFolder(path, options)).rejects.toThrow('in use');
    await lock.release();
    await (await lockFolder(path, options)).release();
  });

  test('of twenty that ask at once, one after the other gets it', async () => {
    let [inside, most] = [0, 0];
    const turns = Array.from({ length: 20 }, async () => {
      const lock = await lockFolder(path, { clock: systemClock, waitSeconds: 30 });
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 2));
      inside--;
      await lock.release();
    });
    await Promise.all(turns);
    expect(most).toBe(1);
  });

  test.each<readonly [string, string]>([
    ['a process that has ended', aHolder({ pid: endedPid })],
    ['a process whose id was used again', aHolder({ started: '1' })],
  ])('of %s is taken over', async (_, holder) => {
    await writeFile(path, holder);
    await (await lockFolder(path, options)).release();
  });

  test.each<readonly [string, string]>([
    ['another machine', aHolder({ host: 'elsewhere' })],
    ['nobody known, the file being damaged,', '{"pid":'],
  ])('of %s is taken over only when it was not touched for long', async (_, holder) => {
    await writeFile(path, holder);
    await expect(lockFolder(path, options)).rejects.toThrow('in use');
    await utimes(path, hourAgo, hourAgo);
    await (await lockFolder(path, options)).release();
  });

  test('a holder that lost its lock does not remove that of the next', async () => {
    const lock = await lockFolder(path, options);
    await writeFile(path, aHolder());
    await lock.release();
    expect(await readFile(path, 'utf8')).toBe(aHolder());
  });
});
