import { mkdir, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { InputError, RunError } from '../lib/errors.ts';
import { unpackTar } from './unpack-tar.ts';
import { type ArchiveLimits, defaultArchiveLimits, UnpackTarget } from './unpack-target.ts';
import { unpackZip } from './unpack-zip.ts';

type Kind = 'tar' | 'gzip' | 'zip';

const nameEndings: readonly (readonly [RegExp, Kind])[] = [
  [/\.tar$/i, 'tar'],
  [/\.(tar\.gz|tgz)$/i, 'gzip'],
  [/\.zip$/i, 'zip'],
];

/** First bytes of files that are passed as data sets by mistake or by an unsupported packer. */
const signatures: readonly (readonly [string, readonly number[]])[] = [
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
  ['zip', [0x50, 0x4b, 0x05, 0x06]],
  ['gzip', [0x1f, 0x8b]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58]],
  ['7z', [0x37, 0x7a, 0xbc, 0xaf]],
  ['rar', [0x52, 0x61, 0x72, 0x21]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
];
const tarMagicOffset = 257;

/** `pets.tar.gz` -> `pets`. */
export const withoutArchiveEnding = (name: string): string => name.replace(/\.(tar|tar\.gz|tgz|zip)$/i, '');

/**
 * Unpacks a .tar, .tar.gz, .tgz or .zip into a new folder in `scratch` and returns that folder; the caller removes it.
 * After an error nothing is left there. Throws InputError for everything that is wrong with the archive.
 */
export async function unpackArchive(
  path: string,
  scratch: string,
  limits: ArchiveLimits = defaultArchiveLimits,
  signal?: AbortSignal,
): Promise<string> {
  const name = basename(path);
  const kind = await archiveKind(path, name);
  await mkdir(scratch, { recursive: true });
  const folder = await mkdtemp(join(scratch, 'unpacked-'));
  const target = new UnpackTarget(name, (await stat(path)).size, folder, limits);
  try {
    if (kind === 'zip') await unpackZip(path, target, signal);
    else await unpackTar(path, kind === 'gzip', target, signal);
    return folder;
  } catch (error) {
    target.close();
    await rm(folder, { recursive: true, force: true });
    if (error instanceof InputError || error instanceof RunError) throw error;
    signal?.throwIfAborted();
    throw new InputError(
      `The archive ${name} is damaged or cut off: ${shortMessage(error)}.`,
      'Copy or download it again, or unpack it yourself and pass the folder.',
      { cause: error },
    );
  }
}

async function archiveKind(path: string, name: string): Promise<Kind> {
  const named = nameEndings.find(([ending]) => ending.test(name))?.[1];
  const content = await sniff(path);
  if (content === 'nothing') throw new InputError(`The file ${name} is empty.`, 'Copy or download it again.');
  if (named === undefined) {
    const packed = content === undefined ? '' : ` (its content is ${content})`;
    throw new InputError(
      `The file ${name} is no data set${packed}.`,
      'Pass a folder with one folder per class, or such a folder as .tar, .tar.gz, .tgz or .zip.',
    );
  }
  if (content === named || (named === 'tar' && content === undefined)) return named;
  const found = content === undefined ? 'its content is something else' : `its content is ${content}`;
  const wanted = named === 'gzip' ? 'gzip' : `a ${named}`;
  throw new InputError(
    `The name of ${name} says ${wanted}, but ${found}.`,
    content === 'zip' || content === 'gzip' || content === 'tar'
      ? 'Give the file the ending of what it is: .tar, .tar.gz or .zip.'
      : 'Pack the folder of images again as .tar.gz or .zip.',
  );
}

async function sniff(path: string): Promise<string | undefined> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
    if (bytesRead === 0) return 'nothing';
    const known = signatures.find(([, bytes]) => bytes.every((byte, i) => buffer[i] === byte));
    if (known) return known[0];
    return buffer.toString('latin1', tarMagicOffset, tarMagicOffset + 5) === 'ustar' ? 'tar' : undefined;
  } finally {
    await file.close();
  }
}

function shortMessage(error: unknown): string {
  const text = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : `${error}`;
  return (text.split('\n')[0] ?? '').replace(/\.$/, '');
}
