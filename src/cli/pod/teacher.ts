/** What the teacher of a member says to the images that the member learns from, found once for all members of a zoo. */
import { createHash } from 'node:crypto';
import { join, posix, relative } from 'node:path';
import type { PretrainingJob } from '../../crds/trainer-job.ts';
import { writeFileAtomic } from '../../lib/atomic-file.ts';
import { InputError } from '../../lib/errors.ts';
import { float32Tensor, toFloat32 } from '../../nas/host-tensor.ts';
import { encodeSafetensors, readSafetensors } from '../../nas/safetensors.ts';
import { loadZoo, memberOf, type Zoo, type ZooMember } from '../../nas/zoo.ts';
import type { ArtifactStore } from '../../store/artifacts.ts';
import type { ImageStore } from '../../train/image-cache.ts';
import { type AnswerOptions, type Answers, answersTo } from '../../train/teacher.ts';
import { openTeacher } from '../local/start-weights.ts';
import type { PodContext } from './context.ts';
import { fetchMembers, openPodZoo } from './open-zoo.ts';

/** Beside the members of the zoo that is being made. */
const folderName = 'answers';

/**
 * Undefined where the job names no teacher. Throws InputError where it is not in its zoo; rejects with the signal's reason.
 * `onProgress` is told while images are answered.
 */
export async function answersOfTeacher(
  job: PretrainingJob,
  images: ImageStore,
  context: PodContext,
  onProgress: AnswerOptions['onProgress'],
): Promise<Answers | undefined> {
  if (job.teacher === undefined) return undefined;
  const store = await context.openStore(job.output.place, 'output');
  const zoo = await zooOf(job, store, context);
  const classes = images.dataset.classes.length;
  const scratch = join(context.scratch, folderName);
  const file = `${keyOf(memberOf(zoo, job.teacher), images)}.safetensors`;
  const kept = posix.join(zooFolderOf(job), folderName);
  const known = await readAnswers(store, posix.join(kept, file), join(scratch, file));
  if (known !== undefined) return { classes, shares: known };
  const answers = await answersTo(images, await openTeacher(zoo, job.teacher, classes), {
    signal: context.signal,
    onProgress,
  });
  const shares = float32Tensor([images.train.count, classes], answers.shares);
  await writeFileAtomic(join(scratch, file), encodeSafetensors(new Map([['shares', shares]]), {}, { dtype: 'F16' }));
  // pods that begin together find the same
  await store.upload(scratch, kept);
  return answers;
}

/** A member lies at `members/ID` of the zoo that is being made. */
const zooFolderOf = ({ output }: PretrainingJob): string => posix.dirname(posix.dirname(output.folder));

async function zooOf(job: PretrainingJob, store: ArtifactStore, context: PodContext): Promise<Zoo> {
  const { teacher = '', teacherZoo } = job;
  if (teacherZoo !== undefined) return await openPodZoo(teacherZoo, context, [teacher]);
  const folder = join(context.scratch, 'teacher');
  await fetchMembers(store, zooFolderOf(job), folder, [teacher]);
  return await loadZoo(folder, [teacher]);
}

/** Of this teacher to these images in this order. */
function keyOf({ sha256 }: ZooMember, { dataset, side }: ImageStore): string {
  const hash = createHash('sha256').update(JSON.stringify([sha256, side, dataset.classes]));
  // an archive is unpacked elsewhere each time
  for (const { path, label } of dataset.train) hash.update(JSON.stringify([relative(dataset.root, path), label]));
  return hash.digest('hex');
}

/** Undefined where there are none, or damaged ones: then they are found anew. */
async function readAnswers(store: ArtifactStore, key: string, file: string): Promise<Float32Array | undefined> {
  try {
    await store.fetch(key, file);
    const shares = (await readSafetensors(file)).get('shares');
    return shares && toFloat32(shares);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
