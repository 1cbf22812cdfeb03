import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { hasCode, InputError } from '../lib/errors.ts';
import type { Experience } from '../planner/types.ts';
import { parseExperienceLine } from './parse-experience.ts';

/** Far beyond any real list, and small enough not to fill the memory. */
const mostBytes = 64 * 2 ** 20;

/**
 * The experience that a zoo ships, from `experience.jsonl` or `experience.jsonl.gz`; empty where there is no such file.
 * Throws InputError where it is damaged: a shipped list is whole or wrong.
 */
export async function readShippedExperience(path: string): Promise<readonly Experience[]> {
  const bytes = await readFile(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (bytes === undefined) return [];
  const lines = (path.endsWith('.gz') ? await unpack(bytes, path) : bytes).toString('utf8').split('\n');
  return lines.flatMap((line, i) => {
    if (line.trim() === '') return [];
    const { experience, reason } = parseExperienceLine(line);
    if (!experience) throw damaged(path, `line ${i + 1}: ${reason}`);
    return [experience];
  });
}

async function unpack(bytes: Buffer, path: string): Promise<Buffer> {
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: mostBytes });
  } catch (cause) {
    throw damaged(path, 'it cannot be unpacked', cause);
  }
}

const damaged = (path: string, what: string, cause?: unknown): InputError =>
  new InputError(
    `The zoo's experience ${path} is damaged: ${what}.`,
    'Restore the file from where the zoo came from, or delete it to plan without it.',
    { cause },
  );

/**
 * The zoo's and the user's own runs as one list in the order of time, each id once (the user's record wins). Done when
 * planning, so that the shipped runs are never stored a second time and a newer zoo brings its own.
 */
export function mergeExperience(shipped: readonly Experience[], own: readonly Experience[]): readonly Experience[] {
  const byId = new Map([...shipped, ...own].map((e) => [e.id, e]));
  return [...byId.values()].sort(
    (a, b) => Date.parse(a.finishedAt) - Date.parse(b.finishedAt) || (a.id < b.id ? -1 : 1),
  );
}
