/** Ways to spend a budget on a data set: those of `bench-tune`, for one member each. */
import { shippedZooDir } from '../../src/nas/zoo.ts';
import { drive, liteRun, nasoaTune } from '../tune/arms.ts';
import type { Outcome } from '../tune/runs.ts';
import type { Run, Slot } from './report.ts';

export interface ArmPlace extends Slot {
  /** The data set's folder, which carries its name. */
  readonly path: string;
  /** The peers' interpreter. */
  readonly python: string;
  readonly signal: AbortSignal;
}

const seed = 1;

/** `nasoa tune` with that member alone. */
export const member = (name: string, place: ArmPlace): Promise<Outcome> =>
  nasoaTune({ ...place, seed, more: ['--member', name] });

/** The same member and regime from nothing, in as many seconds. */
export function fromRandom({ member: name, regime, seconds }: Run, { path, signal }: ArmPlace): Promise<Outcome> {
  if (regime === undefined) throw new Error('a member was run without a regime');
  const zoo = { folder: shippedZooDir(), isOther: false };
  return drive({ seed, seconds, run: { kind: 'random', member: name, regime } }, { path, zoo, signal });
}

export const lite0At = (size: number, place: ArmPlace): Promise<Outcome> =>
  liteRun(0, { ...place, more: ['--size', String(size), '--seed', String(seed)] });
