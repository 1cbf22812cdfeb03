import { existsSync, readdirSync } from 'node:fs';
import { appendFile, chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { hostProgram, must } from './programs.ts';
import { freePorts, Service } from './service.ts';

export interface Postgres {
  readonly service: Service;
  readonly port: number;
  /** For pods and for this machine. */
  readonly url: string;
  /** Rows of one query of the administrator. */
  rows<T>(sql: string): Promise<readonly T[]>;
}

/** It refuses to run as root. */
const nobody = 65_534;
const password = 'only-for-this-test';

export interface PostgresOptions {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Where pods reach it, and where they come from; only this machine where absent. */
  readonly pods?: { readonly address: string; readonly range: string };
}

/** Folder of PostgreSQL's programs where Debian keeps them; undefined where it is not installed. */
export function postgresPrograms(): string | undefined {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return undefined;
  return readdirSync(root)
    .map((version) => join(root, version, 'bin'))
    .find((path) => existsSync(join(path, 'postgres')));
}

/** A served PostgreSQL, outside of the cluster as a managed one is. Root is needed to start it as somebody else. */
export async function startPostgres({ folder, env, pods }: PostgresOptions): Promise<Postgres> {
  const bin = postgresPrograms();
  if (bin === undefined) throw new Error('Debian keeps PostgreSQL elsewhere');
  const [home, data] = [join(folder, 'postgres'), join(folder, 'postgres', 'data')];
  await mkdir(home, { recursive: true });
  await chown(home, nobody, nobody);
  const asNobody = [hostProgram('setpriv', env), `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'] as const;
  const init = ['-D', data, '-U', 'nasoa', '-A', 'trust', '--no-locale', '-E', 'UTF8', '--no-sync'];
  await must(asNobody[0], [...asNobody.slice(1), join(bin, 'initdb'), ...init], env);
  if (pods !== undefined) await appendFile(join(data, 'pg_hba.conf'), `host all all ${pods.range} scram-sha-256\n`);
  const [port = 0] = await freePorts(1);
  const addresses = ['127.0.0.1', ...(pods === undefined ? [] : [pods.address])];
  const administer = async <T>(sql: string): Promise<readonly T[]> => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'nasoa', database: 'postgres' });
    await client.connect();
    try {
      return (await client.query(sql)).rows as T[];
    } finally {
      await client.end();
    }
  };
  const service = new Service({
    ...{ name: 'postgres', env, log: join(folder, 'logs', 'postgres.log'), readySeconds: 30, user: nobody },
    command: [
      join(bin, 'postgres'),
      ...['-D', data, '-k', home, '-p', String(port)],
      ...['-c', `listen_addresses=${addresses.join(',')}`, '-c', 'fsync=off'],
    ],
    isReady: async () => (await administer('select 1')).length === 1,
  });
  await service.start();
  await administer(`alter role nasoa password '${password}'`);
  return {
    service,
    port,
    url: `postgresql://nasoa:${password}@${addresses.at(-1)}:${port}/postgres`,
    rows: administer,
  };
}
