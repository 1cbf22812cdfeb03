import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Database } from '../../src/store/database.ts';
import { openEmbedded } from '../../src/store/embedded.ts';
import { type ExperienceStore, experienceStore } from '../../src/store/experience.ts';
import { migrate } from '../../src/store/migrations.ts';
import { anExperience } from '../planner/builders.ts';

let folder: string;
let database: Database;
let store: ExperienceStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nasoa-store-'));
  database = await openEmbedded(join(folder, 'experience'));
  store = experienceStore(database);
}, 120_000);
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await database.query('delete from experiences');
  await database.query('delete from states');
});

const at = (day: number) => `2026-01-${String(day).padStart(2, '0')}T00:00:00.000Z`;
const day = (n: number, over: Parameters<typeof anExperience>[0] = {}) =>
  anExperience({ id: `run-${n}`, finishedAt: at(n), ...over });

async function linesOf(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

describe('the experience store', () => {
  test('keeps a run exactly as it was', async () => {
    const odd = day(1, { accuracy: 0.1 + 0.2, dataset: "naïve 'quotes' \u{1F33B}", activeSeconds: 1e-7 });
    expect(await store.add(odd)).toBe(true);
    expect(await store.list()).toEqual([odd]);
  });

  test('completes what regimes have gained since a run was kept', async () => {
    await store.add(day(1));
    await database.query("update experiences set body = (body #- '{regime,layerDecay}') #- '{regime,dropout}'");
    expect(await store.list()).toEqual([day(1)]);
    expect(await linesOf(store.export())).toEqual([JSON.stringify((await store.list())[0])]);
  });

  test('adds a run once, however often it comes', async () => {
    expect(await store.add(day(1))).toBe(true);
    expect(await store.add(day(1, { accuracy: 0.1 }))).toBe(false);
    expect(await store.count()).toBe(1);
    expect((await store.list())[0]?.accuracy).toBe(0.8);
  });

  test('refuses an unsound run with the reason', async () => {
    await expect(store.add(day(1, { accuracy: 1.5 }))).rejects.toThrow('accuracy must be from 0 to 1');
    expect(await store.count()).toBe(0);
  });

  test('tells a namespace its own runs and what is everybody’s, and another one nothing of them', async () => {
    const own = store;
    await own.add(anExperience({ id: 'everybody' }));
    await own.add(anExperience({ id: 'red-1' }), 'red');
    await own.add(anExperience({ id: 'blue-1' }), 'blue');
    const open = async (openTo?: string) => {
      const filter = openTo === undefined ? {} : { openTo };
      const ids = (await own.list(filter)).map(({ id }) => id).toSorted();
      expect(await own.count(filter)).toBe(ids.length);
      return ids;
    };
    expect(await open('red')).toEqual(['everybody', 'red-1']);
    expect(await open('blue')).toEqual(['blue-1', 'everybody']);
    expect(await open('green')).toEqual(['everybody']);
    expect(await open()).toEqual(['blue-1', 'everybody', 'red-1']);
  });

  test('an export tells whose a run is, and an import keeps it so', async () => {
    await store.add(day(1), 'red');
    await store.add(day(2));
    const lines = await linesOf(store.export());
    await database.query('delete from experiences');
    expect(await store.import([...lines, JSON.stringify({ ...day(3), owner: 'No namespace!' })])).toEqual({
      ...{ added: 2, duplicates: 0 },
      refused: [{ line: 3, reason: 'owner must be the name of a namespace' }],
    });
    expect((await store.list({ openTo: 'red' })).map(({ id }) => id)).toEqual(['run-1', 'run-2']);
    expect((await store.list({ openTo: 'blue' })).map(({ id }) => id)).toEqual(['run-2']);
    expect(await store.list()).toEqual([day(1), day(2)]);
  });

  test('lists in the order of time, by data set, by member, or the latest few', async () => {
    for (const n of [3, 1, 2]) await store.add(day(n, { dataset: n === 2 ? 'birds' : 'flowers' }));
    const ids = async (filter: Parameters<ExperienceStore['list']>[0]) => (await store.list(filter)).map((e) => e.id);
    expect(await ids({})).toEqual(['run-1', 'run-2', 'run-3']);
    expect(await ids({ dataset: 'flowers' })).toEqual(['run-1', 'run-3']);
    expect(await ids({ member: 'large' })).toEqual([]);
    expect(await ids({ limit: 2 })).toEqual(['run-2', 'run-3']);
  });

  test('what is exported can be imported elsewhere, page after page, and again without doubling', async () => {
    const many = Array.from({ length: 620 }, (_, i) => JSON.stringify(day(1, { id: `r${i}` })));
    expect(await store.import(many)).toEqual({ added: 620, duplicates: 0, refused: [] });
    const lines = await linesOf(store.export());
    expect(lines).toHaveLength(620);
    expect(await store.import(lines)).toEqual({ added: 0, duplicates: 620, refused: [] });
    await database.query('delete from experiences');
    expect((await store.import(lines)).added).toBe(620);
    expect(await linesOf(store.export())).toEqual(lines);
  });

  test('an import keeps the sound lines and names the others', async () => {
    const lines = [
      JSON.stringify(day(1)),
      '',
      'not json',
      JSON.stringify(day(2, { accuracy: 3 })),
      JSON.stringify(day(1)),
    ];
    expect(await store.import(lines)).toEqual({
      added: 1,
      duplicates: 1,
      refused: [
        { line: 3, reason: 'the line is not JSON' },
        { line: 4, reason: 'accuracy must be from 0 to 1' },
      ],
    });
  });

  test('keeps the latest state of a predictor, for its own version only', async () => {
    expect(await store.loadState('hedge', 1)).toBeUndefined();
    await store.saveState('hedge', 1, { weights: [0.1, -1e-17, 3] });
    await store.saveState('hedge', 1, { weights: [0.1 + 0.2, 1 / 3] });
    expect(await store.loadState('hedge', 1)).toEqual({ weights: [0.1 + 0.2, 1 / 3] });
    expect(await store.loadState('hedge', 2)).toBeUndefined();
  });

  test('a transaction that fails leaves nothing', async () => {
    const failing = database.transaction(async (queries) => {
      await queries.query("insert into states (name, version, state) values ('x', 1, '{}')");
      throw new Error('halfway');
    });
    await expect(failing).rejects.toThrow('halfway');
    expect(await store.loadState('x', 1)).toBeUndefined();
  });

  test('migrations can run again, and a newer schema is an error with a remedy', async () => {
    await migrate(database);
    await database.query('insert into migrations (id) values (999)');
    await expect(migrate(database)).rejects.toMatchObject({
      message: expect.stringContaining('schema 999'),
      remedy: expect.stringContaining('newer version'),
    });
    await database.query('delete from migrations where id = 999');
  });
});
