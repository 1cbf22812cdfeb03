import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { CommandContext } from '../../src/cli/context.ts';
import { Interruption } from '../../src/cli/interruption.ts';
import { buildZoo, type ZooBuildRequest } from '../../src/cli/local/zoo-build.ts';
import { type SearchFile, writeSearchFile } from '../../src/cli/search/search-file.ts';
import { type Progress, silentReporter } from '../../src/cli/terminal/reporter.ts';
import { defaultLadder } from '../../src/nas/ladder.ts';
import { nsga2Search } from '../../src/nas/nsga2.ts';
import { proxyInputSize, proxySpace } from '../../src/nas/search.ts';
import { contextIn } from '../support/context.ts';
import { addRandomMember, aWorld, type World } from '../support/zoo.ts';

const patience = 120_000;
const [fast, good, beaten] = ['0-_8_-2', '1-_8_-2', '0-_16_-2'] as const;
let world: World;
beforeAll(async () => {
  world = await aWorld({ perClass: 10 });
  await writeSearchFile(join(world.folder, 'search'), aSearch());
}, patience);
afterAll(() => world.remove());

/** Of three candidates, of which two are on the front. */
function aSearch(): SearchFile {
  const search = nsga2Search.create(1, {
    ...{ evaluations: 3, population: 4, objectives: ['accuracy', 'stepSeconds'], constraints: {} },
    ...{ space: proxySpace, inputSize: proxyInputSize },
  });
  const measured = (accuracy: number, stepSeconds: number) => ({ accuracy, stepSeconds, parametersM: 0.1, macsM: 1 });
  const candidates = [measured(0.5, 0.02), measured(0.4, 0.01), measured(0.3, 0.03)].map((values, i) => ({
    ...{ id: i + 1, attempt: 1, phase: 'done' as const, encoding: [good, fast, beaten][i] ?? '', measured: values },
  }));
  return {
    ...{ kind: 'nasoa-search', version: 1, measured: [], rungs: [], activeSeconds: 1 },
    data: { name: 'colours', classes: 4, train: 32, validation: 8 },
    training: { seed: 1, steps: 2, ladder: defaultLadder },
    search: { ...search, candidates },
    machine: { cpu: 'any', cores: 1 },
    startedAt: '2026-01-01T00:00:00Z',
  };
}

const request = (over: Partial<ZooBuildRequest> = {}): ZooBuildRequest => ({
  ...{ search: join(world.folder, 'search'), path: world.images, zoo: join(world.folder, 'built') },
  ...{
    size: 2,
    epochs: 2,
    teacher: undefined,
    prefix: 'own',
    only: undefined,
    licence: 'CC0',
    validationShare: 0.2,
    seed: 1,
    measuringSeconds: 0,
  },
  ...over,
});

/** Interrupts the command once the member of that name is in training. */
function interruptedAt(name: string): CommandContext {
  const controller = new AbortController();
  const reporter = {
    ...silentReporter,
    progress: ({ phase, done }: { phase: string; done: number }) => {
      if (phase === name && done > 0) controller.abort(new Interruption(130));
    },
  };
  return { ...contextIn(world, controller.signal), reporter };
}

test(
  'the front of a search becomes members, fastest first; what is interrupted goes on with those that are missing',
  async () => {
    const begun = await buildZoo(request(), interruptedAt('own-2'));
    expect(begun).toMatchObject({ ended: 'interrupted', members: [{ name: 'own-1' }], missing: ['own-2'] });
    const { ended, members } = await buildZoo(request(), contextIn(world));
    expect(ended).toBe('done');
    expect(members.map(({ name, encoding, licence }) => [name, encoding, licence])).toEqual([
      ['own-1', fast, 'CC0'],
      ['own-2', good, 'CC0'],
    ]);
    expect(members[0]).toEqual(begun.members[0]);
    expect(members.map(({ pretraining, steps }) => [pretraining.epochs, steps.length > 0])).toEqual([
      [2, true],
      [2, true],
    ]);
    expect(existsSync(join(world.folder, 'built', '.build'))).toBe(false);
    // nothing is left to do
    expect((await buildZoo(request(), contextIn(world))).members).toEqual(members);
  },
  patience,
);

test('a name that another network has is not taken from it', async () => {
  const zoo = join(world.folder, 'other');
  await addRandomMember(zoo, 'own-1', beaten);
  await expect(buildZoo(request({ zoo }), contextIn(world))).rejects.toThrow('has another network under the name');
});

test(
  'one of them alone is made where processes share the work, and a name that is none is refused',
  async () => {
    const zoo = join(world.folder, 'part');
    const { members, ended } = await buildZoo(request({ zoo, only: 'own-2', epochs: 1 }), contextIn(world));
    expect({ ended, names: members.map(({ name, encoding }) => [name, encoding]) }).toEqual({
      ended: 'done',
      names: [['own-2', good]],
    });
    await expect(buildZoo(request({ zoo, only: 'own-9' }), contextIn(world))).rejects.toThrow('no member "own-9"');
  },
  patience,
);

test(
  'they learn from a member of the zoo where one is named',
  async () => {
    const zoo = join(world.folder, 'taught');
    await addRandomMember(zoo, 'master', beaten);
    const told: Progress[] = [];
    const reporter = { ...silentReporter, progress: (progress: Progress) => void told.push(progress) };
    const asked = request({ zoo, only: 'own-1', teacher: 'master' });
    const { members } = await buildZoo(asked, { ...contextIn(world), reporter });
    expect(new Set(told.map(({ phase }) => phase))).toEqual(
      new Set(['own-1, decoding', 'own-1, answers of master', 'own-1']),
    );
    expect(told.filter(({ done, total = 0 }) => done > total)).toEqual([]);
    expect(members.map(({ pretraining }) => pretraining.recipe)).toEqual([expect.stringMatching(/answers of master$/)]);
    const unknown = buildZoo(request({ zoo, only: 'own-2', teacher: 'nobody' }), contextIn(world));
    await expect(unknown).rejects.toThrow('There is no member "nobody" to learn from.');
  },
  patience,
);

test('without a search there is nothing to build', async () => {
  const search = join(world.folder, 'nowhere');
  await expect(buildZoo(request({ search }), contextIn(world))).rejects.toThrow('There is no search in');
});
