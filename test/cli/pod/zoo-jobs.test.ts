import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { deviceHere } from '../../../src/graph/device.ts';
import { createRng } from '../../../src/lib/rng.ts';
import { networkOf } from '../../../src/nas/families/table.ts';
import { encodeSafetensors, readSafetensorsFile } from '../../../src/nas/safetensors.ts';
import { loadZoo } from '../../../src/nas/zoo.ts';
import { makePlan } from '../../../src/planner/plan.ts';
import { encodedOptions } from '../../../src/planner/predictors/replay.ts';
import { defaultPredictor } from '../../../src/planner/predictors/table.ts';
import { defaultRunCosts } from '../../../src/planner/run-time.ts';
import { calibrate } from '../../../src/planner/timing.ts';
import { aWorld, randomWeights, type World } from '../../support/zoo.ts';
import {
  aCandidateJob,
  aPretrainingJob,
  aProfileJob,
  asKind,
  aTrainingJob,
  bucketsIn,
  runPod,
  tinyEncoding,
  zooFolder,
} from './pods.ts';

const patience = 300_000;
const plainEncoding = '1-_8_-2';
let world: World;
beforeAll(async () => {
  world = await aWorld();
  writeFileSync(join(world.folder, 'token'), 'token');
}, patience);
afterAll(() => world.remove());

const zooDir = (): string => join(world.folder, 'claim', 'results', zooFolder);
const clean = (): void => rmSync(join(world.folder, 'claim'), { recursive: true, force: true });

describe('a candidate', () => {
  beforeEach(clean);

  test(
    'is trained briefly and timed, alike each time; its end is told again rather than worked out again',
    async () => {
      const ended = await runPod(world, aCandidateJob(world));
      const message = asKind(ended.message, 'candidate');
      expect(ended).toMatchObject({ exitCode: 0, termination: { kind: 'candidate', candidate: 1 } });
      expect(message).toMatchObject({ encoding: tinyEncoding, parametersM: expect.any(Number) });
      expect(message.accuracy).toBeGreaterThan(0.5);
      expect(message.stepSeconds).toBeGreaterThan(0);
      expect(message.stepSeconds).toBeLessThan(5);
      expect(ended.reports.some(({ step, steps }) => step > 0 && steps === 40)).toBe(true);
      expect(readdirSync(join(zooDir(), 'candidates', '1'))).toEqual(['trainer.json']);
      const again = await runPod(world, aCandidateJob(world, { attempt: 2 }));
      expect(asKind(again.message, 'candidate')).toEqual(message);

      const twin = await runPod(world, aCandidateJob(world, { candidate: 2 }));
      expect(asKind(twin.message, 'candidate')).toMatchObject({ candidate: 2, accuracy: message.accuracy });
      // a search that was begun anew may ask for another under the same number
      const other = await runPod(world, aCandidateJob(world, { encoding: plainEncoding }));
      expect(asKind(other.message, 'candidate').encoding).toBe(plainEncoding);
    },
    patience,
  );

  test(
    'with less memory halves its batch, and its step still stands for 64 images',
    async () => {
      const ended = await runPod(world, aCandidateJob(world, { memoryPlan: 2 }));
      expect(asKind(ended.message, 'candidate').stepSeconds).toBeGreaterThan(0);
      expect(Math.max(...ended.reports.map(({ steps }) => steps))).toBe(160);
    },
    patience,
  );

  test(
    'that is told to end keeps its steps for the next pod, with less memory if need be',
    async () => {
      const first = await runPod(world, aCandidateJob(world), { endOn: ({ step }) => step > 2 });
      expect(first.exitCode).toBe(20);
      const { step, activeSeconds } = asKind(first.message, 'interrupted');
      expect(step).toBeGreaterThan(2);
      // killed for want of memory, say: half the batch counts its steps twice
      const second = await runPod(world, aCandidateJob(world, { memoryPlan: 1 }));
      expect(second.reports.filter((report) => report.step > 0)[0]?.step).toBeGreaterThanOrEqual(2 * step);
      expect(asKind(second.message, 'candidate').activeSeconds).toBeGreaterThan(activeSeconds);
    },
    patience,
  );

  test(
    'that has no time for a single step says so',
    async () => {
      const ended = await runPod(world, aCandidateJob(world, { budgetSeconds: 0.01 }));
      expect(ended.exitCode).toBe(11);
      expect(asKind(ended.message, 'failure').reason).toBe('BudgetSpent');
    },
    patience,
  );
});

const importFile = (): string => join(world.folder, 'weights', 'import.safetensors');

function writeImport(encoding = tinyEncoding, classes = 4): void {
  mkdirSync(join(world.folder, 'weights'), { recursive: true });
  writeFileSync(importFile(), encodeSafetensors(randomWeights(networkOf(encoding, { classes }), 3)));
}

