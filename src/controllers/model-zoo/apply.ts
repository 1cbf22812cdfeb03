import { isDeepStrictEqual } from 'node:util';
import { AlreadyExists, Conflict, Forbidden, Invalid, NotFound } from '../../kube/errors.ts';
import { jobs } from '../../kube/resources.ts';
import type { World } from '../../kube/world.ts';
import type { Json } from '../../lib/json.ts';
import type { Authority } from '../authority.ts';
import { done, type Outcome, requeueAfter } from '../outcome.ts';
import type { Refusals } from '../refusals.ts';
import { zoos } from '../resources.ts';
import type { TrainerSettings } from '../settings.ts';
import type { Decision, Deed } from './decide.ts';
import { buildJob } from './jobs.ts';
import type { JobPlan, View } from './view.ts';
import type { SearchStateStore } from './zoo-state.ts';

export interface ApplyPorts {
  readonly world: World;
  readonly store: SearchStateStore;
  readonly authority: Pick<Authority, 'ensure'>;
  readonly refusals: Refusals;
  readonly settings: TrainerSettings;
}

/**
 * Carries a decision out: the state first, then the status, then Jobs. After a crash between any two writes the next
 * pass finds what is missing. Throws Conflict, with nothing more done, where another has written since.
 */
export async function apply(view: View, decision: Decision, ports: ApplyPorts): Promise<Outcome> {
  const { zoo } = view;
  const { status, deeds, requeueAfterSeconds } = decision;
  await save(view, decision, ports.store);
  try {
    if (!isDeepStrictEqual(status, zoo.status)) await ports.world.applyStatus(zoos, zoo, status);
  } catch (error) {
    // deleted meanwhile: its Jobs go with it
    if (error instanceof NotFound) return done;
    throw error;
  }
  let refused = false;
  for (const deed of deeds) refused = (await doDeed(view, deed, ports)) === 'refused' || refused;
  // the next pass sees the refusal and states it
  return requeueAfter(refused ? 0 : requeueAfterSeconds);
}

async function save({ zoo }: View, { save: wanted }: Decision, store: SearchStateStore): Promise<void> {
  if (wanted === undefined) return;
  const { uid, namespace, name } = zoo.metadata;
  const { state, expectedRevision } = wanted;
  // a state is JSON, though its interfaces do not say so
  const revision = await store.save(uid, state.version, state as unknown as Json, expectedRevision);
  if (revision !== undefined) return;
  throw new Conflict(
    `The state of the zoo ${namespace}/${name} was written by another process.`,
    'Nothing needs to be done: the next pass reads it.',
  );
}

async function doDeed(view: View, deed: Deed, ports: ApplyPorts): Promise<'done' | 'refused'> {
  const { world } = ports;
  const { zoo } = view;
  if (deed.do === 'createJob') return await createJob(view, deed.plan, ports);
  if (deed.do === 'event') world.event(zoo, deed.happening);
  else {
    const job = world.get(jobs, zoo.metadata.namespace, deed.name);
    if (job !== undefined) await world.delete(jobs, job);
  }
  return 'done';
}

async function createJob(
  { zoo }: View,
  plan: JobPlan,
  { world, authority, refusals, settings }: ApplyPorts,
): Promise<'done' | 'refused'> {
  const { uid, namespace } = zoo.metadata;
  await authority.ensure(namespace);
  try {
    await world.create(jobs, buildJob(zoo, plan, settings));
  } catch (error) {
    if (error instanceof Invalid || error instanceof Forbidden) {
      refusals.note(uid, error.message);
      return 'refused';
    }
    // the name follows from candidate or member and attempt: this very Job was made before
    if (!(error instanceof AlreadyExists)) throw error;
  }
  refusals.forget(uid);
  return 'done';
}
