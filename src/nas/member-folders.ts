/**
 * A zoo that several programs make at a time: each member lies in a folder of its own, `members/ANY/`, with its record
 * beside its weights. There is no index that one would have to write for all, so nobody waits for anybody; a record is
 * written when its weights are there, so what has a record is whole.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../lib/errors.ts';
import type { NewMember, ZooMember } from './zoo.ts';
import { type MemberRecord, parseMemberRecord } from './zoo-index.ts';

/** Relative to the zoo, and in a member's folder. */
export const memberNames = { members: 'members', record: 'member.json', weights: 'weights.safetensors' } as const;

/** The record of a member with these bytes as its weights. */
export function recordOf(member: NewMember, weights: Uint8Array): MemberRecord {
  const sha256 = createHash('sha256').update(weights).digest('hex');
  return { ...member, weights: memberNames.weights, sha256 };
}

export const encodeRecord = (record: MemberRecord): string => `${JSON.stringify(record, null, 2)}\n`;

/** Members in the order of their folders, numbers by value; those without a record are left out. Throws InputError. */
export async function readMemberFolders(dir: string): Promise<readonly ZooMember[]> {
  const members: ZooMember[] = [];
  for (const name of (await foldersIn(join(dir, memberNames.members))).toSorted(byNumber)) {
    const folder = join(dir, memberNames.members, name);
    const record = await readRecord(join(folder, memberNames.record));
    if (record !== undefined) members.push({ ...record, folder });
  }
  return members;
}

export const byNumber = (a: string, b: string): number => Number(a) - Number(b) || (a < b ? -1 : a > b ? 1 : 0);

async function readRecord(path: string): Promise<MemberRecord | undefined> {
  try {
    return parseMemberRecord(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function foldersIn(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return [];
    throw error;
  }
}
