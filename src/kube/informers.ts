/** The caches of all watched kinds, and the reflectors that keep them. */
import type { KubeObject, StringMap } from '../crds/kubernetes.ts';
import type { Rng } from '../lib/rng.ts';
import type { Api } from './api.ts';
import { Cache, type CacheOptions } from './cache.ts';
import { type KubeLog, noLog } from './log.ts';
import { type KubeMetrics, noMetrics } from './metrics.ts';
import { Reflector } from './reflector.ts';
import type { Resource } from './resources.ts';
import type { Timers } from './timers.ts';

export interface InformersOptions {
  readonly api: Api;
  readonly timers: Timers;
  readonly rng: Rng;
  /** Namespaces to watch, each by its own requests; empty: the whole cluster. */
  readonly namespaces: readonly string[];
  readonly metrics?: KubeMetrics;
  readonly log?: KubeLog;
}

export interface Watched<T extends KubeObject> extends CacheOptions<T> {
  /** Only objects with these labels. */
  readonly labels?: StringMap;
}

export class Informers {
  readonly #options: InformersOptions;
  readonly #caches = new Map<string, unknown>();
  readonly #reflectors: { readonly synced: Promise<void>; run(signal: AbortSignal): Promise<void> }[] = [];

  constructor(options: InformersOptions) {
    this.#options = options;
  }

  /** Names a kind to watch, before `run`. */
  watch<T extends KubeObject>({ labels, ...cacheOptions }: Watched<T>): Cache<T> {
    const { api, timers, rng, namespaces, metrics = noMetrics, log = noLog } = this.#options;
    const { resource } = cacheOptions;
    const cache = new Cache<T>(cacheOptions);
    this.#caches.set(nameOf(resource), cache);
    for (const namespace of namespaces.length > 0 ? namespaces : [undefined]) {
      const options = { resource, namespace, labels, cache, api, timers, rng, metrics, log };
      this.#reflectors.push(new Reflector<T>(options));
    }
    return cache;
  }

  /** Throws where the kind is not watched. */
  cacheOf<T extends KubeObject>(resource: Resource<T>): Cache<T> {
    const cache = this.findCache(resource);
    if (cache === undefined) throw new Error(`${nameOf(resource)} is not watched`);
    return cache;
  }

  findCache<T extends KubeObject>(resource: Resource<T>): Cache<T> | undefined {
    // the map holds for each resource the cache that `watch` made of the same type
    return this.#caches.get(nameOf(resource)) as Cache<T> | undefined;
  }

  /** Resolves once every cache holds a first complete list. */
  async synced(): Promise<void> {
    await Promise.all(this.#reflectors.map(({ synced }) => synced));
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.run(signal)));
  }
}

const nameOf = ({ apiVersion, plural }: Pick<Resource, 'apiVersion' | 'plural'>): string => `${apiVersion}/${plural}`;
