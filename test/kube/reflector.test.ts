import { describe, expect, test } from '@jest/globals';
import { pods } from '../../src/kube/resources.ts';
import type { FakeApi } from '../support/fake-api.ts';
import { isList, isWatch } from '../support/fake-request.ts';
import { FollowedJobs, keysOf } from '../support/followed-jobs.ts';
import { eventually, settle } from '../support/manual-timers.ts';

/** Moves the resource version on, of which only a bookmark tells a watch of jobs. */
const somethingElseHappens = ({ store }: FakeApi): void => {
  store.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'team' } });
};

const continues = ({ query }: { readonly query: URLSearchParams }): boolean => query.has('continue');

describe('the list', () => {
  test('comes in pages, and the watch goes on from its version', async () => {
    await using followed = await FollowedJobs.with(['a', 'b', 'c', 'd', 'e'], { pageSize: 2 });
    const { fake } = followed.client;
    const listedAt = String(fake.store.version);
    followed.start();
    await followed.reflector.synced;
    expect(followed.names).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(followed.cache.get('team', 'a')).toMatchObject({ apiVersion: 'batch/v1', kind: 'Job' });
    await followed.until(() => fake.watches.count === 1);
    expect(followed.lists).toBe(3);
    expect(followed.watchedFrom).toEqual([listedAt]);
    const [watch] = fake.requests.filter(isWatch);
    expect(watch?.query.get('allowWatchBookmarks')).toBe('true');
    expect(watch?.query.get('labelSelector')).toBe('role=training');
    expect(Number(watch?.query.get('timeoutSeconds'))).toBeGreaterThanOrEqual(300);
    expect(Number(watch?.query.get('timeoutSeconds'))).toBeLessThanOrEqual(600);
  });

  test('is never held whole: a page is cut to what the cache keeps before the next one is asked for', async () => {
    await using followed = await FollowedJobs.with(['a', 'b', 'c', 'd', 'e'], { pageSize: 2 });
    const cutBefore: string[][] = [];
    followed.client.fake.inject({
      when: (request) => {
        if (isList(request)) cutBefore.push([...followed.trimmed]);
        return false;
      },
      answer: { status: 500 },
    });
    followed.start();
    await followed.reflector.synced;
    expect(cutBefore).toEqual([[], ['a', 'b'], ['a', 'b', 'c', 'd']]);
  });

  test('gives others their turn while a long page is taken in', async () => {
    const names = Array.from({ length: 100 }, (_, i) => `job-${i}`);
    await using followed = await FollowedJobs.with(names, { pageSize: names.length });
    const seenByTurn: number[] = [];
    const look = (): void => {
      seenByTurn.push(followed.trimmed.length);
      if (followed.trimmed.length < names.length) setImmediate(look);
    };
    look();
    followed.start();
    await followed.reflector.synced;
    const steps = seenByTurn.map((seen, i) => seen - (seenByTurn[i - 1] ?? 0));
    expect(followed.lists).toBe(1);
    expect(Math.max(...steps)).toBeLessThanOrEqual(20);
  });

  test('is taken in one piece when the pages took too long', async () => {
    await using followed = await FollowedJobs.with(['a', 'b', 'c'], { pageSize: 2 });
    followed.client.fake.inject({ when: continues, answer: { status: 410, reason: 'Expired' } });
    followed.start();
    await followed.untilNames('a', 'b', 'c');
    const limits = followed.client.fake.requests.filter(isList).map(({ query }) => query.get('limit'));
    expect(limits).toEqual(['2', '2', '0']);
  });

  test('is repeated until it succeeds', async () => {
    await using followed = await FollowedJobs.with(['a']);
    followed.client.fake.inject({ when: isList, times: 3, answer: { status: 403, reason: 'Forbidden' } });
    followed.start();
    await followed.untilNames('a');
    expect(followed.ends).toEqual(['refused', 'refused', 'refused']);
    expect(followed.waits).toHaveLength(3);
  });

  test('is of one namespace where it shall be', async () => {
    await using followed = await FollowedJobs.with(['a'], { namespace: 'team' });
    followed.create('b', 'others');
    followed.start();
    await followed.untilNames('a');
    followed.create('c', 'others');
    followed.create('d');
    await followed.untilNames('a', 'd');
    expect(keysOf(followed.cache)).toEqual(['team/a', 'team/d']);
  });
});

test('a watch tells what comes, changes and goes', async () => {
  await using followed = await FollowedJobs.watching('a', 'b');
  const { store } = followed.client.fake;
  followed.create('c');
  followed.delete('a');
  store.update({ apiVersion: 'batch/v1', plural: 'jobs' }, 'team', 'b', (job) => ({ ...job, status: { active: 1 } }));
  await followed.until(() => followed.cache.get('team', 'b')?.status?.active === 1);
  expect(followed.names).toEqual(['b', 'c']);
  expect(followed.lists).toBe(1);
});

