/** What the teacher of a member says to the images that the member learns from, found once for all pods of a training. */
import { createHash } from 'node:crypto';
import { join, posix } from 'node:path';
import type { PretrainingJob } from '../../crds/trainer-job.ts';
import { writeFileAtomic } from '../../lib/atomic-file.ts';
import { InputError } from '../../lib/errors.ts';
import { float32Tensor, toFloat32 } from '../../nas/host-tensor.ts';
import { encodeSafetensors, readSafetensorsFile } from '../../nas/safetensors.ts';
import { loadZoo, type Zoo, type ZooMember } from '../../nas/zoo.ts';
import type { ImageStore } from '../../train/image-cache.ts';
import { type Answers, answersTo } from '../../train/teacher.ts';
import { startWeights, taskNetwork } from '../local/start-weights.ts';
import type { PodContext } from './context.ts';
import { fetchMembers, openPodZoo } from './open-zoo.ts';
import type { PodOutput } from './output.ts';

/** Beside the checkpoint, with which it is carried and goes. */
const fileName = 'answers.safetensors';

/**
 * Undefined where the job names no teacher. Throws InputError where it is not in its zoo; rejects with the signal's reason.
 * `onProgress` is told while images are answered.
 */
export async function answersOfTeacher(
  job: PretrainingJob,
  { store, output }: { readonly store: ImageStore; readonly output: PodOutput },
  context: PodContext,
  onProgress: () => void,
): Promise<Answers | undefined> {
  if (job.teacher === undefined) return undefined;
  const classes = store.dataset.classes.length;
  const zoo = await zooOf(job, context);
  const [member] = zoo.members as [ZooMember];
  const file = join(output.checkpoint, fileName);
  const key = keyOf(job, member, store);
  const kept = await readAnswers(file, key, classes);
  if (kept !== undefined) return kept;
  const network = taskNetwork(member, { classes });
  const teacher = { network, weights: await startWeights(zoo, member.name, network), nativeSize: member.nativeSize };
  const answers = await answersTo(store, teacher, { signal: context.signal, onProgress });
  const shares = float32Tensor([store.train.count, classes], answers.shares);
  await writeFileAtomic(file, encodeSafetensors(new Map([['shares', shares]]), { key }, { dtype: 'F16' }));
  output.mirror.push();
  return answers;
}

async function zooOf({ teacher = '', teacherZoo, output }: PretrainingJob, context: PodContext): Promise<Zoo> {
  if (teacherZoo !== undefined) return await openPodZoo(teacherZoo, context, [teacher]);
  const store = await context.openStore(output.place, 'output');
  const folder = join(context.scratch, 'teacher');
  // this member lies at `members/ID` of the zoo that is being made
  await fetchMembers(store, posix.dirname(posix.dirname(output.folder)), folder, [teacher]);
  return await loadZoo(folder, [teacher]);
}

/** Of this teacher to these images in this order. */
function keyOf({ seed }: PretrainingJob, { sha256 }: ZooMember, { dataset, train, side }: ImageStore): string {
  const parts = [sha256, dataset.name, dataset.classes, train.count, side, seed];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** Undefined where there are none, others, or damaged ones: then they are found anew. */
async function readAnswers(file: string, key: string, classes: number): Promise<Answers | undefined> {
  try {
    const { tensors, metadata } = await readSafetensorsFile(file);
    const shares = tensors.get('shares');
    return metadata['key'] === key && shares !== undefined ? { classes, shares: toFloat32(shares) } : undefined;
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
