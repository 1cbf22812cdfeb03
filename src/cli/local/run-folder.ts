/** The folder of an unfinished run: its decision, its checkpoint and how much of the budget it has used. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import {
  type Checkpoint,
  dropCheckpoint,
  readCheckpoint,
  removeCheckpoint,
  writeCheckpoint,
} from '../../train/checkpoint.ts';
import { type RunDecision, writeDecision } from './decision.ts';

export interface RunFolder {
  /** The clock's reading at which the active seconds were 0. */
  readonly startedSeconds: number;
  activeSeconds(): number;
  /** To be called often: records the active seconds once a second, so that a kill -9 does not give used time back. */
  beat(): void;
  /** Keeps a checkpoint; from then on a failure leaves it to go on from. */
  keep(checkpoint: Omit<Checkpoint, 'decision'>): Promise<void>;
  /** Replaces the decision; without its checkpoint where that is of another choice. */
  redecide(decision: RunDecision, keepsCheckpoint: boolean): Promise<void>;
  /** Ends a run that has ended well. */
  remove(): Promise<void>;
  /** Ends a run that has failed: what it made is removed, unless there is something to go on from. */
  discard(): Promise<void>;
}

const secondsIn = (folder: string): string => join(folder, 'active-seconds');

/** What a run that goes on in `folder` has reached, and the active seconds that it has used; `decision`: its own. */
export async function reachedIn(
  folder: string,
  decision?: Pick<RunDecision, 'profileSeconds' | 'planningSeconds'>,
): Promise<{ readonly checkpoint: Checkpoint | undefined; readonly activeSeconds: number }> {
  const checkpoint = await readCheckpoint(folder);
  const { activeSeconds = 0 } = checkpoint?.progress ?? {};
  // a kill may have come right after the decision was written
  const decidedAfter = decision === undefined ? 0 : decision.profileSeconds + decision.planningSeconds;
  return { checkpoint, activeSeconds: Math.max(readSeconds(folder), activeSeconds, decidedAfter) };
}

function readSeconds(folder: string): number {
  try {
    const seconds = Number(readFileSync(secondsIn(folder), 'utf8'));
    return Number.isFinite(seconds) && seconds > 0 ? seconds : 0;
  } catch {
    return 0;
  }
}

/** Makes the folder of a run, or takes it over where the run goes on. */
export async function openRun(o: {
  readonly folder: string;
  readonly decision: RunDecision;
  readonly goesOn: boolean;
  readonly clock: Clock;
  readonly startedSeconds: number;
}): Promise<RunFolder> {
  const { folder, decision, clock, startedSeconds } = o;
  const firstMade = await mkdir(folder, { recursive: true });
  if (!o.goesOn) await writeDecision(folder, decision);
  let isKept = o.goesOn;
  let writtenAt = Number.NEGATIVE_INFINITY;
  const activeSeconds = (): number => clock.nowSeconds() - startedSeconds;
  const beat = (): void => {
    if (clock.nowSeconds() - writtenAt < 1) return;
    writtenAt = clock.nowSeconds();
    writeFileSync(`${secondsIn(folder)}.part`, String(activeSeconds()));
    renameSync(`${secondsIn(folder)}.part`, secondsIn(folder));
  };
  beat();
  return {
    ...{ startedSeconds, activeSeconds, beat },
    keep: async (checkpoint) => {
      await writeCheckpoint(folder, { ...checkpoint, decision: decision.id });
      isKept = true;
      beat();
    },
    redecide: async (next, keepsCheckpoint) => {
      // a kill between the two begins the first choice anew; the other order would leave one that fits no decision
      if (!keepsCheckpoint) await dropCheckpoint(folder);
      await writeDecision(folder, next);
    },
    remove: () => removeCheckpoint(folder),
    discard: async () => {
      if (isKept) return;
      await rm(folder, { recursive: true, force: true });
      if (firstMade !== undefined) await removeEmpty(dirname(folder), firstMade);
    },
  };
}

/** Removes the folders from `from` up to `to` that are empty. */
async function removeEmpty(from: string, to: string): Promise<void> {
  for (let at = from; at.length >= to.length; at = dirname(at)) {
    try {
      await rmdir(at);
    } catch {
      return;
    }
  }
}