describe('a zoo that several pods make at a time', () => {
  beforeAll(async () => {
    clean();
    writeImport();
    await Promise.all([
      runPod(world, aPretrainingJob(world, 1)),
      runPod(world, aPretrainingJob(world, 2, { encoding: plainEncoding }), { scratch: join(world.folder, 'node-2') }),
    ]);
    const place = { kind: 'folder', path: importFile() } as const;
    await runPod(world, aPretrainingJob(world, 10, { member: 'given', weights: place, nativeSize: 32, accuracy: 0.7 }));
    // one that never came to its end
    await runPod(world, aPretrainingJob(world, 3, { epochs: 5000 }), { endOn: ({ step }) => step > 3 });
  }, patience);

  test('holds exactly the members that came to their end', async () => {
    const zoo = await loadZoo(zooDir());
    expect(zoo).toMatchObject({ name: zooFolder });
    expect(zoo.members.map(({ name, encoding, nativeSize }) => [name, encoding, nativeSize])).toEqual([
      ['quick-1', tinyEncoding, 64],
      ['quick-2', plainEncoding, 64],
      ['given', tinyEncoding, 32],
    ]);
    expect(zoo.members[0]?.accuracy).toBeGreaterThan(0.5);
    expect(zoo.members[0]?.pretraining).toMatchObject({ epochs: 6, accuracy: zoo.members[0]?.accuracy });
    expect(zoo.members[2]).toMatchObject({ accuracy: 0.7, classes: 4 });
    expect(readdirSync(join(zooDir(), 'members', '1')).sort()).toEqual([
      'member.json',
      'trainer.json',
      'weights.safetensors',
    ]);
    expect(existsSync(join(zooDir(), 'members', '3', 'checkpoint'))).toBe(true);
  });

  test('has measured steps and weights of half precision', async () => {
    const [first] = (await loadZoo(zooDir())).members;
    const points = first?.steps.map(({ inputSize, batchSize, frozenStages, cachedFeatures }) =>
      [inputSize, batchSize, frozenStages, cachedFeatures].join(' '),
    );
    expect(new Set(points).size).toBe(points?.length);
    // the rest of them as time allows: which there are is told by the tests of `memberPoints`
    expect(points?.[0]).toBe('64 64 0 false');
    expect(first?.measuredOn).toBe(await deviceHere());
    const { tensors, metadata } = await readSafetensorsFile(join(zooDir(), 'members', '1', 'weights.safetensors'));
    expect(metadata).toMatchObject({ encoding: tinyEncoding });
    expect(new Set([...tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(['F16']));
  });

  test(
    'serves a task: profile, plan, training',
    async () => {
      const zooPlace = { kind: 'folder', path: zooDir() } as const;
      const ready = ['quick-1', 'given'];
      const profiled = await runPod(world, aProfileJob(world, { zoo: zooPlace, readyMembers: ready }));
      const { profile } = asKind(profiled.message, 'profile');
      expect(ready).toEqual(expect.arrayContaining(profile.steps.map(({ member }) => member)));
      const { members } = await loadZoo(zooDir(), ready);
      const rng = createRng(1);
      const { features, decodeSecondsPerImage, startSeconds } = profile;
      const plan = makePlan({
        ...{ features, members, rng, budgetSeconds: 15, regimeOverrides: {}, spentSeconds: profile.seconds },
        predictor: defaultPredictor.create(encodedOptions(1)),
        counts: { trainImages: profile.trainImages, validationImages: profile.validationImages },
        timing: calibrate(members, profile.steps),
        costs: { ...defaultRunCosts, decodeSecondsPerImage, startSeconds, workers: 1 },
      });
      expect(ready).toContain(plan.member);
      const { plan: given } = aTrainingJob(world);
      const job = aTrainingJob(world, { zoo: zooPlace, plan: { ...given, member: plan.member }, budgetSeconds: 60 });
      const trained = asKind((await runPod(world, job)).message, 'training');
      expect(trained.result.accuracy).toBeGreaterThan(0.5);
      expect(trained.result.steps).toBeGreaterThan(0);
    },
    patience,
  );
});

describe('a member', () => {
  beforeEach(clean);

  test(
    'goes on from where an earlier pod was told to end, also in S3, and leaves no checkpoint there',
    async () => {
      const buckets = join(world.folder, 'buckets');
      const openStore = bucketsIn(buckets);
      await (await openStore({ kind: 's3', url: 's3://data' }, 'data')).upload(world.images, 'colours');
      const over = {
        data: { place: { kind: 's3', url: 's3://data/colours' }, format: 'folder', validationShare: 0.2 },
        output: { place: { kind: 's3', url: 's3://zoos/a' }, folder: `${zooFolder}/members/1` },
        epochs: 12,
      } as const;
      const on = (node: string) => ({ openStore, scratch: join(world.folder, node) });
      const first = await runPod(world, aPretrainingJob(world, 1, over), {
        ...on('s3-node-1'),
        endOn: ({ step }) => step > 4,
      });
      const interrupted = asKind(first.message, 'interrupted');
      const kept = join(buckets, 'zoos', 'a', zooFolder, 'members', '1');
      expect(readdirSync(join(kept, 'checkpoint'))).toEqual(['state.safetensors']);

      const second = await runPod(world, aPretrainingJob(world, 1, over), on('s3-node-2'));
      const message = asKind(second.message, 'pretraining');
      expect(second.reports.filter(({ step }) => step > 0)[0]?.step).toBeGreaterThanOrEqual(interrupted.step);
      expect(message.activeSeconds).toBeGreaterThan(interrupted.activeSeconds);
      expect(message.artifact).toEqual({ url: `s3://zoos/a/${zooFolder}/members/1`, bytes: expect.any(Number) });
      expect(existsSync(join(kept, 'checkpoint', 'state.safetensors'))).toBe(false);
      const again = await runPod(world, aPretrainingJob(world, 1, over), on('s3-node-3'));
      expect(asKind(again.message, 'pretraining')).toEqual(message);

      const zoo = { kind: 's3', url: `s3://zoos/a/${zooFolder}` } as const;
      const profiled = await runPod(world, aProfileJob(world, { zoo, readyMembers: ['quick-1'] }), on('s3-node-4'));
      expect(asKind(profiled.message, 'profile').profile.steps).toHaveLength(1);
    },
    patience,
  );

  test(
    'learns from a teacher that was imported before, whatever classes that was trained on',
    async () => {
      writeImport(tinyEncoding, 7);
      const place = { kind: 'folder', path: importFile() } as const;
      const imported = aPretrainingJob(world, 1, { member: 'teacher', weights: place, nativeSize: 64 });
      expect(asKind((await runPod(world, imported)).message, 'pretraining').kind).toBe('pretraining');
      const job = aPretrainingJob(world, 2, { teacher: 'teacher', epochs: 12 });
      const first = await runPod(world, job, { endOn: ({ step }) => step > 4 });
      expect(asKind(first.message, 'interrupted').step).toBeGreaterThan(0);
      const answers = () => readdirSync(join(zooDir(), 'answers')).map((name) => join(zooDir(), 'answers', name));
      const [file = ''] = answers();
      const { ino } = statSync(file);
      const taught = await runPod(world, job);
      expect(asKind(taught.message, 'pretraining')).toMatchObject({ member: 'quick-2' });
      const other = aPretrainingJob(world, 3, { teacher: 'teacher', epochs: 1, encoding: plainEncoding });
      expect(asKind((await runPod(world, other)).message, 'pretraining').member).toBe('quick-3');
      // found once for all, and none beside them
      expect(answers()).toEqual([file]);
      expect(statSync(file).ino).toBe(ino);
      // damaged ones are found anew
      writeFileSync(file, 'half of');
      const again = aPretrainingJob(world, 4, { teacher: 'teacher', epochs: 1 });
      expect(asKind((await runPod(world, again)).message, 'pretraining').member).toBe('quick-4');
      expect((await readSafetensorsFile(file)).tensors.get('shares')?.shape[1]).toBe(4);
      const record = JSON.parse(readFileSync(join(zooDir(), 'members', '2', 'member.json'), 'utf8'));
      expect(record.pretraining.recipe).toMatch(/answers of teacher$/);
    },
    patience,
  );

  test.each<[string, () => ReturnType<typeof aPretrainingJob>, string]>([
    [
      'weights of another network',
      () => {
        writeImport(plainEncoding);
        return aPretrainingJob(world, 1, { weights: { kind: 'folder', path: importFile() } });
      },
      'WeightsUnusable',
    ],
    [
      'weights that are not there',
      () => aPretrainingJob(world, 1, { weights: { kind: 'folder', path: join(world.folder, 'nowhere') } }),
      'WeightsUnusable',
    ],
    ['a teacher that is not there', () => aPretrainingJob(world, 1, { teacher: 'nobody' }), 'InvalidSpec'],
    ['what is no architecture', () => aPretrainingJob(world, 1, { encoding: '0-x' }), 'InvalidSpec'],
  ])(
    'of %s fails for good',
    async (_what, job, reason) => {
      const ended = await runPod(world, job());
      expect(ended).toMatchObject({ exitCode: 11, message: { kind: 'failure', reason } });
      expect(existsSync(join(zooDir(), 'members', '1', 'member.json'))).toBe(false);
    },
    patience,
  );
});
