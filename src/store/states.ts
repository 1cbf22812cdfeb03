import type { Json } from '../lib/json.ts';
import type { Queries } from './database.ts';

/** A state as it is kept: of a predictor, of a search. */
export interface SavedState {
  /** Of the state's own form. */
  readonly version: number;
  /** Counts the writes, from 1. */
  readonly revision: number;
  readonly state: unknown;
}

export interface StateToSave {
  readonly name: string;
  readonly version: number;
  readonly state: Json;
}

interface Row {
  readonly version: number;
  readonly revision: number;
  readonly state: string;
}

export async function readState(queries: Queries, name: string): Promise<SavedState | undefined> {
  const rows = await queries.query<Row>('select version, revision, state::text as state from states where name = $1', [
    name,
  ]);
  const row = rows[0];
  return row && { version: row.version, revision: row.revision, state: JSON.parse(row.state) as unknown };
}

/**
 * Keeps a state and tells its new revision. With an `expectedRevision` (0: none is kept yet) only where that is still
 * the kept one, undefined otherwise: of two writers that read the same revision one wins and the other learns of it.
 */
export async function writeState(
  queries: Queries,
  { name, version, state }: StateToSave,
  expectedRevision?: number,
): Promise<number | undefined> {
  const values = [name, version, JSON.stringify(state)];
  const rows = await queries.query<{ readonly revision: number }>(
    statementFor(expectedRevision),
    expectedRevision ? [...values, expectedRevision] : values,
  );
  return rows[0]?.revision;
}

function statementFor(expectedRevision: number | undefined): string {
  if (expectedRevision === undefined) {
    return `insert into states (name, version, state) values ($1, $2, $3::text::jsonb)
      on conflict (name) do update set version = excluded.version, state = excluded.state, saved_at = now(),
        revision = states.revision + 1
      returning revision`;
  }
  if (expectedRevision === 0) {
    return `insert into states (name, version, state) values ($1, $2, $3::text::jsonb)
      on conflict (name) do nothing returning revision`;
  }
  // a second writer waits for the row, then finds that its condition holds no more
  return `update states set version = $2, state = $3::text::jsonb, saved_at = now(), revision = revision + 1
    where name = $1 and revision = $4 returning revision`;
}

export async function deleteState(queries: Queries, name: string): Promise<void> {
  await queries.query('delete from states where name = $1', [name]);
}
