/** The Jobs of a task: what the trainer is told, and the Job that tells it. */

import type { TrainerJob } from '../../crds/trainer-job.ts';
import type { NewJob } from '../../crds/workloads.ts';
import { parseDuration } from '../../lib/duration.ts';
import { outputFolder, reportTarget, traceIdOf, trainerJob } from '../pods.ts';
import { type Places, placeOf, trainerData, trainerOutput } from '../storage.ts';
import { type Facts, longestRunSeconds, suffixOf } from './facts.ts';
import type { View } from './view.ts';
import { placeOfZoo, readyMembers, trainerZoo } from './zoo-place.ts';

/** Where nobody set a deadline for the wait, a Job may wait for a node for this long before the backstop ends it. */
const longestWaitSeconds = 30 * 86400;

/** All that a pod of the task has to reach. */
export function placesOf({ task: { spec }, zoo }: Pick<View, 'task' | 'zoo'>): Places {
  const zooPlace = zoo === undefined ? undefined : placeOfZoo(zoo);
  return {
    data: placeOf(spec.data),
    output: placeOf(spec.output),
    ...(zooPlace === undefined ? {} : { zoo: zooPlace }),
  };
}

/** The Job of the current attempt, which the status promises already. */
export function jobOf(facts: Facts): NewJob {
  const { view, owner, spec, role, attempts } = facts;
  const waitSeconds =
    spec.startDeadline === undefined ? longestWaitSeconds : parseDuration(spec.startDeadline, 'startDeadline');
  const job = trainerJobOf(facts);
  return trainerJob(
    {
      ...{ owner, job, suffix: suffixOf(role, attempts[role]), places: placesOf(view) },
      ...{ resources: spec.resources, pod: spec.pod, queueName: spec.queueName },
      backstopSeconds: waitSeconds + 2 * longestRunSeconds(facts.budgetSeconds, job.spentSeconds),
    },
    view.settings,
  );
}

function trainerJobOf(facts: Facts): TrainerJob {
  const { view, owner, spec, role, attempts, status, budgetSeconds } = facts;
  const { namespace, name, uid } = view.task.metadata;
  const base = {
    task: { namespace, name, uid },
    attempt: attempts[role],
    data: trainerData(spec.data),
    output: trainerOutput(spec.output, outputFolder(owner)),
    zoo: trainerZoo(view.zoo, view.settings),
    budgetSeconds,
    spentSeconds: status.activeSeconds ?? 0,
    seed: spec.seed,
    memoryPlan: attempts.memoryPlan,
    report: reportTarget(owner, view.settings),
    traceId: traceIdOf(owner.metadata.uid),
  };
  const { plan } = status;
  if (role === 'profile' || plan === undefined) {
    return {
      ...base,
      kind: 'profile',
      ...(spec.members === undefined ? {} : { members: spec.members }),
      ...(view.zoo === undefined ? {} : { readyMembers: readyMembers(view.zoo) }),
      ...(spec.regime === undefined ? {} : { regime: spec.regime }),
    };
  }
  const { runnersUp, tradeOff, plannedAt: _, ...rest } = plan;
  return { ...base, kind: 'training', plan: rest, ...(spec.replan ? { replan: { runnersUp, tradeOff } } : {}) };
}
