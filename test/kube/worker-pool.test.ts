import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { TooManyRequests } from '../../src/kube/errors.ts';
import { WorkQueue } from '../../src/kube/work-queue.ts';
import { type Next, runWorkers } from '../../src/kube/worker-pool.ts';
import { createRng } from '../../src/lib/rng.ts';
import { ManualTimers, settle } from '../support/manual-timers.ts';

function aPool(handle: (key: string) => Promise<Next>, workers = 3) {
  const timers = new ManualTimers();
  const queue = new WorkQueue({ name: 'tasks', timers, rng: createRng(1) });
  const stop = new AbortController();
  return { timers, queue, stop, ended: runWorkers({ queue, workers, handle, signal: stop.signal }) };
}

const done: Next = { kind: 'done' };

describe('a pool of workers', () => {
  test.each<[string, () => Promise<Next>, { readonly failures: number; readonly waits: readonly number[] }]>([
    ['forgets a key that is done', async () => done, { failures: 0, waits: [] }],
    ['looks again when told to', async () => ({ kind: 'again', afterSeconds: 40 }), { failures: 0, waits: [40] }],
    ['waits as long as a retry asks', async () => ({ kind: 'retry', atLeastSeconds: 9 }), { failures: 1, waits: [9] }],
    [
      'waits as long as the server asks, after an error',
      async () => {
        throw new TooManyRequests('busy', '', { status: 429, retryAfterSeconds: 12 });
      },
      { failures: 1, waits: [12] },
    ],
  ])('%s', async (_name, handle, { failures, waits }) => {
    const { queue, timers, stop, ended } = aPool(handle);
    queue.add('a');
    await settle();
    expect(queue.failures('a')).toBe(failures);
    expect(timers.pending).toEqual(waits);
    stop.abort();
    await ended;
  });

  test('tries a key again after a failure, and others meanwhile', async () => {
    const seen: string[] = [];
    const { queue, timers, stop, ended } = aPool(async (key) => {
      seen.push(key);
      if (key === 'bad' && seen.filter((one) => one === 'bad').length < 3) throw new Error('not yet');
      return done;
    });
    queue.add('bad');
    queue.add('good');
    for (let turn = 0; turn < 5; turn++) {
      await settle();
      timers.advance(1);
    }
    expect(seen.toSorted()).toEqual(['bad', 'bad', 'bad', 'good']);
    expect(queue.failures('bad')).toBe(0);
    stop.abort();
    await ended;
  });

  test('gives others their turn between passes that wait for nothing', async () => {
    let passes = 0;
    const { queue, stop, ended } = aPool(async () => {
      passes++;
      return done;
    });
    for (let i = 0; i < 1000; i++) queue.add(`${i}`);
    const seen: number[] = [];
    for (let turn = 0; turn < 5; turn++) {
      await setImmediate();
      seen.push(passes);
    }
    expect(new Set(seen).size).toBeGreaterThan(2);
    expect(Math.max(...seen)).toBeLessThan(50);
    stop.abort();
    await ended;
  });

  test('works on as many keys at once as it has workers', async () => {
    const running = new Set<string>();
    const release = Promise.withResolvers<void>();
    const { queue, stop, ended } = aPool(async (key) => {
      running.add(key);
      await release.promise;
      return done;
    }, 2);
    for (const key of ['a', 'b', 'c']) queue.add(key);
    await settle();
    expect([...running]).toEqual(['a', 'b']);
    release.resolve();
    await settle();
    expect([...running]).toEqual(['a', 'b', 'c']);
    stop.abort();
    await ended;
  });

  test('finishes what it holds before it stops, and takes nothing more', async () => {
    const release = Promise.withResolvers<void>();
    const finished: string[] = [];
    const { queue, stop, ended } = aPool(async (key) => {
      await release.promise;
      finished.push(key);
      return done;
    }, 1);
    queue.add('a');
    queue.add('b');
    await settle();
    stop.abort();
    release.resolve();
    await ended;
    expect(finished).toEqual(['a']);
  });
});
