import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { jobVariable, type TrainerMessage } from '../../../src/crds/trainer-job.ts';
import { readModelInfo } from '../../../src/train/export.ts';
import type { TuneResult } from '../../../src/train/result.ts';
import { startCli } from '../../support/live-cli.ts';
import { aWorld, colourClasses, type World } from '../../support/zoo.ts';
import { anEndlessJob, aProfileJob, asKind, aTrainingJob, bucketsIn, ownFolder, podRegime, runPod } from './pods.ts';

const patience = 300_000;
let world: World;
beforeAll(async () => {
  world = await aWorld();
  writeFileSync(join(world.folder, 'token'), 'token');
}, patience);
afterAll(() => world.remove());

const results = (): string => join(world.folder, 'claim', 'results', ownFolder);
const clean = (): void => rmSync(join(world.folder, 'claim'), { recursive: true, force: true });
const resultIn = (folder: string): TuneResult => JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8'));

describe('a task on a claim', () => {
  let profiled: TrainerMessage;
  beforeAll(async () => {
    clean();
    profiled = (await runPod(world, aProfileJob(world))).message;
  }, patience);

  test('is profiled: what a plan is made from', () => {
    const { profile } = asKind(profiled, 'profile');
    expect(profile).toMatchObject({ trainImages: 128, validationImages: 32, skipped: 0 });
    expect(profile.features).toMatchObject({ images: 128, classes: 4, colourShare: 1 });
    expect(profile.steps[0]).toMatchObject({ inputSize: 32, frozenStages: 0, seconds: expect.any(Number) });
    expect(profile.startSeconds).toBeGreaterThan(0);
    expect(profile.seconds).toBeGreaterThan(profile.decodeSecondsPerImage);
    expect(JSON.parse(readFileSync(join(results(), 'profile.json'), 'utf8'))).toMatchObject({
      profile: { features: { images: 128 }, seconds: profile.seconds },
    });
  });

  test(
    'is trained as planned, told as it goes, and leaves what `nasoa tune` leaves',
    async () => {
      const job = aTrainingJob(world, { spentSeconds: 7 });
      const ended = await runPod(world, job);
      const message = asKind(ended.message, 'training');
      expect(ended.exitCode).toBe(0);
      expect(ended.termination).toMatchObject({ kind: 'training', stopped: 'completed' });
      expect(message.result).toMatchObject({ images: 160, classes: 4 });
      expect(message.result.accuracy).toBeGreaterThan(0.5);
      // what was spent before counts, and is not given back
      expect(message.activeSeconds).toBeGreaterThan(7);
      expect(message.artifact).toMatchObject({ claim: { claimName: 'results', path: `results/${ownFolder}` } });
      expect(readdirSync(results()).sort()).toEqual([
        'model',
        'profile.json',
        'report.html',
        'result.json',
        'trainer.json',
      ]);
      const result = resultIn(results());
      // four times as many as planned: there is time left
      expect(result).toMatchObject({ steps: 160, resumed: 0, accuracy: message.result.accuracy });
      expect(result.plan).toMatchObject({ member: 'square', regime: podRegime() });
      expect((await readModelInfo(results())).info.classes).toEqual(colourClasses);
      const last = ended.reports.at(-1);
      expect(last).toMatchObject({ uid: job.task.uid, role: 'training', attempt: 1, message });
      expect(last?.activeSeconds).toBeGreaterThan(7);
    },
    patience,
  );

  test(
    'whose end was not heard is told again, and not trained again',
    async () => {
      const before = resultIn(results());
      const ended = await runPod(world, aTrainingJob(world, { attempt: 2 }));
      expect(asKind(ended.message, 'training').result.accuracy).toBe(before.accuracy);
      expect(resultIn(results()).finishedAt).toBe(before.finishedAt);
    },
    patience,
  );
});

