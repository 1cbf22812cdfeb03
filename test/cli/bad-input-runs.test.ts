import { appendFile, cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Interruption } from '../../src/cli/interruption.ts';
import { tuneLocally } from '../../src/cli/local/tune.ts';
import type { TuneRequest } from '../../src/cli/requests.ts';
import { RunError } from '../../src/lib/errors.ts';
import { freshProgress, writeCheckpoint } from '../../src/train/checkpoint.ts';
import { expectClear, listing, refusalOf } from '../support/bad-input.ts';
import { contextIn, tuneRequest } from '../support/context.ts';
import { anImage } from '../support/image-files.ts';
import { aWorld, type World } from '../support/zoo.ts';

let world: World;
/** A run that was stopped before its first step. */
let unfinished = '';
beforeAll(async () => {
  world = await aWorld({ perClass: 8 });
  await mkdir(join(world.folder, 'cache', 'scratch'), { recursive: true });
  unfinished = join(world.folder, 'unfinished');
  const stop = new AbortController();
  const context = contextIn(world, stop.signal);
  const outcome = await tuneLocally(tuneRequest(world, unfinished), context, () => stop.abort(new Interruption(130)));
  expect(outcome).toMatchObject({ kind: 'interrupted', checkpoint: true, budgetSeconds: 120 });
});
afterAll(() => world.remove());

const tune = (over: Partial<TuneRequest>, signal?: AbortSignal) =>
  tuneLocally(tuneRequest(world, join(world.folder, 'out'), over), contextIn(world, signal), () => {});

async function expectUnchanged(action: () => Promise<unknown>, message: RegExp): Promise<void> {
  const before = await listing(world.folder);
  expectClear(await refusalOf(action), message);
  expect(await listing(world.folder)).toEqual(before);
}

test('what was stopped before its first step has its decision to go on from, and nothing else', async () => {
  expect((await readdir(join(unfinished, 'checkpoint'))).sort()).toEqual(['active-seconds', 'decision.json']);
});

describe('a run does not go on where what it left is not whole', () => {
  const decisionOf = (out: string): string => join(out, 'checkpoint', 'decision.json');
  const rewrite =
    (changes: Readonly<Record<string, unknown>>) =>
    async (out: string): Promise<void> => {
      const decision: object = JSON.parse(await readFile(decisionOf(out), 'utf8'));
      await writeFile(decisionOf(out), JSON.stringify({ ...decision, ...changes }));
    };
  const idOf = async (out: string): Promise<string> => JSON.parse(await readFile(decisionOf(out), 'utf8')).id;
  const checkpoint = async (out: string, decision: string) => {
    const state = new Map([['fc.weight', new Float32Array(3)]]);
    await writeCheckpoint(join(out, 'checkpoint'), { progress: freshProgress(10), decision, state });
  };
  const stateOf = (out: string): string => join(out, 'checkpoint', 'state.safetensors');
  const cutOff = async (out: string): Promise<void> => {
    await checkpoint(out, await idOf(out));
    await writeFile(stateOf(out), (await readFile(stateOf(out))).subarray(0, -4));
  };

  const cases: readonly (readonly [string, (out: string) => Promise<unknown>, RegExp])[] = [
    ['a decision that is cut off', (out) => writeFile(decisionOf(out), '{"version":1,'), /decision .* is damaged/],
    ['a decision without its plan', (out) => writeFile(decisionOf(out), '{"version":1}'), /decision .* is damaged/],
    ['a decision of another version', rewrite({ version: 2 }), /of another version/],
    ['a checkpoint that is cut off', cutOff, /is cut off/],
    ['a checkpoint of noise', (out) => writeFile(stateOf(out), Buffer.alloc(99, 0x61)), /no safetensors file/],
    ['a checkpoint of another run', (out) => checkpoint(out, 'another'), /belongs to another run/],
    ['a checkpoint of another network', async (out) => checkpoint(out, await idOf(out)), /does not fit the network/],
    [
      'a zoo that is gone',
      rewrite({ request: { seed: 0, validationShare: 0.2, maxDamagedShare: 0.2, zoo: '/nowhere/zoo' } }),
      /no zoo in/,
    ],
  ];
  test.each(cases)('%s', async (_name, damage, message) => {
    const out = join(world.folder, 'resumed');
    await rm(out, { recursive: true, force: true });
    await cp(unfinished, out, { recursive: true });
    await damage(out);
    const before = (await listing(world.folder)).filter((line) => !line.includes('active-seconds'));
    expectClear(await refusalOf(() => tune({ out, resume: true })), message);
    const after = (await listing(world.folder)).filter((line) => !line.includes('active-seconds'));
    expect(after).toEqual(before);
    await rm(out, { recursive: true });
  });

  const picture = (): string => join(world.images, 'grass', '0.png');
  const aside = (): string => join(world.folder, 'aside.png');
  const images: readonly (readonly [string, () => Promise<unknown>, () => Promise<unknown>])[] = [
    ['an image less', () => rename(picture(), aside()), () => rename(aside(), picture())],
    [
      'an image more',
      async () => writeFile(join(world.images, 'grass', 'new.png'), await anImage(77)),
      () => rm(join(world.images, 'grass', 'new.png')),
    ],
    [
      'an image of another name',
      () => rename(picture(), join(world.images, 'grass', 'renamed.png')),
      () => rename(join(world.images, 'grass', 'renamed.png'), picture()),
    ],
    [
      'an image of other content',
      async () => {
        await cp(picture(), aside());
        await appendFile(picture(), 'x');
      },
      () => rename(aside(), picture()),
    ],
    [
      'an image in another class',
      () => rename(picture(), join(world.images, 'rote Rosen', 'grass.png')),
      () => rename(join(world.images, 'rote Rosen', 'grass.png'), picture()),
    ],
  ];
  test.each(images)('a data set with %s', async (_name, change, back) => {
    await change();
    await expectUnchanged(
      () => tune({ out: unfinished, resume: true }),
      /begun on other images than colours holds now/,
    );
    await back();
  });
});

