import type { Json } from '../lib/json.ts';
import type { Database } from './database.ts';
import { deleteState, readState, type SavedState, writeState } from './states.ts';

/** The states of architecture searches, each under the uid of its zoo: a zoo made anew searches anew. */
export interface SearchStates {
  load(uid: string): Promise<SavedState | undefined>;
  /**
   * Keeps a state in place of the one with `expectedRevision` (0: none is kept yet) and tells the new revision;
   * undefined, with nothing kept, where another has written since.
   */
  save(uid: string, version: number, state: Json, expectedRevision: number): Promise<number | undefined>;
  remove(uid: string): Promise<void>;
}

export function searchStates(database: Database): SearchStates {
  const nameOf = (uid: string): string => `search/${uid}`;
  return {
    load: (uid) => readState(database, nameOf(uid)),
    save: (uid, version, state, expectedRevision) =>
      writeState(database, { name: nameOf(uid), version, state }, expectedRevision),
    remove: (uid) => deleteState(database, nameOf(uid)),
  };
}