describe('a pod that is told to end', () => {
  test(
    'keeps a checkpoint that the next one goes on from, with less memory if need be',
    async () => {
      clean();
      const first = await runPod(world, anEndlessJob(world), { endOn: ({ step }) => step > 5 });
      const interrupted = asKind(first.message, 'interrupted');
      expect(first.exitCode).toBe(20);
      expect(first.termination).toMatchObject({ kind: 'interrupted', step: interrupted.step });
      expect(interrupted.step).toBeGreaterThan(5);
      expect(existsSync(join(results(), 'checkpoint', 'state.safetensors'))).toBe(true);

      const budgetSeconds = interrupted.activeSeconds + 6;
      const second = await runPod(world, anEndlessJob(world, { budgetSeconds, memoryPlan: 1, attempt: 2 }));
      const message = asKind(second.message, 'training');
      expect(message).toMatchObject({ stopped: 'budget' });
      expect(message.activeSeconds).toBeGreaterThanOrEqual(interrupted.activeSeconds);
      expect(message.activeSeconds).toBeLessThan(budgetSeconds + 1.5);
      const result = resultIn(results());
      expect(result).toMatchObject({ resumed: 1, plan: { regime: { batchSize: 8 } } });
      // half the batch counts its steps twice
      expect(result.steps).toBeGreaterThanOrEqual(2 * interrupted.step);
      expect(existsSync(join(results(), 'checkpoint'))).toBe(false);
    },
    patience,
  );

  test(
    'before it has begun to train has spent its time all the same',
    async () => {
      clean();
      const ended = await runPod(world, anEndlessJob(world, { spentSeconds: 3 }), { endOn: () => true });
      expect(ended.exitCode).toBe(20);
      expect(asKind(ended.message, 'interrupted').activeSeconds).toBeGreaterThanOrEqual(3);
    },
    patience,
  );

  test(
    'ends the process with the same code, and with its message in the file of the kubelet',
    async () => {
      clean();
      const termination = join(world.folder, 'live-termination-log');
      const cli = await startCli(['trainer'], {
        log: join(world.folder, 'trainer.log'),
        cwd: world.folder,
        env: {
          ...world.env,
          [jobVariable]: JSON.stringify(anEndlessJob(world)),
          NASOA_TERMINATION_LOG: termination,
          NASOA_SCRATCH_DIR: join(world.folder, 'live-scratch'),
        },
      });
      await cli.untilFile(join(results(), 'checkpoint', 'state.safetensors'));
      cli.child.kill('SIGTERM');
      expect({ code: await cli.ended, log: cli.output() }).toMatchObject({ code: 20 });
      expect(JSON.parse(readFileSync(termination, 'utf8'))).toMatchObject({ kind: 'interrupted' });
      // libraries may print lines of their own
      const lines = cli
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{'));
      const told = lines.map((line): Record<string, unknown> => JSON.parse(line));
      expect(told.map(({ message }) => message)).toContain('The job has ended');
      expect(told.at(-1)).toMatchObject({ traceId: '1a2b3c4d000040008000000000000000', task: 'flowers' });
    },
    patience,
  );

  test(
    'that falls out of its prediction goes on with a runner-up, also in another pod, and says so',
    async () => {
      clean();
      const base = aTrainingJob(world, { budgetSeconds: 60 }, { learningRate: 1e-7, steps: 100 });
      const hopes = { accuracy: 0.95, low: 0.9, high: 0.98, seconds: 20 };
      const sound = { member: 'square', regime: podRegime({ steps: 200_000 }), predicted: hopes };
      const job = {
        ...base,
        plan: { ...base.plan, predicted: hopes },
        replan: { runnersUp: [sound], tradeOff: [] },
      };
      // the first pod is told to end once it trains the second choice
      const isSwitched = (): boolean =>
        readFileSync(join(results(), 'checkpoint', 'decision.json'), 'utf8').includes('"switched"');
      // more than the first choice has, as long as it may become
      const first = await runPod(world, job, { endOn: ({ step }) => step > 400 && isSwitched() });
      expect(asKind(first.message, 'interrupted').step).toBeGreaterThan(0);
      const kept = join(world.folder, 'kept');
      cpSync(results(), kept, { recursive: true });
      const { activeSeconds } = asKind(first.message, 'interrupted');
      const shorter = { ...job, budgetSeconds: activeSeconds + 8 };
      const message = asKind((await runPod(world, shorter)).message, 'training');
      expect(message.result.replanned).toMatchObject({
        ...{ action: 'Switched', choice: { member: 'square', regime: { learningRate: sound.regime.learningRate } } },
        low: expect.any(Number),
      });
      expect(message.result.accuracy).toBeGreaterThan(0.5);
      expect(resultIn(results())).toMatchObject({ resumed: 1, replanned: { action: 'switched' } });
      // with less memory it is no run to go on with, and begins anew
      clean();
      cpSync(kept, results(), { recursive: true });
      const anew = await runPod(world, { ...shorter, memoryPlan: 1 });
      expect(anew.exitCode).toBe(0);
      expect(resultIn(results())).toMatchObject({ resumed: 0 });
    },
    patience,
  );

  test(
    'of a checkpoint of another plan begins anew',
    async () => {
      clean();
      await runPod(world, anEndlessJob(world), { endOn: ({ step }) => step > 5 });
      const ended = await runPod(world, aTrainingJob(world));
      expect(ended.exitCode).toBe(0);
      expect(resultIn(results())).toMatchObject({ resumed: 0, steps: 160 });
    },
    patience,
  );
});

test(
  'a task in S3 is read from there, kept there, and goes on from there on another node',
  async () => {
    const buckets = join(world.folder, 'buckets');
    const openStore = bucketsIn(buckets);
    await (await openStore({ kind: 's3', url: 's3://data' }, 'data')).upload(world.images, 'sets/colours');
    const s3 = {
      data: { place: { kind: 's3', url: 's3://data/sets/colours/' }, format: 'folder', validationShare: 0.2 },
      output: { place: { kind: 's3', url: 's3://results/team-a' }, folder: ownFolder },
    } as const;
    const on = (node: string) => ({ openStore, scratch: join(world.folder, node) });
    const first = await runPod(world, anEndlessJob(world, s3), { ...on('node-1'), endOn: ({ step }) => step > 5 });
    const { activeSeconds } = asKind(first.message, 'interrupted');
    const kept = join(buckets, 'results', 'team-a', ownFolder);
    expect(readdirSync(join(kept, 'checkpoint')).sort()).toEqual([
      'active-seconds',
      'decision.json',
      'state.safetensors',
    ]);

    const second = await runPod(world, anEndlessJob(world, { ...s3, budgetSeconds: activeSeconds + 6 }), on('node-2'));
    const message = asKind(second.message, 'training');
    expect(message.artifact).toEqual({ url: `s3://results/team-a/${ownFolder}`, bytes: expect.any(Number) });
    expect(message.activeSeconds).toBeGreaterThanOrEqual(activeSeconds);
    expect(resultIn(kept)).toMatchObject({ resumed: 1, dataset: 'colours' });
    expect(message.result.steps).toBe(resultIn(kept).steps);
    expect(existsSync(join(kept, 'checkpoint', 'state.safetensors'))).toBe(false);
    expect((await readModelInfo(kept)).info.classes).toEqual(colourClasses);
  },
  patience,
);
