import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { during, exitCodeOf, failureMessage, type Stage } from '../../../src/cli/pod/failures.ts';
import { exitCodes, type TrainerFailureReason, type TrainerJob } from '../../../src/crds/trainer-job.ts';
import { InputError, RunError } from '../../../src/lib/errors.ts';
import { type Files, folderOf } from '../../support/bad-input.ts';
import { imagesOf } from '../../support/image-files.ts';
import { aWorld, type World } from '../../support/zoo.ts';
import { aCandidateJob, aProfileJob, asKind, aTrainingJob, runPod } from './pods.ts';

const patience = 120_000;
let world: World;
beforeAll(async () => {
  world = await aWorld({ perClass: 12 });
  await writeFile(join(world.folder, 'token'), 'token');
}, patience);
afterAll(() => world.remove());

const damaged = Object.fromEntries(
  ['cats', 'dogs'].flatMap((name) =>
    Array.from({ length: 6 }, (_, i) => [`${name}/${i}.png`, `no picture of ${name} ${i}`]),
  ),
);

describe('a pod that cannot do its job says why, for good or for another try', () => {
  let made = 0;
  const dataAt = (path: string, format: 'folder' | 'archive' = 'folder') =>
    ({ place: { kind: 'folder', path }, format, validationShare: 0.2 }) as const;
  const withImages = (files: Files) => async (): Promise<TrainerJob> => {
    made += 1;
    const folder = join(world.folder, `bad-${made}`);
    await mkdir(folder);
    const { path } = await folderOf(files)(folder);
    return aProfileJob(world, { data: dataAt(path) });
  };
  const withArchive = (content: string) => async (): Promise<TrainerJob> => {
    const path = join(world.folder, 'bad.zip');
    await writeFile(path, content);
    return aProfileJob(world, { data: dataAt(path, 'archive') });
  };
  const zooAt = (path: string) => ({ kind: 'folder', path: join(world.folder, path) }) as const;

  test.each<[string, () => TrainerJob | Promise<TrainerJob>, TrainerFailureReason, number]>([
    ['no data', () => aProfileJob(world, { data: dataAt(join(world.folder, 'nowhere')) }), 'DataNotFound', 10],
    ['a claim without images', withImages({ 'readme.txt': 'x' }), 'NoImages', 10],
    ['images without classes', withImages({ '1.png': 1, '2.png': 2 }), 'NoImages', 10],
    ['one class', withImages(imagesOf(['cats'], 4)), 'TooFewClasses', 10],
    ['an empty class', withImages({ ...imagesOf(['cats', 'dogs'], 3), 'birds/.keep': '' }), 'TooFewImages', 10],
    ['one image a class', withImages(imagesOf(['cats', 'dogs'], 1)), 'TooFewImages', 10],
    ['damaged images alone', withImages(damaged), 'TooManyDamaged', 10],
    ['a damaged archive', withArchive('PK\u0003\u0004 and no more'), 'ArchiveUnreadable', 10],
    ['something that is no archive', withArchive('hello'), 'ArchiveUnreadable', 10],
    ['no zoo', () => aProfileJob(world, { zoo: zooAt('no-zoo') }), 'WeightsUnusable', 11],
    [
      'a member that the zoo has not',
      () => aTrainingJob(world, { plan: { ...aTrainingJob(world).plan, member: 'gone' } }),
      'InvalidSpec',
      11,
    ],
    ['no time left', () => aTrainingJob(world, { budgetSeconds: 5, spentSeconds: 5 }), 'BudgetSpent', 11],
    [
      'a training that diverges',
      () => aTrainingJob(world, {}, { optimizer: 'sgd', learningRate: 1e20, schedule: 'constant', warmupShare: 0 }),
      'Diverged',
      11,
    ],
    [
      'an output that cannot be written',
      () => {
        const { output } = aProfileJob(world);
        return aProfileJob(world, { output: { ...output, place: zooAt('token') } });
      },
      'OutputNotWritable',
      1,
    ],
    ['what is no architecture', () => aCandidateJob(world, { encoding: '0-x' }), 'InvalidSpec', 11],
  ])(
    '%s',
    async (_what, job, reason, exitCode) => {
      const ended = await runPod(world, await job());
      const failure = asKind(ended.message, 'failure');
      expect({ reason: failure.reason, exitCode: ended.exitCode, said: failure.message }).toMatchObject({
        reason,
        exitCode,
      });
      expect(ended.termination).toMatchObject({ kind: 'failure', reason });
      expect(ended.reports.at(-1)?.message).toMatchObject({ kind: 'failure', reason });
      expect(failure.message).not.toMatch(/--[a-z]/);
      expect(existsSync(join(world.folder, 'claim', 'results', 'flowers-1a2b3c4d', 'checkpoint'))).toBe(false);
    },
    patience,
  );

  test.each([
    ['no job at all', undefined],
    ['half a job', '{"kind":"training"'],
    ['a job of an unknown kind', '{"kind":"dancing","task":{},"report":{}}'],
  ])('%s', async (_what, variable) => {
    const ended = await runPod(world, aProfileJob(world), { variable });
    expect(ended.exitCode).toBe(11);
    expect(ended.termination).toMatchObject({ kind: 'failure', reason: 'InvalidSpec' });
    expect(ended.reports).toEqual([]);
  });
});

