import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { binaryPath } from '../../hack/cluster/binaries.ts';
import { isExecutable } from '../../hack/cluster/programs.ts';
import { type S3, startS3 } from '../../hack/cluster/s3.ts';
import { openArtifacts } from '../../src/store/open-artifacts.ts';
import { openS3Artifacts } from '../../src/store/s3-artifacts.ts';
import { parseS3Url } from '../../src/store/s3-place.ts';
import { artifactsContract } from './artifacts-contract.ts';
import { type Fault, type SimulatedS3, simulatedS3 } from './simulated-s3.ts';

const env = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'geheim' };

let folder: string;
let s3: SimulatedS3;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nasoa-s3-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  // three objects a page, so that every list has several
  s3 = await simulatedS3(3);
});
afterEach(() => s3.close());

const open = (prefix = '', bucket = s3.bucket) =>
  openS3Artifacts({ bucket, prefix, endpoint: s3.endpoint }, env, { sleep: async () => {} });

describe('artifacts in a simulated S3', () => {
  artifactsContract(() => open());

  test('are below the prefix of the URL, and a page is not the end', async () => {
    const store = await openArtifacts({ s3: { url: `s3://${s3.bucket}/zoo/`, endpoint: s3.endpoint } }, env);
    const keys = Array.from({ length: 10 }, (_, i) => `m/${i}`);
    for (const key of keys) await store.writeText(key, key);
    s3.objects.set('other', Buffer.from('x'));
    s3.objects.set('zoo/m/', Buffer.alloc(0));
    expect([...s3.objects.keys()]).toContain('zoo/m/0');
    expect((await store.list('')).map(({ key }) => key)).toEqual(keys);
    expect(await store.download('m', join(folder, 'pages'))).toHaveLength(10);
    expect(await readdir(join(folder, 'pages'))).toHaveLength(10);
  });

  test.each<readonly [string, Fault]>([
    ['a server that is overloaded', { method: 'GET', url: /weights/, answer: { status: 503, code: 'SlowDown' } }],
    ['an answer that breaks off', { method: 'GET', url: /weights/, answer: 'cut' }],
  ])('a download survives %s', async (name, fault) => {
    const store = await open('x');
    const weights = randomBytes(100_000);
    s3.objects.set('x/run/weights', weights);
    s3.faults.push(fault, fault);
    const target = join(folder, name);
    await store.download('run', target);
    expect(await readdir(target)).toEqual(['weights']);
    expect(s3.faults).toEqual([]);
  });

  test('a download that fails for good leaves no half file', async () => {
    const store = await open();
    s3.objects.set('run/weights', randomBytes(1000));
    s3.faults.push({ method: 'GET', url: /weights/, answer: { status: 403, code: 'AccessDenied' } });
    const target = join(folder, 'denied');
    await expect(store.download('run', target)).rejects.toThrow('denied');
    expect(await readdir(target)).toEqual([]);
  });

  test('a large upload that fails leaves no parts behind, one that stumbles is carried through', async () => {
    const store = await open();
    const from = await mkdtemp(join(folder, 'large-'));
    await writeFile(join(from, 'weights'), Buffer.alloc(40 * 2 ** 20, 7));
    const refused = (status: number, code: string): Fault => ({
      method: 'PUT',
      url: /partNumber=2/,
      answer: { status, code },
    });
    s3.faults.push(refused(403, 'AccessDenied'));
    await expect(store.upload(from, 'x')).rejects.toThrow('denied');
    expect([s3.openUploads.size, s3.objects.size]).toEqual([0, 0]);
    s3.faults.push(refused(500, 'InternalError'));
    await store.upload(from, 'x');
    expect(s3.objects.get('x/weights')?.equals(Buffer.alloc(40 * 2 ** 20, 7))).toBe(true);
    expect(s3.openUploads.size).toBe(0);
  });

  test('a key that would lead out of the folder is refused', async () => {
    const store = await open();
    s3.objects.set('run/../../escaped', Buffer.from('x'));
    await expect(store.download('run', join(folder, 'in', 'side'))).rejects.toThrow('no key of an artifact');
    expect(await readdir(folder)).not.toContain('escaped');
  });

  test.each<readonly [string, number, string, string]>([
    ['a refused key', 403, 'InvalidAccessKeyId', 'credentials are not accepted'],
    ['a wrong secret', 403, 'SignatureDoesNotMatch', 'credentials are not accepted'],
    ['a missing permission', 403, 'AccessDenied', 'Access to s3://models/zoo is denied'],
    ['another region', 400, 'AuthorizationHeaderMalformed', 'another region'],
    ['a bucket that is gone', 404, 'NoSuchBucket', 'no bucket "models"'],
  ])('%s is told with a remedy and without secrets', async (_, status, code, message) => {
    s3.faults.push({ method: 'PUT', answer: { status, code } });
    const error = await (await open('zoo')).writeText('a', 'b').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'InputError', message: expect.stringContaining(message) });
    expect(inspect(error, { depth: 10 })).not.toContain('geheim');
  });

  test('a bucket that never was is told on reading too, and is no missing object', async () => {
    const store = await open('', 'elsewhere');
    await expect(store.readText('a')).rejects.toThrow('no bucket "elsewhere"');
    await expect(store.list('a')).rejects.toThrow('no bucket "elsewhere"');
  });

  test('a server that is not there is an error of the run', async () => {
    const store = await openS3Artifacts({ bucket: 'models', prefix: '', endpoint: 'http://127.0.0.1:1' }, env);
    await expect(store.readText('a')).rejects.toMatchObject({
      name: 'RunError',
      message: expect.stringContaining('cannot be reached for s3://models (127.0.0.1:1)'),
    });
  });

  test('credentials that are missing are asked for at once', async () => {
    await expect(openArtifacts({ s3: { url: 's3://models' } }, {})).rejects.toMatchObject({
      remedy: expect.stringContaining('AWS_SECRET_ACCESS_KEY'),
    });
  });
});

