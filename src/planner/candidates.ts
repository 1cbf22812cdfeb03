import type { Rng } from '../lib/rng.ts';
import { defaultRegime, estimateRun, fewestStepsOf, nearRegime, type RegimeSpace, sampleRegime } from './regime.ts';
import type { MemberInfo, Regime } from './types.ts';

/** A member with a regime that fits, and how long it is expected to take. */
export interface Candidate {
  readonly member: MemberInfo;
  readonly regime: Regime;
  readonly seconds: number;
}

/** The parts of a space that all members share. */
export type SharedSpace = Omit<RegimeSpace, 'member'>;

/**
 * `count` draws spread evenly over the members: the default regimes, then neighbours of them and any others in turn; those
 * that cannot be made to fit are left out, so fewer may come back, or none.
 */
export function candidates(
  members: readonly MemberInfo[],
  shared: SharedSpace,
  overrides: Partial<Regime>,
  rng: Rng,
  count: number,
): readonly Candidate[] {
  const spaces = members.map((member): RegimeSpace => ({ ...shared, member }));
  const found: Candidate[] = [];
  for (let i = 0; i < count && spaces.length > 0; i++) {
    const space = spaces[i % spaces.length] as RegimeSpace;
    const round = Math.floor(i / spaces.length);
    const sample = round % 2 === 1 ? nearRegime : sampleRegime;
    const regime = round === 0 ? defaultRegime(space, overrides) : sample(space, overrides, rng);
    if (regime) found.push({ member: space.member, regime, seconds: estimateRun(space, regime).seconds });
  }
  return found;
}

/** Least active seconds that any run of these members takes: cheapest sizes, fewest steps. */
export function leastSeconds(
  members: readonly MemberInfo[],
  shared: SharedSpace,
  overrides: Partial<Regime>,
  rng: Rng,
): number {
  let least = Number.POSITIVE_INFINITY;
  for (const member of members) {
    const unlimited: RegimeSpace = { ...shared, member, seconds: Number.MAX_VALUE };
    const drawn = Array.from({ length: 100 }, () => sampleRegime(unlimited, overrides, rng));
    for (const regime of [defaultRegime(unlimited, overrides), ...drawn]) {
      if (!regime) continue;
      const steps = overrides.steps ?? fewestStepsOf(unlimited, regime);
      least = Math.min(least, estimateRun(unlimited, regime).secondsOf(steps));
    }
  }
  return least;
}
