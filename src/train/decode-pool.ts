import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { RunError } from '../lib/errors.ts';
import type { ImageRegion } from './stored-images.ts';

/** What every decoding worker is started with. */
export interface DecodeSetup {
  readonly regions: readonly ImageRegion[];
  /** Shared; original width and height by slot, filled where given (for a single region). */
  readonly sizes: Int32Array | undefined;
}

/** Images of consecutive slots of one region. */
export interface DecodeChunk {
  readonly region: number;
  readonly firstSlot: number;
  readonly paths: readonly string[];
}

export interface DecodeReply {
  readonly region: number;
  readonly count: number;
  readonly damaged: readonly { readonly slot: number; readonly reason: string }[];
}

export interface Damage {
  readonly region: number;
  readonly slot: number;
  readonly reason: string;
}

export interface DecodeOptions {
  /** Worker threads; one for each processor unless given. */
  readonly workers?: number | undefined;
  /** Called now and then with the images decoded so far. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const chunkSize = 32;
/** A second chunk waits in the worker, so that it never idles for an answer. */
const chunksAhead = 2;

/**
 * Decodes `paths[r]` into region r, path i into slot i, and returns the damaged ones.
 * Throws RunError where a worker fails (no disk space, no memory) and the signal's reason once it is aborted.
 */
export async function decodeInto(
  setup: DecodeSetup,
  paths: readonly (readonly string[])[],
  { workers = availableParallelism(), onProgress, signal }: DecodeOptions,
): Promise<Damage[]> {
  signal?.throwIfAborted();
  const total = paths.reduce((sum, list) => sum + list.length, 0);
  const chunks = chunksOf(paths);
  const damaged: Damage[] = [];
  let done = 0;
  const count = Math.max(1, Math.min(workers, Math.ceil(total / chunkSize)));
  const threads = Array.from({ length: count }, () => startWorker(setup));
  try {
    await new Promise<void>((resolve, reject) => {
      if (total === 0) resolve();
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      for (const thread of threads) {
        const feed = (): void => {
          const { value } = chunks.next();
          if (value) thread.postMessage(value);
        };
        thread.on('error', (error) => reject(decodingFailed(error)));
        thread.on('message', (reply: DecodeReply) => {
          feed();
          done += reply.count;
          for (const one of reply.damaged) damaged.push({ region: reply.region, ...one });
          onProgress?.(done, total);
          if (done === total) resolve();
        });
        for (let i = 0; i < chunksAhead; i++) feed();
      }
    });
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
  // workers end in any order; the report should not
  return damaged.sort((a, b) => a.region - b.region || a.slot - b.slot);
}

// sharp leaves much short-lived garbage; without a bound, V8 lets it grow to over 100 MiB in each worker
const startWorker = (setup: DecodeSetup): Worker =>
  new Worker(new URL('./decode-worker.ts', import.meta.url), {
    workerData: setup,
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  });

function* chunksOf(paths: readonly (readonly string[])[]): Generator<DecodeChunk, undefined> {
  for (const [region, list] of paths.entries()) {
    for (let firstSlot = 0; firstSlot < list.length; firstSlot += chunkSize) {
      yield { region, firstSlot, paths: list.slice(firstSlot, firstSlot + chunkSize) };
    }
  }
  return undefined;
}

function decodingFailed(error: unknown): RunError {
  const text = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : `${error}`;
  return /ENOSPC|EDQUOT/.test(text)
    ? new RunError(
        'There is no space left for the decoded images.',
        'Free some disk space or choose another scratch folder.',
        { cause: error },
      )
    : new RunError(
        `Decoding the images failed: ${text}.`,
        'Run it again; with less memory in use, if that was short.',
        { cause: error },
      );
}
