import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import { hasCode, InputError } from '../lib/errors.ts';
import { dataDir } from '../lib/user-dirs.ts';
import { readMemberFolders } from './member-folders.ts';
import { type MemberRecord, parseZooIndex, type ZooIndex } from './zoo-index.ts';

const indexName = 'index.json';

/** A member and the folder that holds its weights. */
export interface ZooMember extends MemberRecord {
  readonly folder: string;
}

/** Networks to start from; those of several folders may be one zoo. */
export interface Zoo {
  readonly name: string;
  readonly members: readonly ZooMember[];
}

/** Folder of the zoo that comes with nasoa. */
export const shippedZooDir = (): string => fileURLToPath(new URL('../../zoo/default', import.meta.url));

/** Folder of the user's own members. */
export const userZooDir = (env: NodeJS.ProcessEnv = process.env): string => join(dataDir(env), 'zoo');

/**
 * The zoo in a folder, with an index or with a folder for each member: the index or the records, and every member's
 * weights are checked, hashes included. `only`: the members that are wanted; all unless given.
 * Throws InputError where there is no zoo, it lacks a member that is wanted, the index is wrong or of another version, or
 * weights are missing or altered.
 */
export async function loadZoo(dir: string, only?: readonly string[]): Promise<Zoo> {
  const found = await findMembers(dir);
  const members = only === undefined ? found.members : only.map((name) => memberOf(found, name));
  // members may share a file
  const hashes = new Map<string, Promise<string>>();
  for (const member of members) await checkWeights(member, hashes);
  return { ...found, members };
}

async function findMembers(dir: string): Promise<Zoo> {
  const index = await readIndex(dir);
  if (index !== undefined) return zooOf(dir, index);
  const members = await readMemberFolders(dir);
  if (members.length > 0) return { name: basename(dir), members };
  throw new InputError(
    `There is no zoo in "${dir}": it has no ${indexName} and no members.`,
    'Give --zoo the folder of a zoo.',
  );
}

/** The shipped zoo together with the user's own members, which win over shipped ones of the same name. */
export async function defaultZoo(env: NodeJS.ProcessEnv = process.env): Promise<Zoo> {
  const shipped = await loadZoo(shippedZooDir());
  const own = (await readIndex(userZooDir(env))) === undefined ? [] : (await loadZoo(userZooDir(env))).members;
  const kept = shipped.members.filter((member) => !own.some((other) => other.name === member.name));
  return { name: shipped.name, members: [...kept, ...own] };
}

/** The member of that name. Throws InputError that lists the names there are. */
export function memberOf(zoo: Zoo, name: string): ZooMember {
  const member = zoo.members.find((candidate) => candidate.name === name);
  if (member !== undefined) return member;
  throw new InputError(
    `The zoo "${zoo.name}" has no member "${name}".`,
    `Choose one of ${zoo.members.map((candidate) => candidate.name).join(', ') || 'another zoo: this one is empty'}.`,
  );
}

/** Path of a member's safetensors file. Throws InputError where the zoo has no member of that name. */
export function weightsPath(zoo: Zoo, name: string): string {
  const member = memberOf(zoo, name);
  return join(member.folder, member.weights);
}

/** What the caller knows of a new member; file name and hash come from its weights. */
export type NewMember = Omit<MemberRecord, 'weights' | 'sha256'>;

/** A safetensors file's bytes, a file of that kind, or the file that another member of the same zoo has already. */
export type NewWeights = Uint8Array | { readonly copyOf: string } | { readonly sharedWith: string };

/**
 * Adds a member to the zoo in `dir`, which is made where it is missing. The weights are in place before the index
 * names them, so that a reader never sees a member without weights. Throws InputError where the name is taken.
 */
