import { InputError } from '../lib/errors.ts';
import type { Json } from '../lib/json.ts';
import { addedChoices, type Experience } from '../planner/types.ts';
import type { Database, Queries } from './database.ts';
import { type OwnedExperience, parseExperience, parseExperienceLine } from './parse-experience.ts';
import { readState, type SavedState, writeState } from './states.ts';

export interface ExperienceFilter {
  readonly dataset?: string;
  readonly member?: string;
  /** Those of this owner and those that are everybody's. */
  readonly openTo?: string;
  /** The latest so many. */
  readonly limit?: number;
}

export interface ImportReport {
  readonly added: number;
  readonly duplicates: number;
  /** Lines that were not taken, counted from 1, with the reason. */
  readonly refused: readonly { readonly line: number; readonly reason: string }[];
}

/** Finished runs, and the predictors' states learnt from them. */
export interface ExperienceStore {
  /**
   * False where a run of that id is stored already. Throws InputError for an unsound record. `owner`: on a cluster the
   * namespace that it belongs to; everybody's where absent.
   */
  add(experience: Experience, owner?: string): Promise<boolean>;
  /** In the order of time. */
  list(filter?: ExperienceFilter): Promise<readonly Experience[]>;
  count(filter?: Pick<ExperienceFilter, 'openTo'>): Promise<number>;
  /** One run a line, as JSON, in the order of the ids. */
  export(): AsyncIterable<string>;
  /** Merges such lines; sound ones are kept whatever the others are. Empty lines are passed over. */
  import(lines: Iterable<string> | AsyncIterable<string>): Promise<ImportReport>;
  /**
   * Keeps a predictor's state under a name, in place of an older one, and tells its new revision. With an
   * `expectedRevision` (0: none is kept yet) it keeps nothing and tells undefined where another has written since.
   */
  saveState(name: string, version: number, state: Json, expectedRevision?: number): Promise<number | undefined>;
  /** The state of exactly that version, undefined where there is none. */
  loadState(name: string, version: number): Promise<unknown>;
  /** The state whatever its version, with the revision to expect when saving; undefined where there is none. */
  savedState(name: string): Promise<SavedState | undefined>;
}

const pageRows = 500;

export function experienceStore(database: Database): ExperienceStore {
  return {
    add: async (candidate, owner) => {
      const { experience, reason } = parseExperience(candidate);
      if (!experience) {
        throw new InputError(
          `The run cannot be kept as experience: ${reason}.`,
          'Correct the record and add it again.',
        );
      }
      return insert(database, experience, owner);
    },
    list: (filter = {}) => list(database, filter),
    count: async ({ openTo } = {}) => {
      const rows = await database.query<{ n: string }>(
        'select count(*)::text as n from experiences where ($1::text is null or owner is null or owner = $1)',
        [openTo ?? null],
      );
      return Number(rows[0]?.n ?? 0);
    },
    export: () => exportLines(database),
    import: (lines) => importLines(database, lines),
    saveState: (name, version, state, expectedRevision) =>
      writeState(database, { name, version, state }, expectedRevision),
    loadState: async (name, version) => {
      const saved = await readState(database, name);
      return saved?.version === version ? saved.state : undefined;
    },
    savedState: (name) => readState(database, name),
  };
}

async function insert(queries: Queries, experience: Experience, owner?: string): Promise<boolean> {
  const { id, finishedAt, dataset, member } = experience;
  // the text goes through jsonb's own parser, whatever the driver would make of an object
  const rows = await queries.query(
    `insert into experiences (id, finished_at, dataset, member, body, owner)
     values ($1, $2, $3, $4, $5::text::jsonb, $6) on conflict (id) do nothing returning id`,
    [id, finishedAt, dataset, member.name, JSON.stringify(experience), owner ?? null],
  );
  return rows.length === 1;
}

interface Body {
  readonly id: string;
  readonly body: string;
  readonly owner: string | null;
}

async function list(
  queries: Queries,
  { dataset, member, openTo, limit }: ExperienceFilter,
): Promise<readonly Experience[]> {
  const rows = await queries.query<Body>(
    `select id, owner, body::text as body from experiences
     where ($1::text is null or dataset = $1) and ($2::text is null or member = $2)
       and ($4::text is null or owner is null or owner = $4)
     order by finished_at desc, id desc limit $3::bigint`,
    [dataset ?? null, member ?? null, limit ?? null, openTo ?? null],
  );
  return rows.toReversed().map(({ body }) => experienceOf(body));
}

/** Kept bodies were sound when they were added; choices that regimes have gained since are completed. */
function experienceOf(body: string): Experience {
  const run = JSON.parse(body) as Experience;
  return { ...run, regime: { ...addedChoices, ...run.regime } };
}

async function* exportLines(queries: Queries): AsyncIterable<string> {
  let after = '';
  while (true) {
    const rows = await queries.query<Body>(
      'select id, owner, body::text as body from experiences where id > $1 order by id limit $2::bigint',
      [after, pageRows],
    );
    // who owns a run is told, so that a backup does not make it everybody's
    for (const { body, owner } of rows) {
      const run = experienceOf(body);
      yield JSON.stringify(owner === null ? run : { ...run, owner });
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageRows) return;
    after = last.id;
  }
}

async function importLines(database: Database, lines: Iterable<string> | AsyncIterable<string>): Promise<ImportReport> {
  const refused: { line: number; reason: string }[] = [];
  let [added, sound, number] = [0, 0, 0];
  let page: OwnedExperience[] = [];
  const flush = async (): Promise<void> => {
    // in one order everywhere: two imports of the same runs never wait for each other in a circle
    const batch = page.toSorted((a, b) => (a.experience.id < b.experience.id ? -1 : 1));
    page = [];
    added += await database.transaction(async (queries) => {
      let count = 0;
      for (const { experience, owner } of batch) if (await insert(queries, experience, owner)) count++;
      return count;
    });
  };
  for await (const line of lines) {
    number++;
    if (line.trim() === '') continue;
    const { experience, owner, reason } = parseExperienceLine(line);
    if (!experience) {
      refused.push({ line: number, reason });
      continue;
    }
    sound++;
    page.push({ experience, owner });
    if (page.length >= pageRows) await flush();
  }
  if (page.length > 0) await flush();
  return { added, duplicates: sound - added, refused };
}
