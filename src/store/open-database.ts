import { join } from 'node:path';
import { dataDir } from '../lib/user-dirs.ts';
import type { Database } from './database.ts';
import { type EmbeddedOptions, openEmbedded } from './embedded.ts';
import { openPostgres } from './postgres.ts';

/** Whether several processes may keep their experience together: the embedded database serves only one. */
export const isServed = (env: NodeJS.ProcessEnv): boolean => (env.DATABASE_URL ?? '') !== '';

/**
 * The PostgreSQL that DATABASE_URL names, or else the embedded one in the data directory; its schema is up to date.
 * Throws InputError for a wrong URL and RunError where the database cannot be had.
 */
export async function openDatabase(env: NodeJS.ProcessEnv, options: EmbeddedOptions = {}): Promise<Database> {
  return isServed(env)
    ? await openPostgres(env.DATABASE_URL ?? '')
    : await openEmbedded(join(dataDir(env), 'experience'), options);
}