export async function addMember(dir: string, member: NewMember, weights: NewWeights): Promise<ZooMember> {
  await mkdir(dir, { recursive: true });
  return await locked(dir, async () => {
    const index = (await readIndex(dir)) ?? { version: 1, name: 'own', members: [] };
    if (index.members.some((other) => other.name === member.name)) {
      throw new InputError(
        `The zoo in "${dir}" already has a member "${member.name}".`,
        'Give the new member another --name, or another --zoo.',
      );
    }
    if ('sharedWith' in weights) {
      const { weights: file, sha256 } = memberOf(zooOf(dir, index), weights.sharedWith);
      const record = { ...member, weights: file, sha256 };
      await writeIndex(dir, { ...index, members: [...index.members, record] });
      return { ...record, folder: dir };
    }
    const beside = join(dir, `.${randomUUID().slice(0, 8)}.part`);
    try {
      if (weights instanceof Uint8Array) await writeFile(beside, weights, { flush: true });
      else await copyFile(weights.copyOf, beside);
      const sha256 = await sha256Of(beside);
      const record = { ...member, weights: `${fileStem(member.name)}-${sha256.slice(0, 8)}.safetensors`, sha256 };
      const next: ZooIndex = { ...index, members: [...index.members, record] };
      checkIndex(dir, next);
      await rename(beside, join(dir, record.weights));
      await writeIndex(dir, next);
      return { ...record, folder: dir };
    } finally {
      await rm(beside, { force: true });
    }
  });
}

/**
 * Takes a member out of the zoo in `dir`, and its file of weights where no other member has the same. The index forgets it
 * first, so that a reader never misses what it names. Throws InputError where there is no such member.
 */
export async function removeMember(dir: string, name: string): Promise<ZooMember> {
  const found = await readIndex(dir);
  if (found === undefined) throw noIndex(dir);
  return await locked(dir, async () => {
    const index = (await readIndex(dir)) ?? found;
    const member = memberOf(zooOf(dir, index), name);
    const members = index.members.filter((other) => other.name !== name);
    await writeIndex(dir, { ...index, members });
    if (!members.some(({ weights }) => weights === member.weights))
      await rm(join(dir, member.weights), { force: true });
    return member;
  });
}

const zooOf = (dir: string, { name, members }: ZooIndex): Zoo => ({
  name,
  members: members.map((member) => ({ ...member, folder: dir })),
});

const noIndex = (dir: string): InputError =>
  new InputError(`The zoo in "${dir}" has no ${indexName} to change.`, 'Give --zoo the folder of a zoo with an index.');

/** What is read later is what is accepted now. */
const checkIndex = (dir: string, index: ZooIndex): unknown =>
  parseZooIndex(JSON.stringify(index), join(dir, indexName));

async function writeIndex(dir: string, index: ZooIndex): Promise<void> {
  checkIndex(dir, index);
  await writeFileAtomic(join(dir, indexName), `${JSON.stringify(index, null, 2)}\n`);
}

/** One writer at a time: two imports at once would each lose the other's entry. */
async function locked<T>(dir: string, work: () => Promise<T>): Promise<T> {
  const path = join(dir, '.lock');
  const lock = await open(path, 'wx').catch((error: unknown) => {
    if (!hasCode(error, 'EEXIST')) throw error;
    throw new InputError(
      `Another command is changing the zoo in "${dir}".`,
      `Try again when it has ended; if none runs, remove "${path}".`,
    );
  });
  try {
    return await work();
  } finally {
    await lock.close();
    await rm(path, { force: true });
  }
}

const fileStem = (name: string): string => name.replace(/[^\w.-]+/g, '-').replace(/^\.+/, '') || 'member';

async function readIndex(dir: string): Promise<ZooIndex | undefined> {
  const path = join(dir, indexName);
  try {
    return parseZooIndex(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

async function checkWeights(member: ZooMember, hashes: Map<string, Promise<string>>): Promise<void> {
  const path = join(member.folder, member.weights);
  const hash = hashes.get(path) ?? sha256Of(path);
  hashes.set(path, hash);
  let sha256: string;
  try {
    sha256 = await hash;
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    throw new InputError(
      `The weights "${path}" of the member "${member.name}" are missing.`,
      'Restore the file, or take the member out of the index.',
    );
  }
  if (sha256 === member.sha256) return;
  throw new InputError(
    `The weights "${path}" of the member "${member.name}" are not those that the index names (SHA-256 differs).`,
    'Restore the file from where the zoo came; it may have been cut off or replaced.',
  );
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
