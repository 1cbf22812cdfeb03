import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { draftTask, durationText, type SubmitOptions } from '../../../src/cli/cluster/draft.ts';
import { parseGpu } from '../../../src/cli/cluster/gpu.ts';
import { isArchiveName, nameFor, parsePlace } from '../../../src/cli/cluster/places.ts';
import { fineTuneTaskSpec } from '../../../src/crds/fine-tune-task.ts';
import { parse } from '../../../src/crds/parse.ts';
import { parseDuration } from '../../../src/lib/duration.ts';
import { InputError } from '../../../src/lib/errors.ts';

const messageOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof InputError) return `${error.message} ${error.remedy}`;
    throw error;
  }
  return 'nothing was refused';
};

const draft = (options: Partial<SubmitOptions> = {}, data = 'claim:flowers') =>
  draftTask(data, { output: 'claim:models', ...options });

describe('a place', () => {
  test.each([
    ['claim:flowers', { kind: 'claim', claimName: 'flowers', path: undefined }],
    ['claim:flowers/', { kind: 'claim', claimName: 'flowers', path: undefined }],
    ['claim:flowers/a/b.zip', { kind: 'claim', claimName: 'flowers', path: 'a/b.zip' }],
    ['claim:flowers//a b/', { kind: 'claim', claimName: 'flowers', path: 'a b' }],
    ['s3://bucket/a/b', { kind: 's3', url: 's3://bucket/a/b' }],
  ])('is read: %s', (text, place) => {
    expect(parsePlace(text, 'The place')).toEqual(place);
  });

  test.each([
    ['./images', /neither a claim nor in S3.*copy them into a claim/],
    ['/data', /neither a claim nor in S3.*nasoa tune/],
    ['flowers', /neither a claim nor in S3.*claim:NAME\/PATH/],
    ['claim:', /names no claim/],
    ['claim:/images', /names no claim/],
    ['http://bucket', /neither/],
  ])('is refused: %s', (text, message) => {
    expect(messageOf(() => parsePlace(text, 'The place'))).toMatch(message);
  });

  test.each([
    ['claim:flowers', 'flowers', false],
    ['claim:flowers/images', 'flowers', false],
    ['claim:data', 'data', false],
    ['claim:data/Pets 2026.tar.gz', 'pets-2026', true],
    ['s3://sets/Oxford_Pets/', 'oxford-pets', false],
    ['s3://bucket', 'bucket', false],
    ['s3://bucket/päts.ZIP', 'p-ts', true],
    ['claim:data/___', 'task', false],
  ])('gives a task its name: %s', (text, name, archive) => {
    const place = parsePlace(text, 'The place');
    expect([nameFor(place), isArchiveName(place)]).toEqual([name, archive]);
  });

  test('gives every task a name that the API server takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (path) => {
        const name = nameFor({ kind: 'claim', claimName: 'c', path });
        expect(name).toMatch(/^[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?$/);
      }),
    );
  });
});

test.each([
  [{}, { budget: { time: '5m' } }],
  [{ budget: 5400 }, { budget: { time: '1h30m' } }],
  [{ maxCost: 2, pricePerHour: 3 }, { budget: { maxCost: 2, pricePerHour: 3 } }],
  [{ budget: 60, maxCost: 2, pricePerHour: 3 }, { budget: { time: '1m', maxCost: 2, pricePerHour: 3 } }],
  [{ zoo: 'small' }, { zooRef: { name: 'small' } }],
  [{ member: ['a', 'b'] }, { members: ['a', 'b'] }],
  [{ gpu: { name: 'amd.com/gpu', count: 2 } }, { resources: { gpu: { name: 'amd.com/gpu', count: 2 } } }],
  [
    { queue: 'team', seed: 0, valShare: 0.1 },
    { queueName: 'team', seed: 0, data: { validationShare: 0.1 } },
  ],
  [{ replan: true }, { replan: true }],
  [{ learningRate: 0.01, ema: 0 }, { regime: { learningRate: 0.01, ema: 0 } }],
  [{ archive: true, data: 'claim:c/pack' }, { data: { claim: { path: 'pack' }, format: 'archive' } }],
])('flags become fields: %j', ({ data, ...options }: Record<string, unknown>, spec) => {
  expect(draft(options, typeof data === 'string' ? data : undefined).spec).toMatchObject(spec);
});

