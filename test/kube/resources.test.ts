import { describe, expect, test } from '@jest/globals';
import { jsonLines } from '../../src/kube/json-lines.ts';
import { Recent } from '../../src/kube/recent.ts';
import { resourceLabel, verbOf } from '../../src/kube/request-label.ts';
import { isLater } from '../../src/kube/resource-version.ts';
import { fineTuneTasks, jobs, microTime, pathOf, pods, splitKey } from '../../src/kube/resources.ts';
import { TokenBucket } from '../../src/kube/token-bucket.ts';
import { ManualClock } from '../../src/lib/clock.ts';

test.each<[string, string, string]>([
  ['of the core group', pathOf(pods, { namespace: 'team', name: 'p' }), '/api/v1/namespaces/team/pods/p'],
  ['of a named group', pathOf(jobs, { namespace: 'team' }), '/apis/batch/v1/namespaces/team/jobs'],
  ['of all namespaces', pathOf(jobs), '/apis/batch/v1/jobs'],
  [
    'of a status, with a query',
    pathOf(fineTuneTasks, { namespace: 'team', name: 't', subresource: 'status' }, { force: true, limit: undefined }),
    '/apis/nasoa.dev/v1alpha1/namespaces/team/finetunetasks/t/status?force=true',
  ],
  ['of a name with odd letters', pathOf(pods, { namespace: 'n', name: 'a/b' }), '/api/v1/namespaces/n/pods/a%2Fb'],
])('the path %s', (_name, path, wanted) => {
  expect(path).toBe(wanted);
});

test.each([
  ['/apis/batch/v1/namespaces/team/jobs/a?x=1', 'jobs'],
  ['/apis/batch/v1/jobs', 'jobs'],
  ['/apis/nasoa.dev/v1alpha1/namespaces/team/finetunetasks/t/status', 'finetunetasks/status'],
  ['/api/v1/namespaces/team', 'namespaces'],
  ['/api/v1/namespaces/team/pods/p/log', 'pods/log'],
  ['/readyz', 'other'],
])('%s is labelled %s', (path, label) => {
  expect(resourceLabel(path)).toBe(label);
});

test.each<[Parameters<typeof verbOf>, string]>([
  [['GET', '/api/v1/pods?watch=1', undefined], 'watch'],
  [['GET', '/api/v1/pods?limit=500', undefined], 'list'],
  [['GET', '/api/v1/pods', undefined], 'get'],
  [['PATCH', '/api/v1/pods', 'application/apply-patch+yaml'], 'apply'],
  [['PATCH', '/api/v1/pods', 'application/merge-patch+json'], 'patch'],
])('%j is a %s', (request, verb) => {
  expect(verbOf(...request)).toBe(verb);
});

test('a key comes apart again', () => {
  expect(splitKey('team/job')).toEqual({ namespace: 'team', name: 'job' });
  expect(splitKey('node')).toEqual({ namespace: '', name: 'node' });
});

test('a time for Kubernetes has six digits', () => {
  expect(microTime(new Date(1_234))).toBe('1970-01-01T00:00:01.234000Z');
});

test.each<[string, string, boolean | undefined]>([
  ['10', '9', true],
  ['9', '10', false],
  ['9', '9', false],
  ['9', '', undefined],
  ['a1', '1', undefined],
])('version %j is later than %j: %j', (a, b, later) => {
  expect(isLater(a, b)).toBe(later);
});

describe('lines of JSON', () => {
  const values = [{ a: 'ä' }, { b: [1, 2] }, { c: '\n' }];
  const bytes = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(''));

  test.each([1, 2, 3, 7, 1000])('come whole, however cut: into pieces of %d', async (size) => {
    const pieces = async function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    };
    const seen: unknown[] = [];
    for await (const value of jsonLines(pieces())) seen.push(value);
    expect(seen).toEqual(values);
  });

  test('leave out what was cut off', async () => {
    const pieces = async function* () {
      yield Buffer.from('{"a":1}\n\n{"b"');
    };
    const seen: unknown[] = [];
    for await (const value of jsonLines(pieces())) seen.push(value);
    expect(seen).toEqual([{ a: 1 }]);
  });
});

test('a token bucket lets a burst through, and then makes each wait behind the one before', () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ perSecond: 2, burst: 2 }, clock);
  expect([bucket.reserve(), bucket.reserve(), bucket.reserve(), bucket.reserve()]).toEqual([0, 0, 0.5, 1]);
  expect(bucket.tryTake()).toBe(false);
  clock.advance(60);
  expect([bucket.tryTake(), bucket.tryTake(), bucket.tryTake()]).toEqual([true, true, false]);
});

test('what was used last is remembered, and the rest forgotten', () => {
  const recent = new Recent<string, number>(2);
  recent.set('a', 1);
  recent.set('b', 2);
  recent.get('a');
  recent.set('c', 3);
  expect([recent.get('a'), recent.get('b'), recent.get('c'), recent.size]).toEqual([1, undefined, 3, 2]);
});
