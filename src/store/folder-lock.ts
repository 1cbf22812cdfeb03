import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../lib/clock.ts';
import { hasCode, RunError } from '../lib/errors.ts';

/**
 * A lock file that names its holder. A holder that was killed leaves it behind: on the same machine the process is
 * looked up (its start time too, as process ids are used again); a holder on another machine or in another container
 * shows that it lives by touching the file.
 */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in the kernel's ticks; empty where the system does not say. */
  readonly started: string;
  /** Tells apart two locks of one process. */
  readonly token: string;
}

export interface LockOptions {
  readonly clock: Clock;
  /** How long to wait for another holder. */
  readonly waitSeconds: number;
}

export interface FolderLock {
  release(): Promise<void>;
}

const touchSeconds = 10;
/** Untouched for this long, a lock of another machine is abandoned. */
const abandonedSeconds = 60;
const pollMilliseconds = 100;

/** Takes the lock at `path`; throws RunError naming the holder when it stays taken. */
export async function lockFolder(path: string, { clock, waitSeconds }: LockOptions): Promise<FolderLock> {
  await mkdir(dirname(path), { recursive: true });
  const holder: Holder = { pid: process.pid, host: hostname(), started: await startOf('self'), token: randomUUID() };
  const until = clock.nowSeconds() + waitSeconds;
  while (!(await tryTake(path, holder))) {
    const other = await readHolder(path);
    if (other === undefined) continue;
    if (await isStale(path, other, clock)) {
      await breakLock(path, other.text);
    } else if (clock.nowSeconds() >= until) {
      throw inUse(path, other.holder);
    } else {
      await sleep(pollMilliseconds);
    }
  }
  return held(path, holder, clock);
}

function held(path: string, holder: Holder, clock: Clock): FolderLock {
  const touch = setInterval(() => {
    const now = clock.date();
    // a failed touch is made good by the next one
    utimes(path, now, now).catch(() => {});
  }, touchSeconds * 1000);
  touch.unref();
  return {
    release: async () => {
      clearInterval(touch);
      const current = await readHolder(path);
      if (current?.holder?.token === holder.token) await rm(path, { force: true });
    },
  };
}

/** The file appears with its content, in one step: never can an empty lock be seen. */
async function tryTake(path: string, holder: Holder): Promise<boolean> {
  const beside = `${path}.${holder.token}`;
  await writeFile(beside, JSON.stringify(holder));
  try {
    await link(beside, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(beside, { force: true });
  }
}

interface Found {
  readonly text: string;
  /** Undefined where the file is damaged. */
  readonly holder: Holder | undefined;
}

/** Undefined where the lock is free by now. */
async function readHolder(path: string): Promise<Found | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  return text === undefined ? undefined : { text, holder: parseHolder(text) };
}

function parseHolder(text: string): Holder | undefined {
  try {
    const raw: unknown = JSON.parse(text);
    if (typeof raw !== 'object' || raw === null) return undefined;
    const { pid, host, started, token } = raw as Record<string, unknown>;
    if (typeof pid !== 'number' || typeof host !== 'string') return undefined;
    if (typeof started !== 'string' || typeof token !== 'string') return undefined;
    return { pid, host, started, token };
  } catch {
    return undefined;
  }
}

async function isStale(path: string, { holder }: Found, clock: Clock): Promise<boolean> {
  if (holder?.host === hostname()) return !(await isRunning(holder));
  const touched = await stat(path).catch(() => undefined);
  return touched !== undefined && clock.date().getTime() - touched.mtimeMs > abandonedSeconds * 1000;
}

async function isRunning({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, under another user
    if (hasCode(error, 'ESRCH')) return false;
  }
  const now = await startOf(String(pid));
  return started === '' || now === '' || now === started;
}

/** The 22nd field of /proc/PID/stat; the second, the name, may hold spaces and brackets. */
async function startOf(pid: string): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** Moves a stale lock away; where another process was faster and the file is a new one, puts that back. */
async function breakLock(path: string, stale: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== stale) {
    await link(aside, path).catch((error: unknown) => {
      if (!hasCode(error, 'EEXIST')) throw error;
    });
  }
  await rm(aside, { force: true });
}

const inUse = (path: string, holder: Holder | undefined): RunError =>
  new RunError(
    `The experience store is in use by ${holder ? `process ${holder.pid} on ${holder.host}` : 'another process'}.`,
    `Wait until it ends, or use another data directory (NASOA_DATA_DIR). The lock is ${path}.`,
  );
