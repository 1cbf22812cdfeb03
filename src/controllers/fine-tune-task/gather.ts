import { parseFineTuneTask } from '../../crds/fine-tune-task.ts';
import type { Job, Pod } from '../../crds/workloads.ts';
import { byOwner } from '../../kube/indexes.ts';
import { claims, jobs, pods, splitKey } from '../../kube/resources.ts';
import type { World } from '../../kube/world.ts';
import type { Refusals } from '../refusals.ts';
import { podsByOwner, tasks, zoos } from '../resources.ts';
import type { TrainerSettings } from '../settings.ts';
import { claimsOf } from '../storage.ts';
import { placesOf } from './jobs.ts';
import type { MemberSource, ProgressSource } from './ports.ts';
import type { View } from './view.ts';
import { zooState } from './zoo-place.ts';

export interface GatherPorts {
  readonly world: World;
  readonly progress: ProgressSource;
  readonly members: MemberSource;
  readonly refusals: Pick<Refusals, 'of'>;
  readonly settings: TrainerSettings;
}

/** All about a task, from the caches alone. Throws InputError where the task is not one that this version can read. */
export function gather(key: string, ports: GatherPorts): View | undefined {
  const { world, progress, members, refusals, settings } = ports;
  const { namespace, name } = splitKey(key);
  const stored = world.get(tasks, namespace, name);
  if (stored === undefined) return undefined;
  const task = parseFineTuneTask(stored);
  const { uid } = task.metadata;
  const zooName = task.spec.zooRef?.name;
  const zoo = zooName === undefined ? undefined : world.get(zoos, namespace, zooName);
  const usable = zooState(zooName, zoo).kind === 'ready';
  const wanted = claimsOf(placesOf({ task, zoo }));
  return {
    task,
    jobs: world.list<Job>(jobs, { index: byOwner, value: uid }),
    pods: world.list<Pod>(pods, { index: podsByOwner, value: uid }),
    podsAreCurrent: false,
    zoo,
    members: usable ? members.membersOf(zoo) : [],
    missingClaims: wanted.filter((claim) => world.get(claims, namespace, claim) === undefined),
    report: progress.latest(uid),
    refusal: refusals.of(uid),
    settings,
    answers: {},
  };
}
