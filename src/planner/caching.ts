import type { MemberInfo, Regime } from './types.ts';

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