describe('a run that fails after its plan leaves nothing behind', () => {
  const damaged = (): string => join(world.folder, 'damaged');
  beforeEach(async () => {
    await rm(damaged(), { recursive: true, force: true });
    await cp(world.images, damaged(), { recursive: true });
    for (const name of ['grass', 'rote Rosen']) {
      for (const i of [90, 91, 92]) await writeFile(join(damaged(), name, `${i}.jpg`), `no image ${name} ${i}`);
    }
  });
  test.each([
    ['in a folder of its own', 'new'],
    ['in a folder deep down', 'deep/down/new'],
    ['in a folder that was there', 'there'],
  ])('%s', async (_name, out) => {
    await mkdir(join(world.folder, 'there'), { recursive: true });
    await expectUnchanged(
      () => tune({ out: join(world.folder, out), path: damaged(), maxDamagedShare: 0.05 }),
      /6 of 38 images of damaged are unusable/,
    );
  });
});

test('a run that is stopped before its plan leaves nothing behind', async () => {
  const before = await listing(world.folder);
  const stop = new AbortController();
  stop.abort(new Interruption(130));
  await expect(tune({}, stop.signal)).rejects.toBeInstanceOf(Interruption);
  expect(await listing(world.folder)).toEqual(before);
});

test('a run whose time is over before its first step fails and leaves nothing behind', async () => {
  // the plan is made for two minutes; the clock then jumps
  const before = await listing(world.folder);
  let jump = 0;
  const { clock, ...context } = contextIn(world);
  const jumping = { ...clock, nowSeconds: () => clock.nowSeconds() + jump };
  const run = tuneLocally(tuneRequest(world, join(world.folder, 'out')), { ...context, clock: jumping }, () => {
    jump = 200;
  });
  await expect(run).rejects.toBeInstanceOf(RunError);
  await expect(run).rejects.toMatchObject({
    message: expect.stringMatching(/over before|time was up/),
    remedy: expect.stringContaining('--budget'),
  });
  expect(await listing(world.folder)).toEqual(before);
});
