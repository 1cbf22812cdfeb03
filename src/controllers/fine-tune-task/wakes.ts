/** What makes the controller look at a task: a change of the task itself, or of anything that its view holds. */
import { isDeepStrictEqual } from 'node:util';
import type { FineTuneTask } from '../../crds/fine-tune-task.ts';
import type { PersistentVolumeClaim } from '../../crds/kubernetes.ts';
import type { ModelZoo } from '../../crds/model-zoo.ts';
import type { Job, Pod } from '../../crds/workloads.ts';
import type { Cache } from '../../kube/cache.ts';
import type { Index } from '../../kube/indexes.ts';
import type { WorkQueue } from '../../kube/work-queue.ts';
import { wakingOwners } from '../owned.ts';
import { byUid, tasksByClaim, tasksByZoo, unansweredTasks } from '../resources.ts';
import { zooState } from './zoo-place.ts';

export interface TaskCaches {
  /** With the indexes `byUid`, `tasksByClaim` and `tasksByZoo`. */
  readonly tasks: Cache<FineTuneTask>;
  /** Jobs and pods of the trainer. */
  readonly jobs: Cache<Job>;
  readonly pods: Cache<Pod>;
  readonly claims: Cache<PersistentVolumeClaim>;
  readonly zoos: Cache<ModelZoo>;
}

/** Indexes that the cache of tasks needs. */
export const taskIndexes: readonly Index<FineTuneTask>[] = [byUid, tasksByClaim, tasksByZoo, unansweredTasks];

/** For a new leader: who waits for an answer comes first; the others are most likely as the leader before left them. */
export function lookAtAllTasks(tasks: Cache<FineTuneTask>, queue: Pick<WorkQueue, 'add' | 'review'>): void {
  for (const key of tasks.findKeys(unansweredTasks, '')) queue.add(key);
  for (const key of tasks.keys()) queue.review(key);
}

/** `add`: puts the key of a task into the queue. Returns how to stop. */
export function wakeTasks({ tasks, jobs, pods, claims, zoos }: TaskCaches, add: (key: string) => void): () => void {
  const addAll = (keys: readonly string[]): void => {
    for (const key of keys) add(key);
  };
  const owned = wakingOwners(tasks, add);
  const stops = [
    tasks.subscribe(({ key }) => add(key)),
    jobs.subscribe(owned),
    pods.subscribe(owned),
    claims.subscribe(({ key, now, before }) => {
      // a claim that only changes is there before and after
      if (now === undefined || before === undefined) addAll(tasks.findKeys(tasksByClaim, key));
    }),
    zoos.subscribe(({ key, now, before }) => {
      // a search tells its progress all the time, and concerns nobody who waits for its end
      if (!isDeepStrictEqual(stateOf(now), stateOf(before))) addAll(tasks.findKeys(tasksByZoo, key));
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

const stateOf = (zoo: ModelZoo | undefined) => zooState(zoo?.metadata.name ?? 'gone', zoo);
