import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectionOptions } from 'node:tls';
import type { Pool, PoolClient } from 'pg';
import { type Clock, systemClock } from '../lib/clock.ts';
import { InputError } from '../lib/errors.ts';
import type { Database, Queries } from './database.ts';
import { type DatabaseAddress, parseDatabaseUrl } from './database-url.ts';
import { migrate } from './migrations.ts';
import { away, isAway, isCollision, refusal } from './postgres-errors.ts';

export interface PostgresOptions {
  readonly clock?: Clock;
  readonly sleep?: (seconds: number) => Promise<void>;
  /** Connections at most. */
  readonly connections?: number;
  /** After this long the server ends a statement, waiting for locks included. */
  readonly statementSeconds?: number;
  /** How long to wait for a server that is away, at the start and later. */
  readonly openSeconds?: number;
  readonly waitSeconds?: number;
}

type Settings = Required<PostgresOptions>;

const defaults: Settings = {
  clock: systemClock,
  sleep: (seconds) => delay(seconds * 1000),
  connections: 4,
  statementSeconds: 30,
  // operator and database are often started together
  openSeconds: 60,
  // a reconcile that fails is tried again anyway, and must not hold its worker for long
  waitSeconds: 10,
};

const connectSeconds = 5;
const firstPauseSeconds = 0.1;
const longestPauseSeconds = 2;
/** Turns of a transaction that collides with others. */
const transactionTurns = 5;

/**
 * Opens the PostgreSQL that `url` names, schema up to date; several processes may do so at once. Connections that end
 * are made anew, with back-off. A statement whose connection ends meanwhile is a RunError: nobody knows whether it was
 * carried out, so its caller asks again, which every write of the store allows. Throws InputError for a wrong URL,
 * wrong credentials and a certificate that is not accepted.
 */
export async function openPostgres(url: string, options: PostgresOptions = {}): Promise<Database> {
  const settings = { ...defaults, ...options };
  const pool = await createPool(parseDatabaseUrl(url), settings);
  try {
    await migrate(served(pool, settings, settings.openSeconds));
    return served(pool, settings, settings.waitSeconds);
  } catch (error) {
    await pool.end();
    throw error;
  }
}

async function createPool(address: DatabaseAddress, settings: Settings): Promise<Pool> {
  // loaded here, since most commands do without
  const { Pool: Connections } = (await import('pg')).default;
  const { tls, ...place } = address;
  const pool = new Connections({
    ...place,
    ssl: await tlsOptions(tls),
    max: settings.connections,
    connectionTimeoutMillis: connectSeconds * 1000,
    idleTimeoutMillis: 60_000,
    statement_timeout: Math.round(settings.statementSeconds * 1000),
    // of a server that does not answer at all
    query_timeout: (settings.statementSeconds + connectSeconds) * 1000,
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
    application_name: 'nasoa',
  });
  // an idle connection that ends is no news: the next statement makes another. Without listeners Node would exit
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

function served(pool: Pool, settings: Settings, waitSeconds: number): Database {
  const withClient = async <T>(work: (client: PoolClient) => Promise<T>): Promise<T> => {
    const client = await connect(pool, settings, waitSeconds);
    let ended = false;
    try {
      return await work(client);
    } catch (error) {
      ended = isAway(error);
      throw ended ? away(error, 'statement') : error;
    } finally {
      // true: not to be used again
      client.release(ended);
    }
  };
  return {
    query: (sql, params) => withClient((client) => on(client).query(sql, params)),
    transaction: async (work) => {
      for (let turn = 1; ; turn++) {
        try {
          return await withClient((client) => inTransaction(client, work));
        } catch (error) {
          if (turn === transactionTurns || !isCollision(error)) throw error;
        }
      }
    },
    close: async () => {
      if (!pool.ending) await pool.end();
    },
  };
}

const on = (client: PoolClient): Queries => ({
  query: async <Row>(sql: string, params: readonly unknown[] = []) =>
    (await client.query(sql, [...params])).rows as readonly Row[],
});

async function inTransaction<T>(client: PoolClient, work: (queries: Queries) => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    const result = await work(on(client));
    await client.query('commit');
    return result;
  } catch (error) {
    // where the connection has ended this fails too, and the server has rolled back by itself
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

async function connect(pool: Pool, { clock, sleep }: Settings, waitSeconds: number): Promise<PoolClient> {
  const until = clock.nowSeconds() + waitSeconds;
  for (let failures = 0; ; failures++) {
    try {
      return await pool.connect();
    } catch (error) {
      if (!isAway(error)) throw refusal(error);
      const pause = Math.min(longestPauseSeconds, firstPauseSeconds * 2 ** failures) * (0.5 + Math.random() / 2);
      if (clock.nowSeconds() + pause > until) throw away(error, 'connecting');
      await sleep(pause);
    }
  }
}

async function tlsOptions({ mode, authority, certificate, key }: DatabaseAddress['tls']) {
  if (mode === 'disable') return false;
  const options: ConnectionOptions = {
    rejectUnauthorized: mode !== 'require',
    ...(authority === undefined ? {} : { ca: await pem(authority, 'sslrootcert') }),
    ...(certificate === undefined ? {} : { cert: await pem(certificate, 'sslcert') }),
    ...(key === undefined ? {} : { key: await pem(key, 'sslkey') }),
    // the chain is checked, the name in the certificate is not
    ...(mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
  };
  return options;
}

async function pem(path: string, parameter: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new InputError(
      `The file "${path}" that ${parameter} in DATABASE_URL names cannot be read.`,
      'Correct the path, or mount the file there.',
      { cause },
    );
  }
}
