import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Job } from '../../src/crds/workloads.ts';
import { Cache, type Change } from '../../src/kube/cache.ts';
import { byLabel, byNamespace, byOwner } from '../../src/kube/indexes.ts';
import type { PackedMapOptions } from '../../src/kube/packed-map.ts';
import { jobs, keyOf } from '../../src/kube/resources.ts';

interface JobFacts {
  readonly namespace?: string;
  readonly owner?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

function aJob(name: string, version: number, { namespace = 'team', owner, labels = {} }: JobFacts = {}): Job {
  const task = { apiVersion: 'nasoa.dev/v1alpha1', kind: 'FineTuneTask', name: 'task', controller: true };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...{ name, namespace, labels, uid: `uid of ${name}`, resourceVersion: String(version) },
      creationTimestamp: '2026-08-01T00:00:00Z',
      ownerReferences: owner === undefined ? [] : [{ ...task, uid: owner }],
    },
    spec: { template: { spec: { containers: [] } } },
  };
}

const byRole = byLabel('role');
let cache: Cache<Job>;
let told: string[];

const make = (packing: PackedMapOptions): void => {
  cache = new Cache<Job>({ resource: jobs, indexes: [byRole], packing });
  told = [];
  cache.subscribe(({ key, now, before }: Change<Job>) => {
    const [from = 'nothing', to = 'nothing'] = [before?.metadata.resourceVersion, now?.metadata.resourceVersion];
    told.push(`${key}: ${from} -> ${to}`);
  });
};

/** A list in pages of one object. */
function replace(objects: readonly Job[], version: string, namespace?: string): void {
  const listing = cache.listing(version, namespace);
  for (const object of objects) listing.add([object]);
  listing.end();
}

const shown = (): Record<string, string> =>
  Object.fromEntries(cache.list().map((job) => [keyOf(job), job.metadata.resourceVersion]));

describe.each<[string, PackedMapOptions]>([
  ['at hand', {}],
  ['packed', { atHand: 0, defer: (run) => run() }],
])('where objects are %s', (_name, packing) => {
  beforeEach(() => make(packing));

  describe('a cache', () => {
    test('tells each change once', () => {
      replace([aJob('a', 5), aJob('b', 6)], '10');
      cache.put(aJob('a', 11));
      cache.put(aJob('a', 11));
      cache.remove(aJob('b', 12));
      replace([aJob('a', 11), aJob('c', 13)], '14');
      expect(told).toEqual([
        'team/a: nothing -> 5',
        'team/b: nothing -> 6',
        'team/a: 5 -> 11',
        'team/b: 6 -> nothing',
        'team/c: nothing -> 13',
      ]);
    });

    test('tells no more after the end of a subscription', () => {
      let calls = 0;
      cache.subscribe(() => (calls += 1))();
      cache.put(aJob('a', 5));
      expect(calls).toBe(0);
    });

    test('finds objects by namespace, owner and label, also after they changed', () => {
      cache.put(aJob('a', 1, { owner: 'one', labels: { role: 'training' } }));
      cache.put(aJob('b', 2, { owner: 'two', namespace: 'others', labels: { role: 'training' } }));
      cache.put(aJob('a', 3, { owner: 'one', labels: { role: 'profile' } }));
      const names = (found: readonly Job[]): string[] => found.map(({ metadata }) => metadata.name);
      expect(names(cache.find(byNamespace, 'others'))).toEqual(['b']);
      expect(names(cache.find(byOwner, 'one'))).toEqual(['a']);
      expect(names(cache.find(byRole, 'training'))).toEqual(['b']);
      expect(names(cache.find(byRole, 'profile'))).toEqual(['a']);
      cache.remove(aJob('a', 4));
      expect(names(cache.find(byOwner, 'one'))).toEqual([]);
      expect(() => cache.find(byLabel('other'), 'x')).toThrow(/no index/);
    });

    test('drops managed fields, and what its trim drops', () => {
      const trim = (job: Job): Job => ({ ...job, spec: { template: job.spec.template } });
      const small = new Cache<Job>({ resource: jobs, trim });
      const job = aJob('a', 1);
      const managed = { ...job, metadata: { ...job.metadata, managedFields: [{ manager: 'nasoa' }] } };
      small.put({ ...managed, spec: { ...job.spec, backoffLimit: 3 } });
      expect(small.get('team', 'a')).toEqual(job);
    });
  });

  describe('an own write', () => {
    beforeEach(() => replace([aJob('a', 5)], '10'));

    test('is seen at once, and what the watch tells late does not undo it', () => {
      cache.putOwn(aJob('a', 20));
      cache.put(aJob('a', 15));
      expect(shown()).toEqual({ 'team/a': '20' });
      cache.put(aJob('a', 21));
      expect(shown()).toEqual({ 'team/a': '21' });
    });

    test('does not bring back an object whose end the watch has told', () => {
      cache.remove(aJob('a', 30));
      cache.putOwn(aJob('a', 20));
      expect(shown()).toEqual({});
    });

    test('is not undone by a list that was older', () => {
      cache.putOwn(aJob('b', 20));
      replace([aJob('a', 5)], '15');
      expect(shown()).toEqual({ 'team/a': '5', 'team/b': '20' });
      replace([aJob('a', 5)], '25');
      expect(shown()).toEqual({ 'team/a': '5' });
    });

    test('made anew survives the end of its predecessor', () => {
      cache.putOwn(aJob('a', 20));
      cache.remove(aJob('a', 19));
      expect(shown()).toEqual({ 'team/a': '20' });
    });

    test('waits for the first list', () => {
      const empty = new Cache<Job>({ resource: jobs });
      empty.putOwn(aJob('a', 20));
      expect(empty.size).toBe(0);
    });
  });

  describe('a list', () => {
    test('of one namespace leaves the others alone', () => {
      replace([aJob('a', 1)], '10', 'team');
      replace([aJob('b', 2, { namespace: 'others' })], '11', 'others');
      replace([], '12', 'team');
      expect(shown()).toEqual({ 'others/b': '2' });
    });

    test('from before what was seen is believed: the server itself went back', () => {
      replace([aJob('a', 5), aJob('b', 90)], '100');
      replace([aJob('a', 4)], '50');
      expect(shown()).toEqual({ 'team/a': '4' });
    });

    test('is compared by number, not by letters', () => {
      replace([aJob('a', 999)], '999');
      cache.put(aJob('a', 1000));
      cache.put(aJob('a', 998));
      expect(shown()).toEqual({ 'team/a': '1000' });
    });
  });
});
