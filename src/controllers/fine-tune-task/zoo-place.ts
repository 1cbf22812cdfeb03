/** Where a task's zoo lies, and whether it can be used. */
import { findCondition, isTrue } from '../../crds/conditions.ts';
import type { ModelZoo } from '../../crds/model-zoo.ts';
import type { TrainerPlace } from '../../crds/trainer-job.ts';
import type { MemberInfo } from '../../planner/types.ts';
import type { TrainerSettings } from '../settings.ts';
import { type Place, trainerPlace } from '../storage.ts';

/** The place of a zoo that is ready; undefined where it has none. */
export function placeOfZoo({ spec, status }: ModelZoo): Place | undefined {
  const artifact = status?.artifact;
  if (artifact === undefined) return undefined;
  if (artifact.claim !== undefined) return { claim: artifact.claim };
  // who wrote it there could reach it: the address and the keys are those of the output
  return spec.output.s3 === undefined ? undefined : { s3: { ...spec.output.s3, url: artifact.url } };
}

/** The zoo for the trainer: the artifact, or what its image brings along. */
export function trainerZoo(zoo: ModelZoo | undefined, { zooFolder }: TrainerSettings): TrainerPlace {
  const place = zoo === undefined ? undefined : placeOfZoo(zoo);
  return place === undefined ? { kind: 'folder', path: zooFolder } : trainerPlace('zoo', place);
}

/** Names of the members that have their weights; what else lies in the place of a zoo is not to be used. */
export const readyMembers = ({ status }: ModelZoo): readonly string[] =>
  (status?.members ?? []).filter(({ phase }) => phase === 'Ready').map(({ name }) => name);

export type ZooState =
  | { readonly kind: 'ready' }
  | { readonly kind: 'missing' | 'making' | 'failed'; readonly message: string };

/** `name`: of zooRef; undefined for the zoo in the image, which is always there. */
export function zooState(name: string | undefined, zoo: ModelZoo | undefined): ZooState {
  if (name === undefined) return { kind: 'ready' };
  if (zoo === undefined) return { kind: 'missing', message: `The ModelZoo ${name} does not exist.` };
  const { conditions, phase = 'Pending' } = zoo.status ?? {};
  const failed = findCondition(conditions, 'Failed');
  if (failed?.status === 'True') return { kind: 'failed', message: `The ModelZoo ${name} failed: ${failed.message}` };
  if (isTrue(conditions, 'Ready') && placeOfZoo(zoo) !== undefined) return { kind: 'ready' };
  return { kind: 'making', message: `The ModelZoo ${name} is not ready yet; its phase is ${phase}.` };
}

/** Members that the task may start from; all where it names none. */
export const allowedMembers = (
  members: readonly MemberInfo[],
  names: readonly string[] | undefined,
): readonly MemberInfo[] => (names === undefined ? members : members.filter(({ name }) => names.includes(name)));
