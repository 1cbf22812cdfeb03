import type { Rng } from '../lib/rng.ts';
import { defaultRegimes, estimateRun, fewestStepsOf, nearRegime, type RegimeSpace, sampleRegime } from './regime.ts';
import type { MemberInfo, Regime } from './types.ts';

/** A member with a regime that fits, and how long it is expected to take. */
export interface Candidate {
  readonly member: MemberInfo;
  readonly regime: Regime;
  readonly seconds: number;
  /** Whether it is the first of its member's default regimes. */
  readonly isDefault: boolean;
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
  const grounds = members.map((member) => {
    const space: RegimeSpace = { ...shared, member };
    return { space, defaults: defaultRegimes(space, overrides) };
  });
  const found: Candidate[] = [];
  for (let i = 0; i < count && grounds.length > 0; i++) {
    const { space, defaults } = grounds[i % grounds.length] as (typeof grounds)[number];
    const round = Math.floor(i / grounds.length);
    const regime = regimeOf(space, defaults, round, overrides, rng);
    if (!regime) continue;
    const { seconds } = estimateRun(space, regime);
    found.push({ member: space.member, regime, seconds, isDefault: regime === defaults[0] });
  }
  return found;
}

/** Of a round: the defaults first, then neighbours of them and any others in turn. */
function regimeOf(
  space: RegimeSpace,
  defaults: readonly Regime[],
  round: number,
  overrides: Partial<Regime>,
  rng: Rng,
): Regime | undefined {
  const left = round - defaults.length;
  if (left < 0) return defaults[round];
  if (left % 2 === 1 || defaults.length === 0) return sampleRegime(space, overrides, rng);
  return nearRegime(space, rng.pick(defaults), overrides, rng);
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
    for (const regime of [...defaultRegimes(unlimited, overrides), ...drawn]) {
      if (!regime) continue;
      const steps = overrides.steps ?? fewestStepsOf(unlimited, regime);
      least = Math.min(least, estimateRun(unlimited, regime).secondsOf(steps));
    }
  }
  return least;
}
