/** A zoo out of a search: the best of its front are pre-trained one after the other, by what a pod of a ModelZoo does. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PretrainingJob } from '../../crds/trainer-job.ts';
import { InputError } from '../../lib/errors.ts';
import { chooseMembers } from '../../nas/front.ts';
import { nsga2Search } from '../../nas/nsga2.ts';
import { isAllowed } from '../../nas/objectives.ts';
import type { SearchProgress } from '../../nas/search.ts';
import { addMember, defaultZoo, loadZoo, memberOf, type ZooMember } from '../../nas/zoo.ts';
import { silentLog } from '../../server/logger.ts';
import type { CommandContext } from '../context.ts';
import { Activity, type PodContext } from '../pod/context.ts';
import { Staged } from '../pod/failures.ts';
import { openPlace } from '../pod/places.ts';
import { runPretraining } from '../pod/pretraining-job.ts';
import { readSearchFile, type SearchFile } from '../search/search-file.ts';
import { scratchFolder } from './planning.ts';
import { membersIn } from './zoo-add.ts';

export interface PretrainingRequest {
  /** Data set that the members are pre-trained on. */
  readonly path: string;
  /** Folder of the zoo that they are made for; what is not finished lies below it. */
  readonly zoo: string;
  readonly epochs: number;
  /** Member of that zoo, of the user's or of the shipped one, whose answers they learn from beside the labels. */
  readonly teacher: string | undefined;
  readonly validationShare: number;
  readonly seed: number;
  /** Longest that the step times of a member are measured. */
  readonly measuringSeconds: number;
}

/** The zoo is made where it is missing. */
export interface ZooBuildRequest extends PretrainingRequest {
  /** Folder of a search. */
  readonly search: string;
  /** How many members the search gives. */
  readonly size: number;
  /** Their names are this with a number, fastest first. */
  readonly prefix: string;
  /** Of those, the only one to make; undefined makes all. Several processes, each with a zoo of its own, share the work so. */
  readonly only: string | undefined;
  readonly licence: string;
}

export interface ZooBuildOutcome {
  readonly ended: 'done' | 'interrupted';
  /** Those of the search that are in the zoo now. */
  readonly members: readonly ZooMember[];
  /** Still to be made. */
  readonly missing: readonly string[];
}

type PretrainingContext = Pick<CommandContext, 'clock' | 'env' | 'signal' | 'reporter'>;

/** One member that is to be made. */
export interface Wanted {
  readonly name: string;
  readonly encoding: string;
}

/**
 * Members that the zoo has already are left as they are, so that the same command goes on after a kill: a member's
 * training from its checkpoint, the others from where they were. Throws InputError where the search or the data cannot be
 * used, or where a name is taken by another network.
 */
export async function buildZoo(request: ZooBuildRequest, context: CommandContext): Promise<ZooBuildOutcome> {
  const wanted = wantedMembers(request, await searchIn(request.search));
  for (const [i, one] of wanted.entries()) {
    const { name, encoding } = one;
    const there = (await membersIn(request.zoo)).get(name);
    if (there !== undefined && there.encoding !== encoding) throw taken(name, request);
    if (there !== undefined) continue;
    const made = await pretrainMember(request, one, i + 1, context);
    if (made === undefined) break;
    const { folder, weights, sha256: _, ...member } = made;
    await addMember(request.zoo, { ...member, licence: request.licence }, { copyOf: join(folder, weights) });
  }
  const members = [...(await membersIn(request.zoo)).values()].filter(({ name }) =>
    wanted.some((w) => w.name === name),
  );
  const missing = wanted.map(({ name }) => name).filter((name) => !members.some((member) => member.name === name));
  if (missing.length === 0) await forgetWork(request);
  return { ended: missing.length === 0 ? 'done' : 'interrupted', members, missing };
}

const workIn = ({ zoo }: PretrainingRequest): string => join(zoo, '.build');

/** What was made beside the zoo; to be removed once it is in the zoo. */
export const forgetWork = (request: PretrainingRequest): Promise<void> =>
  rm(workIn(request), { recursive: true, force: true });

/**
 * Pre-trains one member beside the zoo, which is left as it is; `number` tells it from others that are made there. Undefined
 * where it was interrupted: the same call goes on. Throws InputError where the data or the teacher cannot be used.
 */
export async function pretrainMember(
  request: PretrainingRequest,
  wanted: Wanted,
  number: number,
  context: PretrainingContext,
): Promise<ZooMember | undefined> {
  const work = workIn(request);
  const job = { ...jobOf(request, wanted, number), ...(await findTeacher(request, context)) };
  const message = await pretrained(job, work, request, context);
  return message.kind === 'pretraining' ? memberOf(await loadZoo(work, [wanted.name]), wanted.name) : undefined;
}

