import { RunError } from '../lib/errors.ts';
import type { Database } from './database.ts';

/** Applied in order, each once and whole; a released one is never edited. A statement an entry. */
const migrations: readonly { readonly id: number; readonly statements: readonly string[] }[] = [
  {
    id: 1,
    statements: [
      `create table experiences (
        id text primary key,
        finished_at timestamptz not null,
        dataset text not null,
        member text not null,
        body jsonb not null
      )`,
      'create index experiences_by_time on experiences (finished_at, id)',
      `create table states (
        name text primary key,
        version integer not null,
        state jsonb not null,
        saved_at timestamptz not null default now()
      )`,
    ],
  },
  {
    id: 2,
    // counts the writes, so that of two writers that read the same state only one wins
    statements: ['alter table states add column revision integer not null default 1'],
  },
  {
    id: 3,
    // runs from before it, and those without an owner, are everybody's
    statements: [
      'alter table experiences add column owner text',
      'create index experiences_by_owner on experiences (owner)',
    ],
  },
];

/** Serialises migrations of several processes on one served PostgreSQL. */
const migrationLock = 0x6e61_736f;

/** Brings the schema up to date. Throws RunError where it was written by a newer version. */
export async function migrate(database: Database): Promise<void> {
  await database.transaction(async (queries) => {
    await queries.query('select pg_advisory_xact_lock($1)', [migrationLock]);
    await queries.query(
      'create table if not exists migrations (id integer primary key, applied_at timestamptz not null default now())',
    );
    const applied = await queries.query<{ id: number }>('select id from migrations order by id');
    const newest = applied.at(-1)?.id ?? 0;
    const known = migrations.at(-1)?.id ?? 0;
    if (newest > known) {
      throw new RunError(
        `The experience store has schema ${newest}, this version of nasoa knows ${known}.`,
        'Use the newer version of nasoa, or another data directory (NASOA_DATA_DIR).',
      );
    }
    for (const { id, statements } of migrations.filter((m) => m.id > newest)) {
      for (const statement of statements) await queries.query(statement);
      await queries.query('insert into migrations (id) values ($1)', [id]);
    }
  });
}
