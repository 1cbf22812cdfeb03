import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { withLock } from '../../hack/file-lock.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nasoa-lock-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('works are done one after another, and the second says that it waits', async () => {
  const log: string[] = [];
  const path = join(folder, 'sub', 'a.lock');
  const work = (name: string) => async () => {
    log.push(`${name} begins`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    log.push(`${name} ends`);
  };
  let waits = 0;
  const onWait = () => {
    waits++;
  };
  await Promise.all(['a', 'b', 'c'].map((name) => withLock(path, process.env, onWait, work(name))));
  const order = log.map((line) => line.slice(0, 1));
  expect(order.filter((name, i) => name === order[i % 2 === 0 ? i + 1 : i - 1])).toHaveLength(6);
  expect(waits).toBe(2);
});

test('a failed work releases the lock', async () => {
  const path = join(folder, 'a.lock');
  const failing = withLock(
    path,
    process.env,
    () => undefined,
    () => Promise.reject(new Error('no')),
  );
  await expect(failing).rejects.toThrow('no');
  await expect(
    withLock(
      path,
      process.env,
      () => undefined,
      async () => 'yes',
    ),
  ).resolves.toBe('yes');
});

test('a killed holder leaves no lock behind', async () => {
  const path = join(folder, 'a.lock');
  const module = fileURLToPath(new URL('../../hack/file-lock.ts', import.meta.url));
  const script = `
    const { withLock } = await import(${JSON.stringify(module)});
    await withLock(${JSON.stringify(path)}, process.env, () => {}, async () => {
      console.log('held');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    });`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  holder.kill('SIGKILL');
  await expect(
    withLock(
      path,
      process.env,
      () => undefined,
      async () => 'mine',
    ),
  ).resolves.toBe('mine');
});
