/** Tasks as they change, without asking again and again: a list, then watches that survive outages. */
import type { FineTuneTask } from '../../crds/fine-tune-task.ts';
import { Cache } from '../../kube/cache.ts';
import type { KubeLog } from '../../kube/log.ts';
import { Reflector } from '../../kube/reflector.ts';
import { fineTuneTasks } from '../../kube/resources.ts';
import { pause } from '../../kube/timers.ts';
import type { Cluster } from './cluster.ts';
import { inOrder } from './tasks.ts';

export interface FollowOptions {
  /** One task; all of the namespace where absent. */
  readonly name?: string;
  readonly signal: AbortSignal;
  /** Told once for each outage. */
  readonly onOutage: () => void;
  /** Gives what there is again after this long, although nothing changed; never where absent. */
  readonly everySeconds?: number;
}

/** Changes within this time come together. */
const gatherSeconds = 0.2;
/** Lost watches are usual; so many in a row are an outage. */
const failuresOfOutage = 2;

/** Gives the tasks at once and after each change, until the signal aborts or the caller has enough. */
export async function* followTasks(cluster: Cluster, options: FollowOptions): AsyncGenerator<readonly FineTuneTask[]> {
  const { api, timers, rng, namespace } = cluster;
  const { name, signal, everySeconds } = options;
  const cache = new Cache<FineTuneTask>({ resource: fineTuneTasks });
  const fields = name === undefined ? undefined : { 'metadata.name': name };
  const log = outageLog(options.onOutage);
  const reflector = new Reflector({ resource: fineTuneTasks, namespace, fields, api, cache, timers, rng, log });
  const stop = new AbortController();
  const until = AbortSignal.any([signal, stop.signal]);
  let change = Promise.withResolvers<void>();
  cache.subscribe(() => change.resolve());
  const running = reflector.run(until);
  const ended = new Promise<void>((resolve) => {
    if (until.aborted) resolve();
    until.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    await Promise.race([reflector.synced, ended]);
    while (!signal.aborted) {
      // before the caller looks: what changes meanwhile is not to be missed
      change = Promise.withResolvers();
      yield inOrder(cache.list());
      const tick = new AbortController();
      const again = everySeconds === undefined ? [] : [pause(timers, everySeconds, tick.signal)];
      await Promise.race([change.promise, ended, ...again]);
      tick.abort();
      await pause(timers, gatherSeconds, until);
    }
  } finally {
    stop.abort();
    await running;
  }
}

const outageLog = (onOutage: () => void): KubeLog => ({
  info: () => undefined,
  warn: (_message, { failures }) => {
    if (failures === failuresOfOutage) onOutage();
  },
});
