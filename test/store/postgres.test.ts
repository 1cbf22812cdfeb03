import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Database } from '../../src/store/database.ts';
import { experienceStore } from '../../src/store/experience.ts';
import { openPostgres, type PostgresOptions } from '../../src/store/postgres.ts';
import { anExperience } from '../planner/builders.ts';
import { noPostgres, type PostgresServer, postgresHere, startPostgres } from './postgres-server.ts';

const describeServed = postgresHere === undefined ? describe.skip : describe;
const testOwn = postgresHere === 'own' ? test : test.skip;
if (postgresHere === undefined) console.warn(noPostgres);

let server: PostgresServer;

async function withDatabase<T>(options: PostgresOptions, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openPostgres(server.url, options);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

describeServed('a served PostgreSQL', () => {
  beforeAll(async () => {
    server = await startPostgres();
  }, 120_000);
  afterAll(() => server?.close());

  test('an empty database that three replicas open at once has its schema once', async () => {
    await withDatabase({}, (database) => database.query('create database fresh'));
    const replicas = await Promise.all([1, 2, 3].map(() => openPostgres(server.urlOf('fresh'))));
    const added = await Promise.all(replicas.map((replica) => experienceStore(replica).add(anExperience())));
    expect(added.filter(Boolean)).toHaveLength(1);
    await Promise.all(replicas.map((replica) => replica.close()));
    await withDatabase({}, (database) => database.query('drop database fresh'));
  });

  test('transactions that wait for each other are all carried out in the end', async () => {
    await withDatabase({ connections: 2 }, async (database) => {
      await database.query("delete from states where name in ('a', 'b')");
      await database.query("insert into states (name, version, state) values ('a', 1, '{}'), ('b', 1, '{}')");
      const bump = 'update states set revision = revision + 1 where name = $1';
      const firstDone = latch(2);
      const both = (first: string, second: string) =>
        database.transaction(async (queries) => {
          await queries.query(bump, [first]);
          // each holds a row before it wants the other's; on its second turn it goes on at once
          await firstDone();
          await queries.query(bump, [second]);
        });
      await Promise.all([both('a', 'b'), both('b', 'a')]);
      const rows = await database.query('select revision from states where name in ($1, $2)', ['a', 'b']);
      expect(rows).toEqual([{ revision: 3 }, { revision: 3 }]);
    });
  });

  test('a connection that is cut during a statement fails that one alone', async () => {
    await withDatabase({}, async (database) => {
      const sleeping = database.query("select pg_sleep(60), 'cut me'");
      const outcome = expect(sleeping).rejects.toMatchObject({
        name: 'RunError',
        message: expect.stringContaining('ended during a statement'),
      });
      let cut: readonly unknown[] = [];
      while (cut.length === 0) {
        cut = await database.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where query like '%cut me%' and state = 'active' and pid <> pg_backend_pid()`,
        );
      }
      await outcome;
      expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
    });
  });

  test('a statement that takes too long is ended', async () => {
    await withDatabase({ statementSeconds: 0.2 }, async (database) => {
      await expect(database.query('select pg_sleep(60)')).rejects.toThrow('statement timeout');
      expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
    });
  });

  testOwn.each<readonly [string, Readonly<Record<string, string>>, string]>([
    ['a database that does not exist', {}, 'no such database'],
    ['an authority whose file is missing', { sslmode: 'verify-full', sslrootcert: '/missing.pem' }, 'cannot be read'],
  ])('%s is told without the password', async (_, parameters, message) => {
    const url = server.urlOf('missing', { ...parameters, password: 'geheim' });
    const error = await openPostgres(url).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'InputError', message: expect.stringContaining(message) });
    expect(inspect(error, { depth: 10 })).not.toContain('geheim');
  });

  testOwn('a server without TLS is told when TLS is asked for', async () => {
    const opening = openPostgres(server.urlOf('postgres', { sslmode: 'verify-full' }));
    await expect(opening).rejects.toMatchObject({ name: 'InputError', message: 'PostgreSQL offers no TLS.' });
  });

  testOwn('a server that crashes and comes back loses nothing, and nobody has to be told', async () => {
    await withDatabase({ waitSeconds: 60 }, async (database) => {
      const store = experienceStore(database);
      await store.add(anExperience({ id: 'before' }));
      await server.stop();
      const adding = ['during-1', 'during-2'].map((id) => store.add(anExperience({ id })));
      await server.start();
      expect(await Promise.all(adding)).toEqual([true, true]);
      expect((await store.list()).map(({ id }) => id)).toEqual(['before', 'during-1', 'during-2']);
    });
  });

  testOwn('a server that stays away is an error with a remedy, and is used again when it is back', async () => {
    await withDatabase({ waitSeconds: 0.3 }, async (database) => {
      await server.stop();
      await expect(database.query('select 1')).rejects.toMatchObject({
        name: 'RunError',
        // the second where the pool has not yet seen that its connection ended
        message: expect.stringMatching(/cannot be reached|ended during a statement/),
        remedy: expect.stringContaining('server runs'),
      });
      await expect(openPostgres(server.url, { openSeconds: 0.3 })).rejects.toThrow('cannot be reached');
      await server.start();
      expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
    });
  });
});

/** A place that the first `count` comers leave together; later ones pass. */
function latch(count: number): () => Promise<void> {
  let comers = 0;
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return () => {
    comers++;
    if (comers >= count) open();
    return opened;
  };
}
