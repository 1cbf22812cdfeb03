import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../lib/errors.ts';
import { addMember, loadZoo, type Zoo, type ZooMember } from '../../nas/zoo.ts';
import { openArtifacts } from '../../store/open-artifacts.ts';
import type { CommandContext } from '../context.ts';
import { scratchFolder } from './planning.ts';

export interface ZooAddRequest {
  /** Folder of a zoo, or an S3 prefix that holds one. */
  readonly from: string;
  /** All of its members unless given. */
  readonly names: readonly string[];
  /** Folder of the zoo to add to; made where it is missing. */
  readonly zoo: string;
}

/**
 * Copies members of another zoo; those that share a file of weights there share it here. Names are checked before
 * anything is copied. Throws InputError where one is not there or is taken.
 */
export async function addMembers({ from, names, zoo }: ZooAddRequest, context: CommandContext): Promise<ZooMember[]> {
  await using source = await openSource(from, context);
  const found = await loadZoo(source.folder, names.length > 0 ? names : undefined);
  const taken = await membersIn(zoo);
  const twice = found.members.find(({ name }) => taken.has(name));
  if (twice !== undefined) {
    throw new InputError(
      `The zoo in "${zoo}" already has a member "${twice.name}".`,
      `Remove it first with: nasoa zoo remove ${twice.name}`,
    );
  }
  const added: ZooMember[] = [];
  for (const { folder, weights, sha256, ...member } of found.members) {
    const sharer = added.find((other) => other.sha256 === sha256);
    const source = sharer === undefined ? { copyOf: join(folder, weights) } : { sharedWith: sharer.name };
    added.push(await addMember(zoo, member, source));
  }
  return added;
}

/** Those that the zoo has already, by name; none where there is no zoo yet. */
export async function membersIn(zoo: string): Promise<ReadonlyMap<string, ZooMember>> {
  const found = await loadZoo(zoo).catch((error: unknown): Zoo => {
    if (error instanceof InputError && error.message.startsWith('There is no zoo')) return { name: 'own', members: [] };
    throw error;
  });
  return new Map(found.members.map((member) => [member.name, member]));
}

interface Source extends AsyncDisposable {
  readonly folder: string;
}

async function openSource(from: string, { env }: Pick<CommandContext, 'env'>): Promise<Source> {
  if (!from.startsWith('s3://')) return { folder: from, [Symbol.asyncDispose]: async () => {} };
  const store = await openArtifacts({ s3: { url: from } }, env);
  await mkdir(scratchFolder(env), { recursive: true });
  const folder = await mkdtemp(join(scratchFolder(env), 'zoo-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await store.download('', folder);
    return { folder, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