const isBuilt = isExecutable(binaryPath('versitygw', process.env));
if (!isBuilt) console.warn('no S3 server: `make cluster-tools` builds one where there is Go');

(isBuilt ? describe : describe.skip)('artifacts in a real S3', () => {
  const bucket = 'models';
  let served: S3;
  let place: string;
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'nasoa-s3-'));
    served = await startS3({ folder: place, env: process.env, address: '127.0.0.1', buckets: [bucket] });
  });
  afterAll(async () => {
    await served.service.stop();
    await rm(place, { recursive: true, force: true });
  });
  const openServed = (name: string, prefix: string) =>
    openS3Artifacts({ bucket: name, prefix, endpoint: served.endpoint }, served.keys);

  artifactsContract(() => openServed(bucket, randomUUID()));

  test('a bucket that is not there is told', async () => {
    const store = await openServed('missing', '');
    await expect(store.list('')).rejects.toThrow('There is no bucket');
  });

  test('keys that are wrong are told, and not shown', async () => {
    const wrong = { ...served.keys, AWS_SECRET_ACCESS_KEY: 'geheim' };
    const store = await openS3Artifacts({ bucket, prefix: '', endpoint: served.endpoint }, wrong);
    const error = await store.writeText('a', 'b').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'InputError' });
    expect(inspect(error, { depth: 10 })).not.toContain('geheim');
  });
});

describe('parseS3Url', () => {
  test.each([
    ['s3://models', { bucket: 'models', prefix: '' }],
    ['s3://models/', { bucket: 'models', prefix: '' }],
    ['s3://my.models-1/a/b c/', { bucket: 'my.models-1', prefix: 'a/b c' }],
  ])('reads %s', (url, place) => expect(parseS3Url(url)).toEqual(place));

  const wrong = [
    'models/a',
    'http://models/a',
    's3://',
    's3:///a',
    's3://Models/a',
    's3://a',
    's3://a..b/c',
    's3://abc?x',
  ];
  test.each(wrong)('refuses %s', (url) => expect(() => parseS3Url(url)).toThrow('no URL of S3'));
  test.each(['s3://models/../a', 's3://models/a//b'])('refuses the key in %s', (url) => {
    expect(() => parseS3Url(url)).toThrow('no key of an artifact');
  });
});
