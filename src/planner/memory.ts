import { cachedBytes } from './caching.ts';
import { type MemberInfo, type Regime, usesCachedFeatures } from './types.ts';

const bytesEach = 4;
/** Weight, gradient and what an optimizer keeps of each parameter at most. */
const copiesOfParameters = 4;
/** What training began with, and what an evaluation makes of it and of the weights, where a run goes back to its start. */
const copiesOfStart = 2;
/** The process with its libraries, decoders, decoded images and what the allocators do not give back at once. */
const baseBytes = 880e6;
/** Images of an evaluation's batch. */
const evaluatedImages = 100;

/**
 * Bytes that a run takes at most, in fp32 on a CPU; undefined where the member does not say what a step of it keeps. It
 * errs upwards (`nasoa tune` of pets with EfficientNet-Lite0: 1.6 GB for 1.5 measured at 96 px in batches of 32, 3.1 GB
 * for 2.3 at 128 px and 64, 1.3 GB for 1.25 at 128 px with six stages cached).
 */
export function runBytes(
  member: MemberInfo,
  regime: Pick<Regime, 'frozenStages' | 'inputSize' | 'batchSize' | 'augmentation' | 'mix' | 'startShare'>,
  images: number,
): number | undefined {
  const { stepValues, nativeSize, parametersM, stages } = member;
  const trained = stepValues?.[regime.frozenStages];
  const forward = stepValues?.[stages];
  if (trained === undefined || forward === undefined) return undefined;
  const scale = (regime.inputSize / nativeSize) ** 2;
  const cached = usesCachedFeatures(regime);
  // over cached activations a step is next to nothing, and what makes them is an evaluation
  const step = cached ? 0 : bytesEach * trained * scale * regime.batchSize;
  const evaluation = bytesEach * forward * scale * evaluatedImages;
  const cache = cached ? (cachedBytes(member, regime, images) ?? 0) : 0;
  const copies = copiesOfParameters + (regime.startShare > 0 ? copiesOfStart : 0);
  return baseBytes + step + evaluation + cache + bytesEach * copies * parametersM * 1e6;
}
