/** Carries the checkpoint of a running pod to a store, beside the training and one upload at a time. */
import { link, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../server/logger.ts';
import type { ArtifactStore } from '../../store/artifacts.ts';

export interface CheckpointMirror {
  /** There is a newer checkpoint: it is uploaded now or, while another one is on its way, later. Never throws. */
  push(): void;
  /** Uploads what was pushed and is not there yet. Rejects where that fails. */
  flush(): Promise<void>;
}

/** For a checkpoint that is written where it stays. */
export const noMirror: CheckpointMirror = { push() {}, flush: () => Promise.resolve() };

/** The store may charge by the request and the network is shared. */
const everySeconds = 20;

export function checkpointMirror(o: {
  readonly store: ArtifactStore;
  readonly prefix: string;
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
}): CheckpointMirror {
  const { store, prefix, folder, clock } = o;
  const snapshot = `${folder}-snapshot`;
  let isStale = false;
  let running: Promise<void> | undefined;
  let endedAt = Number.NEGATIVE_INFINITY;
  const upload = async (): Promise<void> => {
    isStale = false;
    try {
      await linkFiles(folder, snapshot);
      await store.upload(snapshot, prefix);
    } catch (error) {
      isStale = true;
      throw error;
    } finally {
      endedAt = clock.nowSeconds();
    }
  };
  const start = (): Promise<void> => {
    const work = upload().finally(() => {
      running = undefined;
    });
    running = work;
    return work;
  };
  return {
    push: () => {
      isStale = true;
      if (running !== undefined || clock.nowSeconds() - endedAt < everySeconds) return;
      start().catch((error: unknown) => o.log.warn('A checkpoint could not be uploaded', { error }));
    },
    flush: async () => {
      // a failure is told by the one that comes after it
      await running?.catch(() => undefined);
      if (isStale) await start();
    },
  };
}

/** Checkpoints are replaced, never changed: a link holds a file as it is, while the training writes the next one. */
async function linkFiles(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    if (!name.endsWith('.part')) await link(join(from, name), join(to, name));
  }
}
