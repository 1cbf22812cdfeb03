/** The zoo that a pod starts from: in its image, on a claim, or in S3 by way of the pod's scratch. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { TrainerPlace } from '../../crds/trainer-job.ts';
import { InputError } from '../../lib/errors.ts';
import { memberNames } from '../../nas/member-folders.ts';
import { loadZoo, type Zoo } from '../../nas/zoo.ts';
import { parseMemberRecord } from '../../nas/zoo-index.ts';
import type { ArtifactStore } from '../../store/artifacts.ts';
import type { PodContext } from './context.ts';
import { abortable, localFolder, nameOf } from './places.ts';

/**
 * `only`: names of the members that are wanted; all that are there unless given. Throws InputError where there are none,
 * one that is wanted is missing, or weights are damaged.
 */
export async function openPodZoo(place: TrainerPlace, context: PodContext, only?: readonly string[]): Promise<Zoo> {
  const zoo = await loadZoo(await zooFolder(place, context, only), only);
  if (zoo.members.length > 0) return zoo;
  throw new InputError(`The zoo "${zoo.name}" has no members to choose from.`, 'Add members to it.');
}

async function zooFolder(
  place: TrainerPlace,
  context: PodContext,
  only: readonly string[] | undefined,
): Promise<string> {
  if (place.kind === 'folder') return place.path;
  const store = await context.openStore(place, 'zoo');
  if ((await store.readText('index.json')) !== undefined) return await localFolder(place, 'zoo', context);
  const folder = join(context.scratch, 'zoo', nameOf(place.url));
  await abortable(context.signal, fetchMembers(store, '', folder, only));
  return folder;
}

/** Copies the records of all members below a prefix, and the weights of those that are wanted, out of a zoo in a store. */
export async function fetchMembers(
  store: ArtifactStore,
  prefix: string,
  folder: string,
  only: readonly string[] | undefined,
): Promise<void> {
  const keys = (await store.list(posix.join(prefix, memberNames.members))).map(({ key }) => key);
  for (const key of keys.filter((one) => posix.basename(one) === memberNames.record)) {
    const text = await store.readText(key);
    if (text === undefined) continue;
    const { name, weights } = parseMemberRecord(text, key);
    const to = join(folder, posix.relative(prefix, posix.dirname(key)));
    await mkdir(to, { recursive: true });
    if (only === undefined || only.includes(name)) {
      await store.fetch(posix.join(posix.dirname(key), weights), join(to, weights));
    }
    await writeFile(join(to, memberNames.record), text);
  }
}