describe('a watch that', () => {
  test.each<[string, string, (fake: FakeApi) => void, boolean]>([
    ['ends as agreed', 'ended', ({ watches }) => watches.end(), false],
    ['is cut', 'cut', ({ watches }) => watches.cut(), true],
    ['is cut within an event', 'cut', ({ watches }) => watches.cut('{"type":"ADDED","obj'), true],
    ['fails in the stream', 'refused', ({ watches }) => watches.fail(500, 'InternalError'), true],
  ])('%s goes on from where it was, without a list', async (_name, end, happens, waits) => {
    await using followed = await FollowedJobs.watching('a');
    const { fake } = followed.client;
    followed.create('b');
    await followed.untilNames('a', 'b');
    const seen = String(fake.store.version);
    happens(fake);
    await eventually(() => fake.watches.count === 0);
    followed.create('c');
    followed.delete('a');
    await followed.untilNames('b', 'c');
    expect(followed.ends).toEqual([end]);
    expect(followed.watchedFrom.at(-1)).toBe(seen);
    expect(followed.lists).toBe(1);
    expect(followed.waits).toHaveLength(waits ? 1 : 0);
  });

  test('heard a bookmark goes on from there', async () => {
    await using followed = await FollowedJobs.watching('a');
    const { fake } = followed.client;
    somethingElseHappens(fake);
    fake.watches.bookmark();
    await followed.untilTold();
    fake.watches.end();
    await followed.until(() => followed.watchedFrom.length === 2);
    expect(followed.watchedFrom.at(-1)).toBe(String(fake.store.version));
  });

  test.each<[string, (fake: FakeApi) => void]>([
    ['told so by an event', (fake) => fake.compact('event')],
    ['told so by a status', (fake) => fake.compact('status')],
  ])('comes back too late, %s, lists again and misses nothing', async (_name, compact) => {
    await using followed = await FollowedJobs.watching('a', 'b');
    const { fake } = followed.client;
    fake.watches.cut();
    await eventually(() => fake.watches.count === 0);
    followed.delete('a');
    followed.create('c');
    compact(fake);
    await followed.untilNames('b', 'c');
    expect(followed.lists).toBe(2);
    expect(followed.ends).toEqual(['cut', 'expired']);
  });

  test('expires in the middle lists again at once', async () => {
    await using followed = await FollowedJobs.watching('a');
    const { fake } = followed.client;
    fake.watches.fail(410, 'Expired');
    await followed.until(() => followed.lists === 2 && fake.watches.count === 1);
    expect(followed.ends).toEqual(['expired']);
    followed.create('b');
    await followed.untilNames('a', 'b');
  });

  test('expires again and again does not make it hammer the server with lists', async () => {
    await using followed = await FollowedJobs.with(['a']);
    followed.client.fake.inject({ when: isWatch, times: 5, answer: { status: 410, reason: 'Expired' } });
    followed.start();
    await followed.until(() => followed.client.fake.watches.count === 1);
    expect(followed.lists).toBe(6);
    expect(followed.waits).toHaveLength(4);
  });

  test('says nothing for 150 s is opened anew, but a bookmark keeps it', async () => {
    await using followed = await FollowedJobs.watching('a');
    const { fake, timers } = followed.client;
    timers.advance(100);
    somethingElseHappens(fake);
    fake.watches.bookmark();
    await followed.untilTold();
    timers.advance(100);
    await settle(20);
    expect(followed.ends).toEqual([]);
    timers.advance(51);
    await followed.until(() => followed.watchedFrom.length === 2);
    expect(followed.ends).toEqual(['silent']);
    followed.create('b');
    await followed.untilNames('a', 'b');
    expect(followed.lists).toBe(1);
  });

  test('is refused is not asked for before the server wants it', async () => {
    await using followed = await FollowedJobs.with(['a']);
    const { fake, timers } = followed.client;
    fake.inject({ when: isWatch, answer: { status: 429, reason: 'TooManyRequests', retryAfter: 9 } });
    followed.start();
    await eventually(() => followed.ends.length === 1 && timers.pending.length === 1);
    expect(timers.pending[0]).toBeCloseTo(9);
    await followed.until(() => fake.watches.count === 1);
    expect(followed.lists).toBe(1);
  });

  test('finds the server gone waits longer each time, and loses nothing', async () => {
    await using followed = await FollowedJobs.watching('a');
    const { fake } = followed.client;
    fake.inject({ times: 5, answer: 'cut' });
    fake.watches.cut();
    followed.create('b');
    await followed.untilNames('a', 'b');
    expect(followed.lists).toBe(1);
    expect(followed.waits).toHaveLength(6);
    for (const [failures, seconds] of followed.waits.entries()) {
      const full = Math.min(30, 0.8 * 2 ** failures);
      expect(seconds).toBeGreaterThan(full / 2 - 1e-6);
      expect(seconds).toBeLessThanOrEqual(full + 1e-6);
    }
  });

  test('finds the server back, though not ready, soon asks again', async () => {
    await using followed = await FollowedJobs.watching('a');
    const { fake } = followed.client;
    fake.inject({ times: 5, answer: 'cut' });
    fake.inject({ answer: { status: 429, reason: 'TooManyRequests' } });
    fake.watches.cut();
    followed.create('b');
    await followed.untilNames('a', 'b');
    expect(followed.waits).toHaveLength(7);
    expect(followed.waits.at(-1)).toBeLessThanOrEqual(0.8);
  });

  test('is refused again and again lists again: the store may have gone back', async () => {
    await using followed = await FollowedJobs.watching('a');
    const { fake } = followed.client;
    fake.inject({ when: isWatch, times: 3, answer: { status: 504, reason: 'Timeout' } });
    fake.watches.end();
    await followed.until(() => fake.watches.count === 1);
    expect(followed.lists).toBe(2);
  });
});

test('it ends when told to, in whatever it is doing', async () => {
  await using watching = await FollowedJobs.watching('a');
  await watching.stop();
  await eventually(() => watching.client.fake.watches.count === 0);
  expect(watching.client.timers.pending).toEqual([]);

  await using listing = await FollowedJobs.with(['a']);
  listing.client.fake.inject({ answer: 'hang' });
  listing.start();
  await eventually(() => listing.client.fake.requests.length === 1);
  await listing.stop();

  await using waiting = await FollowedJobs.with(['a']);
  waiting.client.fake.inject({ answer: { status: 403, reason: 'Forbidden' } });
  waiting.start();
  await eventually(() => waiting.ends.length === 1);
  await waiting.stop();
  expect(waiting.names).toEqual([]);
});
