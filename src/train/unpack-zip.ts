import { crc32 } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { openZip } from '../lib/open-zip.ts';
import type { UnpackTarget } from './unpack-target.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });
const fileTypeMask = 0o170000;
const plainFile = 0o100000;
const folder = 0o040000;

/** Unpacks a zip. Throws InputError through `target`, and yauzl's own errors where the zip is damaged. */
export async function unpackZip(path: string, target: UnpackTarget, signal?: AbortSignal): Promise<void> {
  const zip = await openZip(path);
  try {
    for await (const entry of zip.eachEntry()) {
      signal?.throwIfAborted();
      await unpackEntry(zip, entry, target);
    }
  } finally {
    zip.close();
  }
}

async function unpackEntry(zip: ZipFile, entry: Entry, target: UnpackTarget): Promise<void> {
  const name = entryName(entry);
  const shown = JSON.stringify(name);
  target.countEntry();
  const type = unixType(entry);
  if (type !== 0 && type !== plainFile && type !== folder) {
    target.refuse(`holds ${shown}, which is no plain file (a link or a device)`);
  }
  if (/[/\\]$/.test(name) || type === folder) {
    target.folder(name);
    return;
  }
  if (entry.isEncrypted()) {
    target.refuse(`is encrypted (${shown})`, 'Unpack it with its password and pass the folder.');
  }
  if (!entry.canDecodeFileData()) target.refuse(`holds ${shown}, packed by an unusual method`);
  const file = target.file(name);
  if (!file) return;
  let sum = 0;
  for await (const chunk of await zip.openReadStreamPromise(entry)) {
    sum = crc32(chunk, sum);
    file.write(chunk);
  }
  file.close();
  if (sum !== entry.crc32) target.refuse(`is damaged at ${shown}`, 'Copy or download it again.');
}

/** Several packers write UTF-8 without saying so; the standard's CP437 would garble the names of classes. */
function entryName(entry: Entry): string {
  try {
    return utf8.decode(entry.fileNameRaw);
  } catch {
    return entry.fileName;
  }
}

/** The type bits of a Unix mode, 0 where the packer wrote none. */
function unixType(entry: Entry): number {
  const madeBy = entry.versionMadeBy >>> 8;
  const unixLike = madeBy === 3 || madeBy === 19;
  return unixLike ? (entry.externalFileAttributes >>> 16) & fileTypeMask : 0;
}
