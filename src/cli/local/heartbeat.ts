/** The budget's own record: active seconds written every second, so that a kill -9 does not give used time back. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';

const nameIn = (folder: string): string => join(folder, 'active-seconds');

/** Active seconds that the runs in `folder` are known to have used; 0 where nothing is known. */
export function readActiveSeconds(folder: string): number {
  try {
    const seconds = Number(readFileSync(nameIn(folder), 'utf8'));
    return Number.isFinite(seconds) && seconds > 0 ? seconds : 0;
  } catch {
    return 0;
  }
}

/** A function to be called often; it writes at most once a second. */
export function createHeartbeat(folder: string, clock: Clock): (activeSeconds: number) => void {
  let writtenAt = Number.NEGATIVE_INFINITY;
  mkdirSync(folder, { recursive: true });
  return (activeSeconds) => {
    if (clock.nowSeconds() - writtenAt < 1) return;
    writtenAt = clock.nowSeconds();
    writeFileSync(`${nameIn(folder)}.part`, String(activeSeconds));
    renameSync(`${nameIn(folder)}.part`, nameIn(folder));
  };
}
