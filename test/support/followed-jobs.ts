import type { Job } from '../../src/crds/workloads.ts';
import { Cache } from '../../src/kube/cache.ts';
import { noMetrics } from '../../src/kube/metrics.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { jobs, keyOf } from '../../src/kube/resources.ts';
import { createRng } from '../../src/lib/rng.ts';
import { aClient, type FakeClient } from './fake-client.ts';
import { isList, isWatch } from './fake-request.ts';
import { eventually } from './manual-timers.ts';

export const jobNamed = (name: string, namespace = 'team') => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, namespace, labels: { role: 'training' } },
});

/** Jobs on a fake API server, and a reflector that follows them. */
export class FollowedJobs implements AsyncDisposable {
  readonly client: FakeClient;
  /** Names of the objects that the cache has cut to what it keeps, in order. */
  readonly trimmed: string[] = [];
  readonly cache = new Cache<Job>({
    resource: jobs,
    trim: (job) => {
      this.trimmed.push(job.metadata.name);
      return job;
    },
  });
  readonly reflector: Reflector<Job>;
  /** How watches ended. */
  readonly ends: string[] = [];
  /** Seconds waited before each new attempt. */
  readonly waits: number[] = [];
  readonly #stop = new AbortController();
  #ended: Promise<void> | undefined;

  private constructor(client: FakeClient, { pageSize = 500, namespace }: { pageSize?: number; namespace?: string }) {
    this.client = client;
    const { api, timers } = client;
    const metrics = { ...noMetrics, watchRestarted: (_resource: string, end: string) => this.ends.push(end) };
    const { cache } = this;
    const labels = { role: 'training' };
    const options = { resource: jobs, cache, api, timers, rng: createRng(3), metrics, pageSize, namespace, labels };
    this.reflector = new Reflector(options);
  }

  /** With some jobs there already, and nothing running yet. */
  static async with(
    names: readonly string[],
    options: { readonly pageSize?: number; readonly namespace?: string } = {},
  ): Promise<FollowedJobs> {
    const followed = new FollowedJobs(await aClient(), options);
    for (const name of names) followed.client.fake.store.create(jobs, jobNamed(name));
    return followed;
  }

  /** As `with`, and the reflector watches. */
  static async watching(...names: readonly string[]): Promise<FollowedJobs> {
    const followed = await FollowedJobs.with(names);
    followed.start();
    await followed.untilListening();
    return followed;
  }

  start(): void {
    this.#ended = this.reflector.run(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  /** Names in the cache. */
  get names(): string[] {
    return this.cache
      .list()
      .map(({ metadata }) => metadata.name)
      .toSorted();
  }

  get lists(): number {
    return this.client.fake.requests.filter(isList).length;
  }

  /** Resource versions from which watches were asked for. */
  get watchedFrom(): (string | null)[] {
    return this.client.fake.requests.filter(isWatch).map(({ query }) => query.get('resourceVersion'));
  }

  create(name: string, namespace?: string): void {
    this.client.fake.store.create(jobs, jobNamed(name, namespace));
  }

  delete(name: string): void {
    this.client.fake.store.delete(jobs, 'team', name);
  }

  /** Lets waits between attempts pass as soon as they begin. */
  async until(holds: () => boolean): Promise<void> {
    const { timers } = this.client;
    await eventually(() => {
      // alone and short, it is such a wait: requests under way have 30 s and more, watches a watchdog of 150 s
      const [soonest = 60, ...others] = timers.pending;
      if (others.length === 0 && soonest < 29) {
        this.waits.push(soonest);
        timers.advance(soonest);
      }
      return holds();
    });
  }

  /** Until the only timer left is the watchdog of a watch that has begun. */
  async untilListening(): Promise<void> {
    const { timers, fake } = this.client;
    await this.until(() => fake.watches.count === 1 && timers.pending.length === 1 && (timers.pending[0] ?? 0) > 100);
  }

  /** Until the watch has told all that is there. */
  async untilTold(): Promise<void> {
    await this.until(() => this.reflector.version === String(this.client.fake.store.version));
  }

  /** Until the cache holds exactly these. */
  async untilNames(...names: readonly string[]): Promise<void> {
    await this.until(() => this.names.join() === names.join());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.client[Symbol.asyncDispose]();
  }
}

export const keysOf = (cache: Cache<Job>): string[] => cache.list().map(keyOf).toSorted();
