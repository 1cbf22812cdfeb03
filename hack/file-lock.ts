import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { RunError } from '../src/lib/errors.ts';
import { findTool } from './tool.ts';

/**
 * Does `work` while no other process does work under the same lock file.
 * The kernel holds the lock for a small child that ends with its standard input, so a killed process leaves none behind.
 */
export async function withLock<T>(
  path: string,
  env: NodeJS.ProcessEnv,
  onWait: () => void,
  work: () => Promise<T>,
): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  let release = await tryLock(path, env, ['--nonblock']);
  if (release === undefined) {
    onWait();
    release = await tryLock(path, env, []);
  }
  if (release === undefined) throw new RunError(`Cannot lock ${path}.`, 'Check that the folder can be written.');
  try {
    return await work();
  } finally {
    release();
  }
}

/** The function that releases the lock, or undefined where it was not to be had. */
async function tryLock(
  path: string,
  env: NodeJS.ProcessEnv,
  options: readonly string[],
): Promise<(() => void) | undefined> {
  const holder = spawn(findTool('flock', env), [...options, path, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env,
  });
  const held = await Promise.race([
    once(holder.stdout, 'data').then(() => true),
    once(holder, 'close').then(() => false),
  ]);
  if (!held) return undefined;
  holder.unref();
  return () => holder.stdin.end();
}
