import { costOf, shapesOf, stageShares } from './cost.ts';
import type { Network } from './layers.ts';
import type { MemberInfo } from './member.ts';
import { stepValues } from './training-memory.ts';

/** What of a member follows from its network alone, at its native size in pixels. Throws InputError as `costOf` does. */
export function memberFacts(
  network: Network,
  nativeSize: number,
): Pick<MemberInfo, 'parametersM' | 'macsM' | 'stages' | 'stageShare'> & {
  readonly boundaryValues: readonly number[];
  readonly stepValues: readonly number[];
} {
  const { parameters, macs } = costOf(network, nativeSize);
  return {
    parametersM: parameters / 1e6,
    macsM: macs / 1e6,
    stages: network.stages.length,
    stageShare: stageShares(network, nativeSize),
    boundaryValues: boundaryValues(network, nativeSize),
    stepValues: stepValues(network, nativeSize),
  };
}

/** Values that one image has before the first stage and after each. */
function boundaryValues(network: Network, size: number): readonly number[] {
  const shapes = shapesOf(network, size);
  return [0, ...network.stages.map(({ end }) => end)].map((id) => {
    const { size: side = 0, channels = 0 } = shapes[id] ?? {};
    return side * side * channels;
  });
}
