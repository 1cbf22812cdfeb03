import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../../src/lib/errors.ts';
import { unpackArchive } from '../../src/train/archive.ts';

export const datasetNames = ['pets', 'insects', 'dishes', 'vehicles', 'cifar-10-subset'] as const;
export type DatasetName = (typeof datasetNames)[number];

/** The development data: NASOA_SHARED, else `shared` beside the checkout. */
const sharedFolder = (env: NodeJS.ProcessEnv): string =>
  env.NASOA_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url));

/** Path of the archive of a data set. Throws InputError where the development data are not there. */
export async function archiveOf(
  name: DatasetName | 'tiny-imagenet-100',
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const path = join(sharedFolder(env), 'datasets', `${name}.tar.gz`);
  if (await exists(path)) return path;
  throw new InputError(
    `The data set ${name} of the benchmark is not at "${path}".`,
    'Set NASOA_SHARED to the folder of the development data, whose datasets/ holds it, or leave it out by --datasets.',
  );
}

const unpackedInto = fileURLToPath(new URL('../../.cache/bench-tune/data', import.meta.url));

/** The folder `.../NAME/NAME` with the unpacked data set in it: all arms read the same files, and none pays for unpacking. */
export async function unpackedFolder(name: DatasetName, archive: string): Promise<string> {
  const folder = join(unpackedInto, name);
  if (!(await exists(folder))) {
    await mkdir(unpackedInto, { recursive: true });
    const beside = await unpackArchive(archive, unpackedInto);
    try {
      await rename(beside, folder);
    } finally {
      await rm(beside, { recursive: true, force: true });
    }
  }
  return join(folder, name);
}

/** Whether there is anything at the path. */
export async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
