import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Database } from '../../src/store/database.ts';
import { openEmbedded } from '../../src/store/embedded.ts';
import { isServed, openDatabase } from '../../src/store/open-database.ts';
import { databaseContract } from './database-contract.ts';
import { noPostgres, type PostgresServer, postgresHere, startPostgres } from './postgres-server.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nasoa-database-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the embedded PostgreSQL', () => {
  let database: Database;
  beforeAll(async () => {
    database = await openEmbedded(join(folder, 'contract'));
  }, 120_000);
  afterAll(() => database.close());

  databaseContract(() => database);
});

const served = postgresHere === undefined ? describe.skip : describe;
if (postgresHere === undefined) console.warn(noPostgres);

served('a served PostgreSQL', () => {
  let server: PostgresServer;
  let database: Database;
  beforeAll(async () => {
    server = await startPostgres();
    database = await openDatabase({ DATABASE_URL: server.url });
  }, 120_000);
  afterAll(async () => {
    await database?.close();
    await server?.close();
  });

  databaseContract(() => database);

  test('is the one that DATABASE_URL names', async () => {
    expect(isServed({ DATABASE_URL: server.url })).toBe(true);
    expect(await database.query("select current_setting('application_name') as name")).toEqual([{ name: 'nasoa' }]);
  });
});

describe('openDatabase', () => {
  test('without DATABASE_URL opens the embedded one, where the command line finds it', async () => {
    for (const DATABASE_URL of [undefined, '']) {
      const env = { NASOA_DATA_DIR: join(folder, 'data'), ...(DATABASE_URL === undefined ? {} : { DATABASE_URL }) };
      expect(isServed(env)).toBe(false);
      await (await openDatabase(env)).close();
    }
    await (await openEmbedded(join(folder, 'data', 'experience'))).close();
  });

  test('with a wrong DATABASE_URL says so, and not what is in it', async () => {
    const opening = openDatabase({ DATABASE_URL: 'mysql://me:geheim@host/db' });
    await expect(opening).rejects.toMatchObject({ name: 'InputError', message: expect.not.stringContaining('geheim') });
  });
});
