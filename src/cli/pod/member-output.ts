/** A finished member of a zoo comes to its own folder of the zoo's output; nobody else writes there. */
import { join } from 'node:path';
import type { PretrainingJob, TrainerMessage } from '../../crds/trainer-job.ts';
import { writeFileAtomic } from '../../lib/atomic-file.ts';
import type { Network } from '../../nas/layers.ts';
import { memberFacts } from '../../nas/member-facts.ts';
import { encodeRecord, memberNames, recordOf } from '../../nas/member-folders.ts';
import type { NewMember } from '../../nas/zoo.ts';
import type { PodContext } from './context.ts';
import type { MeasuredMember } from './member-steps.ts';
import type { PodOutput } from './output.ts';

/** What the ways to a member have each of their own. */
export type MemberOrigin = Pick<NewMember, 'pretraining' | 'licence' | 'provenance'>;

export interface FinishedMember {
  readonly job: PretrainingJob;
  readonly network: Network;
  readonly nativeSize: number;
  readonly measured: MeasuredMember;
  /** A safetensors file. */
  readonly weights: Uint8Array;
  readonly origin: MemberOrigin;
}

/**
 * Weights first, then the record that names them, then the last word, and only then the checkpoint goes: a kill between
 * any two loses nothing, and what has a record is whole.
 */
export async function publishMember(
  { job, network, nativeSize, measured, weights, origin }: FinishedMember,
  output: PodOutput,
  { activity }: PodContext,
): Promise<TrainerMessage> {
  const { member: name, encoding } = job;
  const { accuracy } = origin.pretraining;
  await writeFileAtomic(join(output.folder, memberNames.weights), weights);
  const artifact = await output.publish();
  const member: NewMember = {
    ...{ name, encoding, nativeSize, accuracy, classes: network.classes },
    ...{ steps: measured.steps, measuredOn: measured.measuredOn },
    ...memberFacts(network, nativeSize),
    ...origin,
  };
  await output.writeText(memberNames.record, encodeRecord(recordOf(member, weights)));
  const message: TrainerMessage = {
    kind: 'pretraining',
    ...{ member: name, encoding, accuracy, stepSeconds: measured.stepSeconds },
    ...{ artifact, activeSeconds: activity.seconds() },
  };
  await output.writeFinished(message);
  await output.removeCheckpoint();
  return message;
}
