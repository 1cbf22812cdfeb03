import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode, InputError } from '../lib/errors.ts';

export interface FoundFile {
  /** Below the folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
}

/** Names of files that are still being written, here and by `writeFileAtomic`. */
const partial = /\.[0-9a-f]{8}\.part$/;

/** A name beside `path` for the time until it is whole. */
export const besideOf = (path: string): string => `${path}.${randomUUID().slice(0, 8)}.part`;

/**
 * All finished files below a folder, at any depth, none where there is no folder. Links are passed over, since they
 * could lead out of it; with `complete` they are an InputError, so that nothing is left behind in silence.
 */
export async function filesBelow(folder: string, complete = false): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  const visit = async (below: string): Promise<void> => {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) await visit(path);
      else if (entry.isFile()) {
        if (!partial.test(entry.name)) found.push({ path, bytes: (await stat(join(folder, path))).size });
      } else if (complete) throw notPlain(join(folder, path));
    }
  };
  try {
    await visit('');
  } catch (error) {
    if ((hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) && !complete) return [];
    throw error;
  }
  return found;
}

/** Copies beside the target, syncs and renames, as `writeFileAtomic` does for texts. */
export async function copyFileAtomic(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const beside = besideOf(to);
  try {
    await copyFile(from, beside);
    const file = await open(beside, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, to);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

const notPlain = (path: string): InputError =>
  new InputError(`"${path}" is neither a file nor a folder.`, 'Replace the link by what it points to.');
