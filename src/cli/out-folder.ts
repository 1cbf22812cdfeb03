import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { hasCode, InputError } from '../lib/errors.ts';
import { outputNames } from '../train/result.ts';

const outRoot = 'nasoa-out';

export interface OutChoice {
  /** Path of the data set. */
  readonly path: string;
  /** `--out`, where it was given. */
  readonly out: string | undefined;
  readonly resume: boolean;
}

/**
 * The folder that a run writes to; nothing is made here, so that refused data leaves nothing behind.
 * Without `--out` it is a fresh `nasoa-out/NAME`, or on resuming the newest of those that holds a checkpoint.
 * Throws InputError where an unfinished run would be lost, or where there is none to go on with.
 */
export async function chooseOut(choice: OutChoice): Promise<string> {
  if (choice.out === undefined)
    return choice.resume ? await newestUnfinished(choice.path) : await freshFolder(choice.path);
  const { out, resume } = choice;
  const kind = await kindOf(out);
  if (kind === 'file') {
    throw new InputError(
      `The output folder "${out}" is a file.`,
      'Give --out the path of a folder; it need not exist.',
    );
  }
  const unfinished = kind === 'folder' && (await kindOf(join(out, outputNames.checkpoint))) === 'folder';
  if (resume && !unfinished) throw nothingToResume(out);
  if (!resume && unfinished) {
    throw new InputError(
      `The output folder "${out}" holds an unfinished run.`,
      'Add --resume to go on with it, or give another --out.',
    );
  }
  return out;
}

/** A name for people: the last part of the path without the endings of archives. */
export function datasetName(path: string): string {
  const name = basename(resolve(path)).replace(/\.(tar\.gz|tgz|tar|zip)$/i, '');
  return name === '' ? 'images' : name;
}

async function freshFolder(path: string): Promise<string> {
  const first = join(outRoot, datasetName(path));
  for (let i = 1; ; i++) {
    const out = i === 1 ? first : `${first}-${i}`;
    if ((await kindOf(out)) === 'nothing') return out;
  }
}

async function newestUnfinished(path: string): Promise<string> {
  const name = datasetName(path);
  const entries = await readdir(outRoot).catch(() => []);
  const own = entries.filter(
    (entry) => entry === name || (/^-\d+$/.test(entry.slice(name.length)) && entry.startsWith(name)),
  );
  const found: { out: string; time: number }[] = [];
  for (const entry of own) {
    const out = join(outRoot, entry);
    const checkpoint = await stat(join(out, outputNames.checkpoint)).catch(() => undefined);
    if (checkpoint?.isDirectory()) found.push({ out, time: checkpoint.mtimeMs });
  }
  const newest = found.sort((a, b) => b.time - a.time)[0];
  if (newest === undefined) throw nothingToResume(join(outRoot, name));
  return newest.out;
}

const nothingToResume = (out: string): InputError =>
  new InputError(
    `There is no unfinished run in "${out}" to go on with.`,
    'Leave --resume out to begin a run, or give --out the folder of an unfinished one.',
  );

async function kindOf(path: string): Promise<'nothing' | 'file' | 'folder'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'nothing';
    if (hasCode(error, 'ENOTDIR')) return 'file';
    throw error;
  }
}
