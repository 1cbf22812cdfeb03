import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dataDir } from '../lib/user-dirs.ts';
import { shippedZooDir } from '../nas/zoo.ts';
import type { Experience } from '../planner/types.ts';
import { openEmbedded } from '../store/embedded.ts';
import { type ExperienceStore, experienceStore } from '../store/experience.ts';
import { readShippedExperience } from '../store/shipped-experience.ts';

/** Folder of the embedded database with the user's own experience. */
export const experienceDir = (env: NodeJS.ProcessEnv = process.env): string => join(dataDir(env), 'experience');

/** Does `work` with the user's own experience, and closes it whatever happens. */
export async function withOwnExperience<T>(
  env: NodeJS.ProcessEnv,
  work: (store: ExperienceStore) => Promise<T>,
): Promise<T> {
  const database = await openEmbedded(experienceDir(env));
  try {
    return await work(experienceStore(database));
  } finally {
    await database.close();
  }
}

/** The user's own runs. Where there are none yet no database is made for them, which would take seconds. */
export async function ownExperience(env: NodeJS.ProcessEnv): Promise<readonly Experience[]> {
  return existsSync(experienceDir(env)) ? await withOwnExperience(env, (store) => store.list()) : [];
}

/** The runs that a zoo brings along; empty where it brings none. */
export async function shippedExperience(zooDir: string = shippedZooDir()): Promise<readonly Experience[]> {
  const packed = await readShippedExperience(join(zooDir, 'experience.jsonl.gz'));
  return packed.length > 0 ? packed : await readShippedExperience(join(zooDir, 'experience.jsonl'));
}
