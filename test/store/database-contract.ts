import { beforeEach, expect, test } from '@jest/globals';
import type { Database } from '../../src/store/database.ts';
import { type ExperienceStore, experienceStore } from '../../src/store/experience.ts';
import { migrate } from '../../src/store/migrations.ts';
import { searchStates } from '../../src/store/search-states.ts';
import { anExperience } from '../planner/builders.ts';

/** What every Database has to do, called inside a `describe`; `current` gives the one that is open there. */
export function databaseContract(current: () => Database): void {
  let store: ExperienceStore;
  beforeEach(async () => {
    store = experienceStore(current());
    await current().query('delete from experiences');
    await current().query('delete from states');
  });

  test('numbers, texts and times come back exactly', async () => {
    const odd = anExperience({ accuracy: 0.1 + 0.2, dataset: "naïve 'quotes' \u{1F33B}", activeSeconds: 1e-7 });
    expect(await store.add(odd)).toBe(true);
    expect(await store.list({ dataset: odd.dataset, limit: 1 })).toEqual([odd]);
  });

  test('of ten that add the same run at once, one does', async () => {
    const added = await Promise.all(Array.from({ length: 10 }, () => store.add(anExperience())));
    expect(added.filter(Boolean)).toHaveLength(1);
    expect(await store.count()).toBe(1);
  });

  test('imports of the same runs in opposite orders at once end with each run once', async () => {
    const lines = Array.from({ length: 200 }, (_, i) => JSON.stringify(anExperience({ id: `r${i}` })));
    const reports = await Promise.all([store.import(lines), store.import(lines.toReversed())]);
    expect(reports.map(({ added }) => added).reduce((a, b) => a + b)).toBe(200);
    expect(await store.count()).toBe(200);
  });

  test('a transaction that fails leaves nothing', async () => {
    const failing = current().transaction(async (queries) => {
      await queries.query("insert into states (name, version, state) values ('x', 1, '{}')");
      throw new Error('halfway');
    });
    await expect(failing).rejects.toThrow('halfway');
    expect(await store.savedState('x')).toBeUndefined();
  });

  test('a wrong statement is an error, and the next one works', async () => {
    await expect(current().query('select nonsense')).rejects.toThrow('nonsense');
    expect(await current().query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('migrations of many processes at once happen once each', async () => {
    await Promise.all(Array.from({ length: 5 }, () => migrate(current())));
    const rows = await current().query<{ id: number }>('select id from migrations order by id');
    expect(rows.map(({ id }) => id)).toEqual(rows.map((_, i) => i + 1));
  });

  stateContract(() => store);
  searchContract(current);
}

function stateContract(store: () => ExperienceStore): void {
  test.each<readonly [string, number, number | undefined, number | undefined]>([
    ['without an expectation is kept', 2, undefined, 3],
    ['that expects what is there is kept', 2, 2, 3],
    ['that expects an older revision is not', 2, 1, undefined],
    ['that expects a revision not reached yet is not', 2, 3, undefined],
    ['that expects nothing where there is something is not', 2, 0, undefined],
    ['that expects nothing where there is nothing is kept', 0, 0, 1],
    ['that expects something where there is nothing is not', 0, 1, undefined],
  ])('a state %s', async (_, writes, expected, revision) => {
    for (let n = 1; n <= writes; n++) await store().saveState('hedge', 1, { n });
    expect(await store().saveState('hedge', 1, { n: 'new' }, expected)).toBe(revision);
    const saved = await store().savedState('hedge');
    const old = writes === 0 ? undefined : { version: 1, revision: writes, state: { n: writes } };
    expect(saved).toEqual(revision === undefined ? old : { version: 1, revision, state: { n: 'new' } });
  });

  test('of ten that learnt from the same state at once, one is kept', async () => {
    await store().saveState('hedge', 1, {});
    const writers = Array.from({ length: 10 }, (_, writer) => store().saveState('hedge', 1, { writer }, 1));
    const revisions = await Promise.all(writers);
    expect(revisions.filter((revision) => revision === 2)).toHaveLength(1);
    const kept = await store().savedState('hedge');
    expect(kept?.state).toEqual({ writer: revisions.indexOf(2) });
  });

  test('a state of another version is not loaded, but its revision is known', async () => {
    await store().saveState('hedge', 1, { weights: [0.1 + 0.2, -1e-17] });
    expect(await store().loadState('hedge', 1)).toEqual({ weights: [0.1 + 0.2, -1e-17] });
    expect(await store().loadState('hedge', 2)).toBeUndefined();
    expect(await store().savedState('hedge')).toMatchObject({ version: 1, revision: 1 });
  });
}

function searchContract(current: () => Database): void {
  test('a search is kept under the uid of its zoo, apart from those of others', async () => {
    const states = searchStates(current());
    expect(await states.load('a')).toBeUndefined();
    expect(await states.save('a', 1, { asked: ['x'] }, 0)).toBe(1);
    expect(await states.save('b', 1, { asked: [] }, 0)).toBe(1);
    expect(await states.save('a', 1, { asked: ['x', 'y'] }, 1)).toBe(2);
    expect(await states.save('a', 1, { asked: ['lost'] }, 1)).toBeUndefined();
    expect(await states.load('a')).toEqual({ version: 1, revision: 2, state: { asked: ['x', 'y'] } });
    await states.remove('a');
    expect(await states.load('a')).toBeUndefined();
    expect(await states.load('b')).toMatchObject({ revision: 1 });
  });
}