describe('an error', () => {
  const system = (code: string): Error => Object.assign(new Error(`${code}: something`), { code });

  test.each<[string, Stage, Error, TrainerFailureReason]>([
    ['of a full disk', 'run', system('ENOSPC'), 'NoSpace'],
    ['of a full disk, in words', 'run', new RunError('There is no space left for the decoded images.', 'x'), 'NoSpace'],
    ['of a full disk, as a cause', 'output', new RunError('Failed.', 'x', { cause: system('EDQUOT') }), 'NoSpace'],
    [
      'of TensorFlow out of memory',
      'run',
      new RunError('TensorFlow could not run train: OOM when allocating', 'x'),
      'OutOfMemory',
    ],
    ['of Node out of memory', 'run', new RangeError('Array buffer allocation failed'), 'OutOfMemory'],
    ['of a worker out of memory', 'data', system('ERR_WORKER_OUT_OF_MEMORY'), 'OutOfMemory'],
    ['of S3 away', 'output', new RunError('S3 cannot be reached for s3://b: timeout.', 'x'), 'StorageUnreachable'],
    ['of S3 failing', 'data', new RunError('S3 failed for s3://b: 503 SlowDown.', 'x'), 'StorageUnreachable'],
    [
      'of wrong keys',
      'data',
      new InputError('The credentials are not accepted for the bucket "b".', 'x'),
      'AccessDenied',
    ],
    ['of no keys', 'output', new InputError('There are no credentials for S3.', 'x'), 'AccessDenied'],
    ['of a refusal', 'data', new InputError('Access to s3://b/p is denied.', 'x'), 'AccessDenied'],
    [
      'of a folder that may not be read',
      'data',
      new InputError('The folder x cannot be read.', 'x', { cause: system('EACCES') }),
      'AccessDenied',
    ],
    ['of nothing below a prefix', 'data', new InputError('There is nothing at s3://b/p.', 'x'), 'DataNotFound'],
    ['of a read-only claim', 'run', system('EROFS'), 'OutputNotWritable'],
    [
      'of weights',
      'run',
      new InputError('The file "w" of the member "m" does not fit the network.', 'x'),
      'WeightsUnusable',
    ],
    ['that nobody foresaw', 'run', new TypeError('x is undefined'), 'Internal'],
    ['of a training that diverged', 'run', new RunError('The training diverged at step 3.', 'x'), 'Diverged'],
  ])('%s is %s', async (_what, stage, error, reason) => {
    const failed: unknown = await during(stage, () => Promise.reject(error)).catch((caught: unknown) => caught);
    const message = failureMessage(failed, 12);
    expect(message).toMatchObject({ reason, activeSeconds: 12 });
    expect(Object.values(exitCodes)).toContain(exitCodeOf(message));
  });

  test('is told in the words of a spec, without secrets, in 500 characters', () => {
    const told = (text: string): string => failureMessage(new RunError(text, 'Allow more time with --budget.')).message;
    expect(told('It was late.')).toBe('It was late. Allow more time with spec.budget.');
    expect(told('No answer of https://user:pw@host/x.')).not.toContain('pw');
    expect(told('x'.repeat(900))).toHaveLength(500);
  });
});
