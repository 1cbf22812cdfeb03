import { setImmediate } from 'node:timers/promises';
import type { Congestion } from './congestion.ts';
import { ApiError, LeaseLost } from './errors.ts';
import { type KubeLog, messageOf, noLog } from './log.ts';
import type { WorkQueue } from './work-queue.ts';

/** What becomes of a key after a worker had it. */
export type Next =
  | { readonly kind: 'done' }
  /** Nothing failed; look again then, or when something changes. */
  | { readonly kind: 'again'; readonly afterSeconds: number }
  /** Something failed: later each time. */
  | { readonly kind: 'retry'; readonly atLeastSeconds?: number | undefined };

export interface WorkerPoolOptions {
  readonly queue: WorkQueue;
  readonly workers: number;
  /** One at a time for each key. A rejection is a retry. */
  readonly handle: (key: string) => Promise<Next>;
  /** Lets fewer workers take keys while the API server is slow; all may where absent. */
  readonly congestion?: Congestion | undefined;
  /** Stops taking keys; those in work are finished first. */
  readonly signal: AbortSignal;
  readonly log?: KubeLog;
}

/** Resolves once the queue is closed or `signal` aborts, and all workers have put down what they held. */
export async function runWorkers(options: WorkerPoolOptions): Promise<void> {
  const { queue, workers, signal } = options;
  const close = (): void => queue.close();
  if (signal.aborted) close();
  signal.addEventListener('abort', close, { once: true });
  try {
    await Promise.all(Array.from({ length: workers }, () => work(options)));
  } finally {
    signal.removeEventListener('abort', close);
  }
}

async function work({ queue, handle, signal, congestion, log = noLog }: WorkerPoolOptions): Promise<void> {
  while (true) {
    // before a key is taken: it waits in the queue, where newer changes join it
    await congestion?.enter();
    const key = await queue.take();
    if (key === undefined) {
      congestion?.leave();
      return;
    }
    try {
      settle(queue, key, await handle(key));
    } catch (error) {
      if (!signal.aborted && !(error instanceof LeaseLost)) {
        log.warn('Work on an object failed; it will be tried again', {
          ...{ key, failures: queue.failures(key) + 1, error: messageOf(error) },
        });
      }
      queue.addRateLimited(key, error instanceof ApiError ? error.retryAfterSeconds : undefined);
    } finally {
      queue.done(key);
      congestion?.leave();
    }
    // a pass that finds nothing to do waits for nothing: thousands of them after a start would keep all others waiting
    await setImmediate();
  }
}

function settle(queue: WorkQueue, key: string, next: Next): void {
  if (next.kind === 'retry') {
    queue.addRateLimited(key, next.atLeastSeconds);
    return;
  }
  queue.forget(key);
  if (next.kind === 'again') queue.addAfter(key, next.afterSeconds);
}
