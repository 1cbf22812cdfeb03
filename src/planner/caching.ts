import type { MemberInfo, Regime } from './types.ts';

/**
 * Whether a run computes the activations at the end of its frozen stages once and reuses them: nothing may change an
 * image between two visits. The trainer and the planner both ask here.
 */
export const usesCachedFeatures = (regime: Pick<Regime, 'frozenStages' | 'augmentation' | 'mix'>): boolean =>
  regime.frozenStages > 0 && regime.augmentation === 'none' && regime.mix === 'none';

/** Bytes of the cached activations of `images` images; undefined where the member does not say. */
export function cachedBytes(
  member: MemberInfo,
  regime: Pick<Regime, 'frozenStages' | 'inputSize'>,
  images: number,
): number | undefined {
  const values = member.boundaryValues?.[regime.frozenStages];
  if (values === undefined) return undefined;
  return 4 * values * images * (regime.inputSize / member.nativeSize) ** 2;
}