test('keys and address of the data hold for the output, unless it has its own', () => {
  const s3 = { output: 's3://models/x', dataSecret: 'keys', endpoint: 'https://s3.example.com', region: 'eu' };
  expect(draft(s3, 's3://sets/x').spec).toMatchObject({
    output: { s3: { url: 's3://models/x', secretName: 'keys', endpoint: 'https://s3.example.com', region: 'eu' } },
  });
  const own = { outputSecret: 'others', outputEndpoint: 'https://other.example.com' };
  expect(draft({ ...s3, ...own }, 's3://sets/x').spec).toMatchObject({
    output: { s3: { secretName: 'others', endpoint: 'https://other.example.com', region: 'eu' } },
  });
});

describe('what is wrong is said of the flag', () => {
  test.each<[Partial<SubmitOptions> & { readonly data?: string }, RegExp]>([
    [{ data: 's3://sets/x' }, /^The option --data-secret is missing/],
    [{ output: 's3://models/x' }, /^The option --output-secret is missing/],
    [{ data: 's3://s/x', dataSecret: 'k' }, /^The place of the data set must be of the form s3:\/\/bucket/],
    [{ output: 's3://m', outputSecret: 'k' }, /^The value of --output must be of the form/],
    [{ data: 's3://sets/x', dataSecret: 'k', endpoint: 'minio' }, /^The value of --endpoint must be an http/],
    [{ data: 'claim:Flowers' }, /^The place of the data set must be the name of an object/],
    [{ data: 'claim:c/../x' }, /^The place of the data set: A path is relative/],
    [{ cpu: 'lots' }, /^The value of --cpu must be a quantity/],
    [{ memory: '0' }, /^The value of --memory must be more than zero/],
    [{ gpu: { name: 'gpu' } }, /^The value of --gpu must be a resource name/],
    [{ member: ['a', 'a'] }, /^The value of --member names "a" twice/],
    [{ budget: 1e8 }, /^The value of --budget must be a duration/],
    [{ maxCost: 3 }, /^The option --max-cost was given without --price-per-hour/],
    [{ archive: true }, /^The option --archive needs the path/],
    [{ dataSecret: 'k' }, /^The option --data-secret was given, but the data set lies in a claim/],
    [{ region: 'eu' }, /^The option --region was given, but nothing lies in S3/],
    [{ outputSecret: 'k' }, /^The option --output-secret was given, but the output is a claim/],
  ])('%j', ({ data, ...options }, message) => {
    expect(messageOf(() => draft(options, data))).toMatch(message);
  });
});

test('a duration in the words of the API keeps its seconds', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8e10 }), (milliseconds) => {
      const time = durationText(milliseconds / 1000);
      expect(parseDuration(time)).toBeCloseTo(milliseconds / 1000, 3);
      parse(fineTuneTaskSpec, { ...draft().spec, budget: { time } }, 'spec');
    }),
  );
});

describe('--gpu', () => {
  test.each([
    ['2', { name: 'nvidia.com/gpu', count: 2 }],
    ['amd.com/gpu', { name: 'amd.com/gpu' }],
    ['nvidia.com/mig-1g.10gb:4', { name: 'nvidia.com/mig-1g.10gb', count: 4 }],
  ])('takes %s', (text, gpu) => {
    expect(parseGpu(text)).toEqual(gpu);
  });

  test.each([
    ['claim:flowers', /"claim:flowers" of --gpu is not a resource/],
    ['claim:flowers/images', /not a resource/],
    ['gpu', /not a resource/],
    ['0', /1 to 16/],
    ['amd.com/gpu:99', /1 to 16/],
  ])('refuses %s', (text, message) => {
    expect(messageOf(() => parseGpu(text))).toMatch(message);
  });
});
