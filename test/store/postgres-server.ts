import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

const given = process.env.NASOA_TEST_DATABASE_URL;
const debian = '/usr/lib/postgresql';
const binaries = (existsSync(debian) ? readdirSync(debian) : [])
  .map((version) => join(debian, version, 'bin'))
  .find((bin) => existsSync(join(bin, 'postgres')));

/** A served PostgreSQL with an empty database, for one test file. */
export interface PostgresServer {
  readonly url: string;
  /** The URL of another database there. */
  urlOf(database: string, parameters?: Readonly<Record<string, string>>): string;
  /** A crash: what is not committed is lost. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Ends and removes everything. */
  close(): Promise<void>;
}

/** Where there is one: `own` can be stopped, one that was named cannot. */
export const postgresHere: 'named' | 'own' | undefined = given ? 'named' : binaries ? 'own' : undefined;
export const noPostgres = "no PostgreSQL: set NASOA_TEST_DATABASE_URL, or install Debian's package postgresql";

export const startPostgres = (): Promise<PostgresServer> => (given ? named(given) : own(binaries ?? ''));

async function named(url: string): Promise<PostgresServer> {
  const database = `nasoa_test_${randomUUID().slice(0, 8)}`;
  const administer = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  const urlOf: PostgresServer['urlOf'] = (name, parameters = {}) => {
    const other = new URL(url);
    other.pathname = `/${name}`;
    for (const [key, value] of Object.entries(parameters)) other.searchParams.set(key, value);
    return other.href;
  };
  await administer(`create database ${database}`);
  const notOurs = (): never => {
    throw new Error('this server is not ours to stop');
  };
  const close = () => administer(`drop database ${database} with (force)`);
  return { url: urlOf(database), urlOf, stop: notOurs, start: notOurs, close };
}

/** A cluster of its own behind a unix socket. PostgreSQL refuses to run as root, so root's runs as nobody. */
async function own(bin: string): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'nasoa-pg-'));
  const nobody = 65_534;
  const asRoot = process.getuid?.() === 0;
  if (asRoot) await chown(folder, nobody, nobody);
  const run = (program: string, ...args: readonly string[]): ChildProcess =>
    spawn(join(bin, program), args, {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(asRoot ? { uid: nobody, gid: nobody } : {}),
    });
  const data = join(folder, 'data');
  await succeeded(run('initdb', '-D', data, '-U', 'nasoa', '-A', 'trust', '--no-locale', '-E', 'UTF8', '--no-sync'));
  const settings = ['listen_addresses=', 'fsync=off', 'max_connections=30'].flatMap((s) => ['-c', s]);
  let server: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    server = run('postgres', '-D', data, '-k', folder, ...settings);
    await printed(server, 'ready to accept connections');
  };
  const stop = async (): Promise<void> => {
    if (server === undefined) return;
    const ended = once(server, 'exit');
    server.kill('SIGQUIT');
    await ended;
    server = undefined;
  };
  const close = async (): Promise<void> => {
    await stop();
    await rm(folder, { recursive: true, force: true });
  };
  const urlOf: PostgresServer['urlOf'] = (name, parameters = {}) =>
    `postgresql:///${name}?${new URLSearchParams({ host: folder, user: 'nasoa', ...parameters })}`;
  await start();
  return { url: urlOf('postgres'), urlOf, start, stop, close };
}

async function succeeded(child: ChildProcess): Promise<void> {
  const errors: string[] = [];
  child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`initdb ended with ${code}: ${errors.join('')}`);
}

/** Resolves when the program says so, and keeps on reading so that it never blocks on its messages. */
async function printed(child: ChildProcess, text: string): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`postgres ended with ${code}: ${said}`)));
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-10_000);
      if (said.includes(text)) resolve();
    });
  });
}
