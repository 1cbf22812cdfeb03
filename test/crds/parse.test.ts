import { describe, expect, test } from '@jest/globals';
import { budgetSeconds, type FineTuneTaskSpec, parseFineTuneTask } from '../../src/crds/fine-tune-task.ts';
import { parseModelZoo } from '../../src/crds/model-zoo.ts';
import { InputError } from '../../src/lib/errors.ts';
import { aPlan, aProfile, aTask, aZoo, leastTaskSpec, leastZooSpec } from '../support/objects.ts';

type Raw = Readonly<Record<string, unknown>>;

const task = (spec: Raw) => ({ ...aTask(), spec: { ...leastTaskSpec, ...spec } });
const zoo = (spec: Raw) => ({ ...aZoo(), spec: { ...leastZooSpec, ...spec } });
const s3 = { url: 's3://bucket/a/b', secretName: 'keys' };

describe('a task is sound with', () => {
  test.each<[string, Raw]>([
    ['no more than data, budget and output', {}],
    ['data in S3', { data: { s3 } }],
    ['an S3 service of its own', { data: { s3: { ...s3, endpoint: 'http://minio:9000', region: 'eu-1' } } }],
    ['the root of a bucket', { data: { s3: { ...s3, url: 's3://bucket' } } }],
    ['an archive in a claim', { data: { claim: { claimName: 'a', path: 'b/c.zip' }, format: 'archive' } }],
    ['a path with dots that lead nowhere else', { data: { claim: { claimName: 'a', path: 'b..c/..d/.e' } } }],
    ['a budget of money alone', { budget: { pricePerHour: 2, maxCost: 1 } }],
    ['a price that only informs', { budget: { time: '5m', pricePerHour: 2 } }],
    ['a duration of several units', { budget: { time: '1h30m10s' } }],
    ['a duration of fractions', { budget: { time: '0.5h' } }],
    ['a MIG profile as GPU', { resources: { gpu: { name: 'nvidia.com/mig-1g.10gb' } } }],
    ['quantities as numbers and words', { resources: { cpu: 2, memory: '8Gi' } }],
    ['an affinity of any form', { pod: { affinity: { nodeAffinity: { anything: [1, null] } } } }],
    ['a toleration of everything', { pod: { tolerations: [{ operator: 'Exists' }] } }],
    ['labels with a domain', { pod: { labels: { 'example.com/team': 'vision', plain: '' } } }],
    ['some choices of the regime', { regime: { precision: 'bf16', ema: 0.99 } }],
    ['null where nothing need stand', { queueName: null, suspend: null }],
  ])('%s', (_what, spec) => {
    expect(parseFineTuneTask(task(spec)).kind).toBe('FineTuneTask');
  });
});

describe('a task is refused with', () => {
  test.each<[string, Raw, RegExp]>([
    ['no data', { data: undefined }, /^spec\.data: is missing/],
    ['data in no place', { data: {} }, /^spec\.data: Give exactly one of claim, s3/],
    ['data in two places', { data: { claim: { claimName: 'a' }, s3 } }, /^spec\.data: Give exactly one/],
    ['a path from the root', { data: { claim: { claimName: 'a', path: '/b' } } }, /^spec\.data\.claim\.path: A path/],
    ['a path that leaves the claim', { data: { claim: { claimName: 'a', path: 'b/../../c' } } }, /has no '\.\.'/],
    ['an archive without a name', { data: { claim: { claimName: 'a' }, format: 'archive' } }, /needs its path/],
    ['an unknown format', { data: { s3, format: 'csv' } }, /^spec\.data\.format: must be one of folder, archive/],
    ['a web address for S3', { data: { s3: { ...s3, url: 'https://b/c' } } }, /of the form s3:\/\//],
    ['S3 without keys', { data: { s3: { url: s3.url } } }, /^spec\.data\.s3\.secretName: is missing/],
    ['too large a split', { data: { s3, validationShare: 0.6 } }, /must be 0\.5 or less, but is 0\.6/],
    ['no limit', { budget: { pricePerHour: 1 } }, /^spec\.budget: Give a limit/],
    ['a cost without a price', { budget: { maxCost: 1 } }, /^spec\.budget: maxCost needs pricePerHour/],
    ['a duration without units', { budget: { time: '90' } }, /^spec\.budget\.time: must be a duration/],
    ['a number as duration', { budget: { time: 90 } }, /^spec\.budget\.time: must be a text/],
    ['no time', { budget: { time: '0m' } }, /longer than zero/],
    ['units out of order', { budget: { time: '5m1h' } }, /must be a duration/],
    ['an empty batch', { regime: { batchSize: 0 } }, /^spec\.regime\.batchSize: must be 1 or more/],
    ['an unknown optimizer', { regime: { optimizer: 'lion' } }, /must be one of sgd, adamw, but is "lion"/],
    ['no member allowed', { members: [] }, /^spec\.members: has fewer than 1 items/],
    ['a member twice', { members: ['a', 'a'] }, /^spec\.members: names "a" twice/],
    ['too many members', { members: Array.from({ length: 65 }, String) }, /more than 64/],
    ['a negative seed', { seed: -1 }, /^spec\.seed/],
    ['a broken seed', { seed: 1.5 }, /must be a whole number/],
    ['a GPU without a domain', { resources: { gpu: { name: 'gpu' } } }, /^spec\.resources\.gpu\.name/],
    ['half a GPU', { resources: { gpu: { count: 0.5 } } }, /must be a whole number/],
    ['no memory', { resources: { memory: '0Gi' } }, /must be more than zero/],
    ['memory in words', { resources: { memory: 'much' } }, /must be a quantity/],
    ['less than no processor', { resources: { cpu: -1 } }, /must be a quantity/],
    ["the operator's own labels", { pod: { labels: { 'nasoa.dev/task': 'x' } } }, /are set by the operator/],
    ["Kueue's label", { pod: { labels: { 'kueue.x-k8s.io/queue-name': 'x' } } }, /use queueName/],
    ['a label with a blank', { pod: { labels: { team: 'a b' } } }, /^spec\.pod\.labels\[team\]/],
    ['a key with a blank', { pod: { nodeSelector: { 'a b': 'c' } } }, /^spec\.pod\.nodeSelector: A key is/],
    ['a pull secret twice', { pod: { imagePullSecrets: [{ name: 'a' }, { name: 'a' }] } }, /twice/],
    ['a list for an object', { pod: [] }, /^spec\.pod: must be an object/],
    ['a word for a flag', { suspend: 'yes' }, /^spec\.suspend: must be true or false/],
    ['endless retries', { retries: 11 }, /^spec\.retries: must be 10 or less/],
    ['a long name of a claim', { output: { claim: { claimName: 'a'.repeat(254) } } }, /longer than 253/],
  ])('%s', (_what, spec, message) => {
    const attempt = () => parseFineTuneTask(task(spec));
    expect(attempt).toThrow(InputError);
    expect(attempt).toThrow(message);
  });

  test.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /not a FineTuneTask/],
    ['another kind', aZoo(), /not a FineTuneTask of nasoa\.dev\/v1alpha1/],
    ['another version', { ...aTask(), apiVersion: 'nasoa.dev/v2' }, /not a FineTuneTask/],
    ['no metadata', { ...aTask(), metadata: undefined }, /^metadata: must be an object/],
    ['a name that cannot label', aTask({ metadata: { name: 'a'.repeat(64) } }), /^metadata\.name: The name/],
    ['a phase of another version', { ...aTask(), status: { phase: 'Dreaming' } }, /^status\.phase/],
  ])('%s in place of a task', (_what, raw, message) => {
    expect(() => parseFineTuneTask(raw)).toThrow(message);
  });
});

