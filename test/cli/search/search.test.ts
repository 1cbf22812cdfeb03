import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { SearchFile } from '../../../src/cli/search/search-file.ts';
import { runCli } from '../../support/run-cli.ts';
import { aWorld, type World } from '../../support/zoo.ts';

const patience = 300_000;
let world: World;
beforeAll(async () => {
  world = await aWorld({ perClass: 8 });
}, patience);
afterAll(() => world.remove());

const search = (out: string, ...more: readonly string[]) => {
  const options = ['--evaluations', '2', '--population', '4', '--steps', '2', '--max-parameters', '0.05', '--json'];
  return runCli(['search', world.images, '--out', out, ...options, ...more], { env: world.env });
};
const stateIn = (out: string): SearchFile => JSON.parse(readFileSync(join(out, 'state.json'), 'utf8'));

test(
  'a search leaves its state and a report, goes on where it was, and refuses other options',
  async () => {
    const out = join(world.folder, 'search');
    const first = await search(out);
    expect(first).toMatchObject({ code: 0 });
    expect(JSON.parse(first.stdout)).toMatchObject({ ended: 'done', evaluated: 2, inFull: 2, failed: 0 });
    expect(readdirSync(out).sort()).toEqual(['report.html', 'state.json']);
    const before = stateIn(out);
    expect(before.rungs).toHaveLength(4);

    // as a kill during the last training would have left it, in a version whose searches begin in a smaller space
    const { candidates, settings } = before.search;
    const space = { ...settings.space, stemStrides: [2] };
    const open = candidates.map((one, i) => (i === 1 ? { ...one, phase: 'open', measured: undefined } : one));
    const cut = {
      ...before,
      rungs: before.rungs.slice(0, 3),
      search: { ...before.search, candidates: open, settings: { ...settings, space } },
    };
    writeFileSync(join(out, 'state.json'), JSON.stringify(cut));
    expect(JSON.parse((await search(out)).stdout)).toMatchObject({ evaluated: 2 });
    const after = stateIn(out);
    expect(after.rungs.map(({ id, rung, accuracy }) => [id, rung, accuracy])).toEqual(
      before.rungs.map(({ id, rung, accuracy }) => [id, rung, accuracy]),
    );
    expect(after.search.settings.space).toEqual(space);

    const more = await search(out, '--evaluations', '3');
    expect(JSON.parse(more.stdout)).toMatchObject({ ended: 'done', evaluated: 3 });
    const other = await search(out, '--seed', '5');
    expect(other.code).toBe(2);
    expect(JSON.parse(other.stdout).error.message).toContain('with other options');
  },
  patience,
);

test.each([
  ['no data set', ['search', 'nowhere', '--out', 'x'], 'There is no data set at "nowhere"'],
  ['no folder', ['search', '.'], '--out'],
  ['no cores', ['search', '.', '--out', 'x', '--times-cpu', 'few'], 'Give numbers of cores'],
  ['no number', ['search', '.', '--out', 'x', '--evaluations', 'many'], 'is not a whole number'],
])('%s is told', async (_, args, message) => {
  const { code, stderr } = await runCli(args, { cwd: world.folder, env: world.env });
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});

test('a folder with another state file is refused', async () => {
  const out = join(world.folder, 'other');
  mkdirSync(out);
  writeFileSync(join(out, 'state.json'), '{"kind": "something else"}');
  const { code, stdout } = await search(out);
  expect([code, stdout]).toEqual([2, expect.stringContaining('is no search of this version')]);
});
