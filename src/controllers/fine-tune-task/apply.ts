import type { NewJob } from '../../crds/workloads.ts';
import { AlreadyExists, Forbidden, Invalid, NotFound } from '../../kube/errors.ts';
import { jobs } from '../../kube/resources.ts';
import type { World } from '../../kube/world.ts';
import type { Authority } from '../authority.ts';
import { done, type Outcome, requeueAfter } from '../outcome.ts';
import type { Refusals } from '../refusals.ts';
import { tasks } from '../resources.ts';
import { type Action, type Decision, type Deed, isQuestion, type View } from './view.ts';

export interface ApplyPorts {
  readonly world: World;
  readonly authority: Pick<Authority, 'ensure'>;
  readonly refusals: Refusals;
}

/**
 * Writes the status where it changed, and only then does what it promises: whoever comes after a crash between the two
 * finds the promise and does the same. Throws Conflict where the task changed since it was seen; nothing is done then.
 */
export async function apply(view: View, decision: Decision, ports: ApplyPorts): Promise<Outcome> {
  const { task } = view;
  const { status, actions, requeueAfterSeconds } = decision;
  try {
    const isNews = status !== task.status && Object.keys(status).length > 0;
    if (isNews) await ports.world.applyStatus(tasks, task, status);
  } catch (error) {
    // deleted meanwhile: its Jobs go with it
    if (error instanceof NotFound) return done;
    throw error;
  }
  let refused = false;
  for (const action of actions.filter(isDeed)) refused = (await doDeed(view, action, ports)) === 'refused' || refused;
  // the next pass sees the refusal and states it
  return requeueAfter(refused ? 0 : requeueAfterSeconds);
}

const isDeed = (action: Action): action is Deed => !isQuestion(action);

async function doDeed({ task }: View, deed: Deed, ports: ApplyPorts): Promise<'done' | 'refused'> {
  const { world } = ports;
  switch (deed.do) {
    case 'createJob':
      return createJob(task.metadata, deed.job, ports);
    case 'deleteJob':
      await world.delete(jobs, deed.job);
      return 'done';
    case 'deleteTask':
      await world.delete(tasks, task);
      return 'done';
    case 'event':
      world.event(task, deed.happening);
      return 'done';
  }
}

async function createJob(
  { uid, namespace }: View['task']['metadata'],
  job: NewJob,
  { world, authority, refusals }: ApplyPorts,
): Promise<'done' | 'refused'> {
  await authority.ensure(namespace);
  try {
    await world.create(jobs, job);
  } catch (error) {
    if (error instanceof Invalid || error instanceof Forbidden) {
      refusals.note(uid, error.message);
      return 'refused';
    }
    // the name follows from task and attempt: this very Job was made before
    if (!(error instanceof AlreadyExists)) throw error;
  }
  refusals.forget(uid);
  return 'done';
}
