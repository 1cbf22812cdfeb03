/**
 * A folder as text in a pod's log: the one way out of a claim that needs neither a network of its own nor websockets.
 * Lines of base64 of a gzipped tar, each marked, and a last line with its digest: a log may mix in other lines, or lose
 * some of its own when the node rotates it.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { create, extract } from 'tar';
import { InputError, RunError } from '../../lib/errors.ts';
import { filesBelow } from '../../store/folder-files.ts';
import { outputNames } from '../../train/result.ts';

const dataMark = '= ';
const endMark = '. ';
/** A multiple of 3, so that lines need no padding; short of the 16 KiB at which runtimes cut lines. */
const bytesPerLine = 6144;

/** The folder's finished files but for a checkpoint, as lines. Throws InputError where there is nothing. */
export async function* packFolder(folder: string): AsyncGenerator<string> {
  const files = (await filesBelow(folder))
    .map(({ path }) => path)
    .filter((path) => !path.startsWith(`${outputNames.checkpoint}/`))
    .sort();
  if (files.length === 0) throw new InputError(`There are no files in "${folder}".`, 'Correct the path.');
  const hash = createHash('sha256');
  let bytes = 0;
  let rest = Buffer.alloc(0);
  // weights hardly shrink: the fastest level
  for await (const chunk of create({ cwd: folder, gzip: { level: 1 }, portable: true }, files)) {
    hash.update(chunk);
    bytes += chunk.length;
    rest = Buffer.concat([rest, chunk]);
    const whole = rest.length - (rest.length % bytesPerLine);
    for (let at = 0; at < whole; at += bytesPerLine) yield lineOf(rest.subarray(at, at + bytesPerLine));
    rest = rest.subarray(whole);
  }
  if (rest.length > 0) yield lineOf(rest);
  yield `${endMark}${hash.digest('hex')} ${bytes}\n`;
}

const lineOf = (bytes: Uint8Array): string => `${dataMark}${Buffer.from(bytes).toString('base64')}\n`;

export interface Unpacked {
  readonly whole: boolean;
  /** The last line that was none of ours: what the packing program said, where it failed. */
  readonly words: string;
}

/** Writes what the lines of a log carry into a file; whole where its digest is right. `onBytes` may throw to end it. */
export async function readPacked(
  chunks: AsyncIterable<Uint8Array>,
  file: string,
  onBytes: (bytes: number) => void,
): Promise<Unpacked> {
  const hash = createHash('sha256');
  let [bytes, words, end] = [0, '', ''];
  const target = await open(file, 'w');
  const take = async (line: string): Promise<void> => {
    if (line.startsWith(dataMark)) {
      const data = Buffer.from(line.slice(dataMark.length), 'base64');
      hash.update(data);
      bytes += data.length;
      await writeAll(target, data);
      onBytes(bytes);
    } else if (line.startsWith(endMark)) end = line.slice(endMark.length).trim();
    else if (line.trim() !== '') words = line.trim();
  };
  try {
    for await (const line of linesOf(chunks)) await take(line);
  } finally {
    await target.close();
  }
  return { whole: end !== '' && end === `${hash.digest('hex')} ${bytes}`, words };
}

async function writeAll(file: FileHandle, data: Uint8Array): Promise<void> {
  for (let at = 0; at < data.length; ) at += (await file.write(data, at)).bytesWritten;
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let parts: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      yield Buffer.concat([...parts, chunk.subarray(start, end)]).toString('utf8');
      parts = [];
      start = end + 1;
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
  if (parts.length > 0) yield Buffer.concat(parts).toString('utf8');
}

/** Unpacks plain files and folders alone, none of them outside `folder`, which has to be there. */
export async function unpackInto(file: string, folder: string): Promise<void> {
  try {
    await extract({
      ...{ file, cwd: folder, strict: true, preserveOwner: false },
      filter: (_path, entry) => 'type' in entry && (entry.type === 'File' || entry.type === 'Directory'),
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new RunError(`The artifact cannot be unpacked: ${why}.`, 'Check the space on this disk; then try again.', {
      cause: error,
    });
  }
}