test('a status comes back as it was written', () => {
  const status = { phase: 'Running', profile: aProfile(), plan: aPlan(), activeSeconds: 12.5 } as const;
  expect(parseFineTuneTask(aTask({ status })).status).toEqual(status);
});

test('unknown fields and the managers of fields are dropped', () => {
  const { metadata, spec, ...rest } = aTask();
  const raw = { ...rest, metadata: { ...metadata, managedFields: [{}] }, spec: { ...spec, later: 1 } };
  expect(parseFineTuneTask(raw)).toEqual(aTask());
});

describe('a zoo', () => {
  test.each<[string, Raw]>([
    ['searches', {}],
    ['holds imports alone', { proxyData: undefined, search: undefined, imports: [anImport('a')] }],
    ['searches in other objectives', { search: { evaluations: 1, objectives: ['accuracy', 'macsM'] } }],
  ])('%s', (_what, spec) => {
    expect(parseModelZoo(zoo(spec)).kind).toBe('ModelZoo');
  });

  test.each<[string, Raw, RegExp]>([
    ['would be empty', { search: undefined }, /^spec: Give a search, or imports/],
    ['has nothing to search on', { proxyData: undefined }, /^spec: search needs proxyData/],
    ['asks for too much', { search: { evaluations: 5001 } }, /^spec\.search\.evaluations: must be 5000 or less/],
    ['has no objective', { search: { evaluations: 1, objectives: [] } }, /^spec\.search\.objectives/],
    ['names an import twice', { imports: [anImport('a'), anImport('a')] }, /^spec\.imports: names \["a"\] twice/],
    ['imports a whole claim', { imports: [{ ...anImport('a'), weights: { claim: { claimName: 'w' } } }] }, /needs its/],
  ])('is refused that %s', (_what, spec, message) => {
    expect(() => parseModelZoo(zoo(spec))).toThrow(message);
  });
});

function anImport(name: string) {
  return { name, encoding: '01-_16_11-11', weights: { claim: { claimName: 'w', path: 'a.safetensors' } } };
}

test.each<[string, FineTuneTaskSpec['budget'], number]>([
  ['its time', { time: '10m' }, 600],
  ['what the cost pays for', { pricePerHour: 2, maxCost: 1 }, 1800],
  ['its time, where that ends first', { time: '10m', pricePerHour: 2, maxCost: 1 }, 600],
  ['what the cost pays for, where that ends first', { time: '2h', pricePerHour: 2, maxCost: 1 }, 1800],
  ['its time, where only the price is known', { time: '10m', pricePerHour: 1_000_000 }, 600],
])('a budget allows %s', (_what, budget, seconds) => {
  expect(budgetSeconds(budget)).toBe(seconds);
});
