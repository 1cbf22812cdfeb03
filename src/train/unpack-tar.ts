import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import type { UnpackTarget } from './unpack-target.ts';

const plainTypes = new Set(['File', 'OldFile', 'ContiguousFile']);
const folderTypes = new Set(['Directory', 'GNUDumpDir']);

/** Unpacks a tar, gunzipping it first where asked. Throws InputError through `target`, and zlib's own errors. */
export async function unpackTar(
  path: string,
  gzip: boolean,
  target: UnpackTarget,
  signal?: AbortSignal,
): Promise<void> {
  let failure: unknown;
  let sawEnd = false;
  const parser = new Parser({ strict: true, zstd: false, onReadEntry: (entry) => unpackEntry(entry, target) });
  parser.on('ignoredEntry', (entry: ReadEntry) => {
    failure ??= new Error(`${JSON.stringify(entry.path)} is of an unknown kind (${entry.type})`);
  });
  parser.on('error', (error) => {
    failure ??= error;
  });
  parser.on('eof', () => {
    sawEnd = true;
  });
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of tarBytes(path, gzip, target)) {
    signal?.throwIfAborted();
    // the parser would unpack a gzip in the gzip by itself, past our count of bytes
    if (head) {
      head = Buffer.concat([head, chunk]);
      if (head.length < 512) continue;
      if (head[0] === 0x1f && head[1] === 0x8b) target.refuse('is compressed twice');
    }
    // what follows the end mark is padding, which the parser would gather in ever larger buffers
    if (!sawEnd) parser.write(head ?? chunk);
    head = undefined;
    if (failure !== undefined) throw failure;
  }
  if (head) target.refuse(head.length === 0 ? 'is empty' : 'is cut off or not a tar at all');
  parser.end();
  if (failure !== undefined) throw failure;
  if (!sawEnd) target.refuse('is cut off: the mark at its end is missing', 'Copy or download it again.');
}

async function* tarBytes(path: string, gzip: boolean, target: UnpackTarget): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  const bytes: Readable = gzip ? file.pipe(createGunzip({ chunkSize: 1 << 18 })) : file;
  if (gzip) file.on('error', (error) => bytes.destroy(error));
  // the target counts what is written; this count also stops endless padding between entries
  let passed = 0;
  try {
    for await (const chunk of bytes) {
      passed += chunk.length;
      target.checkSize(passed);
      yield chunk;
    }
  } finally {
    file.destroy();
  }
}

/** Runs within `parser.write`, so that what is thrown here reaches the caller. */
function unpackEntry(entry: ReadEntry, target: UnpackTarget): void {
  target.countEntry();
  if (folderTypes.has(entry.type)) {
    target.folder(entry.path);
    entry.resume();
    return;
  }
  if (!plainTypes.has(entry.type)) {
    target.refuse(`holds ${JSON.stringify(entry.path)}, which is no plain file (${entry.type})`);
  }
  const file = target.file(entry.path);
  if (file) {
    entry.on('data', (chunk) => file.write(chunk));
    entry.on('end', () => file.close());
  } else {
    entry.resume();
  }
}