async function searchIn(folder: string): Promise<SearchFile> {
  const found = await readSearchFile(folder);
  if (found !== undefined) return found;
  throw new InputError(`There is no search in "${folder}".`, 'Make one with: nasoa search DATA --out FOLDER');
}

/** The front of a search, thinned to `size` members, fastest first. */
export function searchedMembers(
  file: SearchFile,
  { size, prefix }: Pick<ZooBuildRequest, 'size' | 'prefix'>,
): readonly Wanted[] {
  const { settings } = file.search;
  const { evaluated }: SearchProgress = nsga2Search.progress(file.search);
  const allowed = evaluated.filter((one) => isAllowed(one, settings));
  const chosen = chooseMembers(allowed, settings.objectives, size);
  return chosen.map(({ encoding }, i) => ({ name: `${prefix}-${i + 1}`, encoding }));
}

function wantedMembers(request: ZooBuildRequest, file: SearchFile): readonly Wanted[] {
  const { search, only } = request;
  const wanted = searchedMembers(file, request);
  const some = only === undefined ? wanted : wanted.filter(({ name }) => name === only);
  if (some.length > 0) return some;
  if (wanted.length > 0) {
    const names = wanted.map(({ name }) => name).join(', ');
    throw new InputError(`The search gives no member "${only}".`, `Give --only one of: ${names}.`);
  }
  throw new InputError(
    `The search in "${search}" has no candidate that was trained in full.`,
    'Let it go on with the command that it was begun with.',
  );
}

async function findTeacher(
  { teacher, zoo }: PretrainingRequest,
  { env }: PretrainingContext,
): Promise<Pick<PretrainingJob, 'teacher' | 'teacherZoo'>> {
  if (teacher === undefined) return {};
  const found = (await membersIn(zoo)).get(teacher) ?? (await defaultZoo(env)).members.find((m) => m.name === teacher);
  if (found !== undefined) return { teacher, teacherZoo: { kind: 'folder', path: found.folder } };
  throw new InputError(`There is no member "${teacher}" to learn from.`, 'See which there are with: nasoa zoo list');
}

const taken = (name: string, { zoo }: ZooBuildRequest): InputError =>
  new InputError(
    `The zoo in "${zoo}" has another network under the name "${name}".`,
    `Give another --prefix, or remove it first with: nasoa zoo remove ${name} --zoo ${zoo}`,
  );

function jobOf(request: PretrainingRequest, { name, encoding }: Wanted, number: number): PretrainingJob {
  const { path, zoo, epochs, teacher, validationShare, seed } = request;
  return {
    kind: 'pretraining',
    // a checkpoint of another member, of other epochs or of another teacher is none of this one
    task: { namespace: '', name, uid: [name, encoding, epochs, teacher].join(' ') },
    ...{ member: name, encoding, epochs, seed, attempt: 1, memoryPlan: 0 },
    ...{ budgetSeconds: Number.MAX_VALUE, spentSeconds: 0, traceId: '' },
    data: { place: { kind: 'folder', path }, format: 'folder', validationShare },
    output: {
      place: { kind: 'folder', path: workIn(request) },
      folder: `members/${number}`,
      // in a pod every folder is on a claim; here nobody reads which
      claim: { claimName: '', path: '' },
    },
    zoo: { kind: 'folder', path: zoo },
    report: { url: '', audience: '', tokenPath: '', caPath: '' },
  };
}

async function pretrained(
  job: PretrainingJob,
  work: string,
  { measuringSeconds }: PretrainingRequest,
  { clock, env, signal, reporter }: PretrainingContext,
): ReturnType<typeof runPretraining> {
  const scratch = scratchFolder(env);
  await mkdir(work, { recursive: true });
  const context: PodContext = {
    ...{ clock, env, signal, scratch, measuringSeconds, log: silentLog },
    openStore: (place, role) => openPlace(place, role, env),
    activity: new Activity(clock, 0),
    report: ({ step, steps, preparing, ...progress }) =>
      reporter.progress(
        preparing === undefined
          ? { phase: job.member, done: step, total: steps, ...progress }
          : { phase: `${job.member}, ${preparing.what}`, done: preparing.done, total: preparing.total },
      ),
  };
  reporter.phase(job.member);
  try {
    return await runPretraining(job, context);
  } catch (error) {
    throw error instanceof Staged ? error.cause : error;
  }
}
