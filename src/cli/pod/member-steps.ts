/** What a new member's training steps take on this node. */
import { deviceHere } from '../../graph/device.ts';
import { smallestSize } from '../../nas/cost.ts';
import type { Network } from '../../nas/layers.ts';
import type { StepTime } from '../../nas/member.ts';
import { proxyInputSize } from '../../nas/search.ts';
import { comparedBatch, comparedStep, measureStep, memberPoints } from '../../train/step-time.ts';
import type { PodContext } from './context.ts';

export interface MeasuredMember {
  /** By which members are compared: a whole step over 64 images of the proxy's size, or the smallest the network takes. */
  readonly stepSeconds: number;
  readonly steps: readonly StepTime[];
  /** What they were measured on. */
  readonly measuredOn: string;
}

/** `halvings`: of the batch, where memory is scarce. Rejects with the signal's reason. */
export async function measureMember(
  network: Network,
  nativeSize: number,
  halvings: number,
  { clock, signal, report, measuringSeconds }: Pick<PodContext, 'clock' | 'signal' | 'report' | 'measuringSeconds'>,
  at: Parameters<PodContext['report']>[0],
): Promise<MeasuredMember> {
  const began = clock.nowSeconds();
  const comparedSize = Math.max(proxyInputSize, smallestSize(network));
  const { comparedSeconds, ...compared } = await comparedStep(network, comparedSize, halvings, { clock, signal });
  const steps: StepTime[] = [compared];
  for (const point of memberPoints(network, nativeSize, comparedBatch >> halvings)) {
    report(at);
    if (clock.nowSeconds() - began > measuringSeconds) break;
    const isCompared = point.frozenStages === 0 && point.inputSize === comparedSize;
    if (!isCompared || point.batchSize !== compared.batchSize)
      steps.push(await measureStep(network, point, { clock, signal }));
  }
  return { stepSeconds: comparedSeconds, steps, measuredOn: await deviceHere() };
}
