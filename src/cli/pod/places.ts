/** Where a pod's data and results lie: folders of mounted claims, or S3 by way of the pod's scratch. */
import { join } from 'node:path';
import type { TrainerData, TrainerPlace } from '../../crds/trainer-job.ts';
import type { ArtifactStore } from '../../store/artifacts.ts';
import { openArtifacts } from '../../store/open-artifacts.ts';
import { type Dataset, openDataset } from '../../train/dataset.ts';
import { scratchFolder } from '../local/planning.ts';
import type { PlaceRole, PodContext } from './context.ts';

const keyNames = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'] as const;

/**
 * The environment with the keys for a place: its own where the pod has such (NASOA_OUTPUT_AWS_ACCESS_KEY_ID, ...), else
 * the plain ones.
 */
export function environmentFor(role: PlaceRole, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const prefix = `NASOA_${role.toUpperCase()}_`;
  if (env[`${prefix}AWS_ACCESS_KEY_ID`] === undefined) return env;
  // the session token of other keys must not stay
  return { ...env, ...Object.fromEntries(keyNames.map((name) => [name, env[`${prefix}${name}`]])) };
}

/** The store of a place. Throws InputError and RunError as stores do. */
export function openPlace(place: TrainerPlace, role: PlaceRole, env: NodeJS.ProcessEnv): Promise<ArtifactStore> {
  if (place.kind === 'folder') return openArtifacts({ folder: place.path }, env);
  const { url, endpoint, region } = place;
  const s3 = {
    url,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
  };
  return openArtifacts({ s3 }, environmentFor(role, env));
}

/** The files of a place in a folder: where they are mounted, or where they are downloaded to. */
export async function localFolder(place: TrainerPlace, role: PlaceRole, context: PodContext): Promise<string> {
  if (place.kind === 'folder') return place.path;
  const store = await context.openStore(place, role);
  const folder = join(context.scratch, role, nameOf(place.url));
  await abortable(context.signal, store.download('', folder));
  return folder;
}

/** A single file: where it is mounted, or where it is downloaded to. A store has folders, so the one around it is opened. */
export async function localFile(place: TrainerPlace, role: PlaceRole, context: PodContext): Promise<string> {
  if (place.kind === 'folder') return place.path;
  const name = nameOf(place.url);
  const around = place.url.slice(0, place.url.lastIndexOf(`/${name}`));
  const store = await context.openStore({ ...place, url: around }, role);
  const file = join(context.scratch, role, name);
  await abortable(context.signal, store.fetch(name, file));
  return file;
}

/** The last part of an `s3://` URL, which is a data set's name for people: `s3://bucket/a/pets/` -> `pets`. */
export const nameOf = (url: string): string => url.split('/').findLast((part) => part !== '') ?? url;

/** `nasoa tune` has an option for it, and this is its default. */
export const maxDamagedShare = 0.2;

/** Fetches and opens the images; the caller closes them. */
export async function openPodData(
  { place, format, validationShare }: TrainerData,
  seed: number,
  context: PodContext,
): Promise<Dataset> {
  const { env, signal } = context;
  const path =
    format === 'archive' ? await localFile(place, 'data', context) : await localFolder(place, 'data', context);
  const scratch = scratchFolder(env);
  return await openDataset(path, { seed, valShare: validationShare, maxDamagedShare, scratch, signal });
}

/** Rejects with the signal's reason as soon as it comes; what runs on is left to the end of the process. */
export function abortable<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
