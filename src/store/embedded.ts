import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import { type Clock, systemClock } from '../lib/clock.ts';
import { hasCode, RunError } from '../lib/errors.ts';
import type { Database, Queries } from './database.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import { migrate } from './migrations.ts';

export interface EmbeddedOptions {
  readonly clock?: Clock;
  /** How long to wait for another process that has the folder open. */
  readonly waitSeconds?: number;
}

const defaultWaitSeconds = 10;

/**
 * Opens (and on first use creates) the embedded PostgreSQL in a folder, schema up to date. It takes a second or more,
 * the first time several: start it early, beside other work. One process at a time: throws RunError where another keeps
 * the folder, or where the folder holds something else.
 */
export async function openEmbedded(folder: string, options: EmbeddedOptions = {}): Promise<Database> {
  const { clock = systemClock, waitSeconds = defaultWaitSeconds } = options;
  const path = resolve(folder);
  const lock = await lockFolder(`${path}.lock`, { clock, waitSeconds });
  try {
    const contents = await contentsOf(path);
    if (contents.length === 0) await create(path);
    else if (!contents.includes('PG_VERSION')) throw notOurs(path);
    const database = embedded(await start(path), lock);
    await migrate(database);
    return database;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * A new database grows beside its place and is moved there when complete, so that a process killed meanwhile leaves
 * nothing that the next one would take for a database; what such processes left is cleared away.
 */
async function create(path: string): Promise<void> {
  const prefix = `${basename(path)}.new-`;
  await mkdir(dirname(path), { recursive: true });
  for (const name of await readdir(dirname(path))) {
    if (name.startsWith(prefix)) await rm(join(dirname(path), name), { recursive: true, force: true });
  }
  const beside = join(dirname(path), `${prefix}${randomUUID().slice(0, 8)}`);
  const fresh = await start(beside);
  await fresh.close();
  await rm(path, { recursive: true, force: true });
  await rename(beside, path);
}

/** One process reads some thousand rows: PostgreSQL's usual buffers would take 150 MB for nothing. */
const small = ['shared_buffers=8MB', 'max_connections=2', 'wal_buffers=256kB'].flatMap((set) => ['-c', set]);

async function start(path: string): Promise<PGlite> {
  // loaded here, since the module alone costs a good part of a second and most commands do without
  const { PGlite: Embedded } = await import('@electric-sql/pglite');
  try {
    return await Embedded.create(path, { startParams: [...Embedded.defaultStartParams, ...small] });
  } catch (cause) {
    throw new RunError(
      `The experience store in ${path} cannot be opened.`,
      `Move that folder away to start with an empty store; what was exported before can be imported again.`,
      { cause },
    );
  }
}

function embedded(pglite: PGlite, lock: FolderLock): Database {
  const on = (source: Pick<PGlite, 'query'>): Queries => ({
    query: async <Row>(sql: string, params: readonly unknown[] = []) =>
      (await source.query<Row>(sql, [...params])).rows,
  });
  return {
    ...on(pglite),
    transaction: (work) => pglite.transaction((tx) => work(on(tx))),
    close: async () => {
      try {
        if (!pglite.closed) await pglite.close();
      } finally {
        await lock.release();
      }
    },
  };
}

async function contentsOf(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    if (hasCode(error, 'ENOTDIR')) throw notOurs(path);
    throw error;
  }
}

const notOurs = (path: string): RunError =>
  new RunError(
    `${path} is not an experience store: it holds something else.`,
    'Move it away, or use another data directory (NASOA_DATA_DIR).',
  );
