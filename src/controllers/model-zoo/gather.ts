import { controllerOf } from '../../crds/kubernetes.ts';
import { type ModelZoo, parseModelZoo } from '../../crds/model-zoo.ts';
import type { Job, Pod } from '../../crds/workloads.ts';
import { byOwner } from '../../kube/indexes.ts';
import { claims, jobs, pods, splitKey } from '../../kube/resources.ts';
import type { World } from '../../kube/world.ts';
import type { Clock } from '../../lib/clock.ts';
import { activeSecondsAfter, hasEnded, isFinished, jobState, podsOf, spentSecondsBefore } from '../job-state.ts';
import type { Refusals } from '../refusals.ts';
import { podsByOwner, zoos } from '../resources.ts';
import { claimsOf } from '../storage.ts';
import { conditionOf, type Waiting } from '../waiting.ts';
import { identityOf, placesOf } from './jobs.ts';
import { restSecondsOf } from './rest.ts';
import type { JobView, View } from './view.ts';

export interface GatherPorts {
  readonly world: World;
  readonly refusals: Pick<Refusals, 'of'>;
  readonly clock: Clock;
}

/**
 * All about a zoo, from the caches unless its pods are given; undefined where there is none, or none any more. What the
 * store keeps is asked for later. Throws InputError where the zoo is not one that this version can read.
 */
export function gather(
  key: string,
  { world, refusals, clock }: GatherPorts,
  currentPods?: readonly Pod[],
): View | undefined {
  const { namespace, name } = splitKey(key);
  const stored = world.get(zoos, namespace, name);
  if (stored === undefined || stored.metadata.deletionTimestamp !== undefined) return undefined;
  const zoo = parseModelZoo(stored);
  const { uid } = zoo.metadata;
  const ownJobs = world.list<Job>(jobs, { index: byOwner, value: uid });
  const ownPods = currentPods ?? world.list<Pod>(pods, { index: podsByOwner, value: uid });
  const nowSeconds = clock.date().getTime() / 1000;
  return {
    zoo,
    kept: 'unknown',
    jobs: ownJobs.flatMap((job) => jobView(zoo, job, podsOf(job, ownPods), nowSeconds) ?? []),
    podsAreCurrent: currentPods !== undefined,
    lingering: lingeringOf(ownJobs, ownPods),
    missing: missingOf(world, zoo),
    refusal: refusals.of(uid),
  };
}

/** Undefined for a Job that is none of a zoo's, whatever made it. */
function jobView(zoo: ModelZoo, job: Job, ownPods: readonly Pod[], nowSeconds: number): JobView | undefined {
  const { name, deletionTimestamp } = job.metadata;
  const identity = identityOf(name);
  if (identity === undefined) return undefined;
  const seen = {
    ...identity,
    name,
    state: jobState(job, ownPods, undefined, nowSeconds),
    seconds: activeSecondsAfter(spentSecondsBefore(job, ownPods), ownPods),
    wordsToCome: isFinished(job) && ownPods.some((pod) => !hasEnded(pod)),
    deleting: deletionTimestamp !== undefined,
  };
  const endedAt = conditionOf(job.status?.conditions, 'Failed')?.lastTransitionTime;
  // the Jobs of a suspended zoo go, and their ends must be in its state by then
  return { ...seen, restSeconds: zoo.spec.suspend ? 0 : restSecondsOf(seen, endedAt, nowSeconds) };
}

function lingeringOf(ownJobs: readonly Job[], ownPods: readonly Pod[]): readonly string[] {
  const uids = new Set(ownJobs.map(({ metadata }) => metadata.uid));
  const names = ownPods
    .filter((pod) => !hasEnded(pod))
    .flatMap(({ metadata }) => controllerOf(metadata) ?? [])
    .filter(({ uid }) => !uids.has(uid))
    .map(({ name }) => name);
  return [...new Set(names)];
}

function missingOf(world: World, zoo: ModelZoo): readonly Waiting[] {
  const { namespace } = zoo.metadata;
  const names = new Set(placesOf(zoo).flatMap(claimsOf));
  return [...names]
    .filter((name) => world.get(claims, namespace, name) === undefined)
    .map((name) => ({ reason: 'ClaimNotFound', message: `The claim ${name} does not exist in the namespace.` }));
}
