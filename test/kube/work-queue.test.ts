import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type KubeMetrics, noMetrics } from '../../src/kube/metrics.ts';
import { WorkQueue } from '../../src/kube/work-queue.ts';
import { createRng } from '../../src/lib/rng.ts';
import { ManualTimers, settle } from '../support/manual-timers.ts';

function aQueue(metrics: Partial<KubeMetrics> = {}) {
  const timers = new ManualTimers(1000);
  const backOff = { firstSeconds: 1, maxSeconds: 60 };
  const options = { name: 'tasks', timers, rng: createRng(1), backOff, metrics: { ...noMetrics, ...metrics } };
  return { timers, queue: new WorkQueue(options) };
}

/** All that is due now, each given back at once. */
async function drain(queue: WorkQueue): Promise<string[]> {
  const keys: string[] = [];
  while (queue.depth > 0) {
    const key = (await queue.take()) ?? '';
    keys.push(key);
    queue.done(key);
  }
  return keys;
}

describe('a work queue', () => {
  test('gives keys in the order in which they came, each once', async () => {
    const { queue } = aQueue();
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect(await drain(queue)).toEqual(['a', 'b', 'c']);
  });

  test('gives a key again that was added while it was worked on, but not before it is done', async () => {
    const { queue } = aQueue();
    queue.add('a');
    await queue.take();
    queue.add('a');
    queue.add('a');
    expect(queue.depth).toBe(0);
    queue.done('a');
    expect(await drain(queue)).toEqual(['a']);
  });

  test('gives news before reviews, and a key to review that there is news of as news', async () => {
    const { queue } = aQueue();
    for (const key of ['a', 'b', 'c']) queue.review(key);
    for (const key of ['n', 'b']) queue.add(key);
    queue.review('n');
    expect(queue.depth).toBe(4);
    expect(await drain(queue)).toEqual(['n', 'b', 'a', 'c']);
  });

  test('gives a key to review now and then though news has no end', async () => {
    const { queue } = aQueue();
    for (const key of ['a', 'b']) queue.review(key);
    for (let i = 1; i <= 8; i++) queue.add(`${i}`);
    expect(await drain(queue)).toEqual(['1', '2', '3', 'a', '4', '5', '6', 'b', '7', '8']);
  });

  test('gives a key once that changed lanes and is to be reviewed again', async () => {
    const { queue } = aQueue();
    queue.review('a');
    queue.add('a');
    expect(await queue.take()).toBe('a');
    queue.review('a');
    queue.done('a');
    queue.review('b');
    expect(await drain(queue)).toEqual(['a', 'b']);
  });

  test('hands a key to the worker that has waited longest', async () => {
    const { queue } = aQueue();
    const taken: string[] = [];
    void queue.take().then((key) => taken.push(`first ${key}`));
    void queue.take().then((key) => taken.push(`second ${key}`));
    queue.add('a');
    queue.add('b');
    await settle();
    expect(taken).toEqual(['first a', 'second b']);
  });

  test.each<[string, readonly number[], number]>([
    ['the sooner one after the later one', [60, 10], 10],
    ['the sooner one before the later one', [10, 60], 10],
    ['what is due at once', [10, 0], 0],
  ])('of two delays keeps %s', async (_name, delays, due) => {
    const { queue, timers } = aQueue();
    for (const seconds of delays) queue.addAfter('a', seconds);
    timers.advance(due - 0.001);
    expect(queue.depth).toBe(due === 0 ? 1 : 0);
    timers.advance(0.001);
    expect(await drain(queue)).toEqual(['a']);
  });

  test('waits longer after each failure in a row, up to the maximum, and starts afresh once it went well', () => {
    const { queue, timers } = aQueue();
    const waits = Array.from({ length: 9 }, () => {
      queue.addRateLimited('a');
      const [seconds = 0] = timers.pending;
      timers.advance(seconds);
      return seconds;
    });
    for (const [failures, seconds] of waits.entries()) {
      const full = Math.min(60, 2 ** failures);
      expect(seconds).toBeGreaterThan(full / 2 - 1e-9);
      expect(seconds).toBeLessThanOrEqual(full + 1e-9);
    }
    queue.forget('a');
    queue.addRateLimited('a');
    expect(timers.pending[0]).toBeLessThanOrEqual(1);
  });

  test('waits at least as long as the server asked for', () => {
    const { queue, timers } = aQueue();
    queue.addRateLimited('a', 30);
    expect(timers.pending).toEqual([30]);
  });

  test('lets all workers go when it closes, and takes nothing more', async () => {
    const { queue, timers } = aQueue();
    const waiting = [queue.take(), queue.take()];
    queue.addAfter('later', 5);
    queue.close();
    queue.add('a');
    timers.advance(10);
    expect(await Promise.all([...waiting, queue.take()])).toEqual([undefined, undefined, undefined]);
    expect(timers.pending).toEqual([]);
  });

  test('measures depth, waiting and work', async () => {
    const told: string[] = [];
    const { queue, timers } = aQueue({
      queueDepth: (name, keys) => told.push(`${name} depth ${keys}`),
      queueWaited: (_name, seconds) => told.push(`waited ${seconds}`),
      queueWorked: (_name, seconds) => told.push(`worked ${seconds}`),
    });
    queue.add('a');
    timers.advance(3);
    await queue.take();
    timers.advance(2);
    queue.done('a');
    expect(told).toEqual(['tasks depth 1', 'tasks depth 0', 'waited 3', 'worked 2']);
  });
});

/** What happens, to which key, and a delay where it takes one. */
const step = fc.tuple(
  fc.constantFrom('add', 'review', 'delay', 'retry', 'take', 'finish', 'pass'),
  fc.integer({ min: 0, max: 4 }),
  fc.integer({ min: 1, max: 20 }),
);

test('whatever happens, no key has two workers, and no wish for one is lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { queue, timers } = aQueue();
      const held = new Set<string>();
      const owed = new Set<string>();
      const take = async (): Promise<void> => {
        const taken = (await queue.take()) ?? 'none';
        expect(held).not.toContain(taken);
        held.add(taken);
        owed.delete(taken);
      };
      for (const [what, number, seconds] of steps) {
        const name = `key ${number}`;
        if (what === 'take' && queue.depth > 0) await take();
        if (what === 'pass') timers.advance(7);
        if (what === 'finish' && held.delete(name)) queue.done(name);
        if (what === 'add') queue.add(name);
        if (what === 'review') queue.review(name);
        if (what === 'delay') queue.addAfter(name, seconds);
        if (what === 'retry') queue.addRateLimited(name);
        if (['add', 'review', 'delay', 'retry'].includes(what)) owed.add(name);
      }
      for (const name of held) queue.done(name);
      held.clear();
      // the longest delay is a minute
      timers.advance(100);
      while (queue.depth > 0) await take();
      expect([...owed]).toEqual([]);
      expect(queue.delayed).toBe(0);
    }),
    { numRuns: 300 },
  );
});
