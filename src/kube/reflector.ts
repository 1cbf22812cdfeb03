/**
 * Keeps a cache equal to the API server's objects of one kind: a LIST in pages, then watches that go on where the last
 * one stopped. It only ends when told to; whatever happens in between, it tries again.
 */
import type { ApiStatus, KubeObject, ObjectList, StringMap } from '../crds/kubernetes.ts';
import type { Rng } from '../lib/rng.ts';
import type { Api } from './api.ts';
import { backOffSeconds } from './back-off.ts';
import type { Cache, Listing } from './cache.ts';
import { ApiError, errorOf, Gone, TooManyRequests } from './errors.ts';
import { jsonLines } from './json-lines.ts';
import { type KubeLog, messageOf, noLog } from './log.ts';
import { type KubeMetrics, noMetrics, type WatchEnd } from './metrics.ts';
import { pathOf, type Resource, selector } from './resources.ts';
import { pause, type Timers } from './timers.ts';
import { ownTurn } from './turns.ts';
import { Watchdog } from './watchdog.ts';

export interface ReflectorOptions<T extends KubeObject> {
  readonly resource: Resource<T>;
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined;
  /** Only objects with these labels. */
  readonly labels?: StringMap | undefined;
  /** Only objects with these values of selectable fields, such as `metadata.name`. */
  readonly fields?: StringMap | undefined;
  readonly api: Api;
  readonly cache: Cache<T>;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly metrics?: KubeMetrics;
  readonly log?: KubeLog;
  readonly pageSize?: number;
}

/** Each page is parsed in one go, and its text and what is not kept of it are garbage at once. */
const defaultPageSize = 150;
/** Taken in before others have their turn: a few milliseconds. */
const takenAtOnce = 20;
const listTimeoutSeconds = 60;
/** The server ends a watch after this or up to twice as long, at random: not all watches are renewed at once. */
const watchSeconds = 300;
/** The API server sends a bookmark about every minute: a watch that says nothing for longer than two is dead. */
const silenceSeconds = 150;
const backOff = { firstSeconds: 0.8, maxSeconds: 30 };
/** So many refusals in a row, and what was seen counts no longer: perhaps the server's own store went back. */
const refusalsToList = 4;
/** A watch that lived this long, or told something, shows that the server is well. */
const healthySeconds = 1;

type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: T }
  | { readonly type: 'ERROR'; readonly object: ApiStatus };

/** How one round of listing and watching went. */
interface Round {
  readonly end: WatchEnd;
  readonly healthy: boolean;
  readonly error?: unknown;
}

export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #metrics: KubeMetrics;
  readonly #log: KubeLog;
  readonly #scope: string;
  readonly #synced = Promise.withResolvers<void>();
  /** From where the next watch goes on; undefined: list first. */
  #version: string | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#metrics = options.metrics ?? noMetrics;
    this.#log = options.log ?? noLog;
    this.#scope = options.namespace ?? '';
  }

  /** Resolves once the cache holds a first complete list. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** Resource version up to which the cache has been told everything; undefined before the first list. */
  get version(): string | undefined {
    return this.#version;
  }

  /** Runs until `signal` aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { resource, timers, rng } = this.#options;
    let failures = 0;
    let before: Round['end'] | undefined;
    let isAnswering = true;
    while (!signal.aborted) {
      const { end, healthy, error } = await this.#round(signal);
      if (signal.aborted) return;
      const isNewlyExpired = end === 'expired' && before !== 'expired';
      before = end;
      this.#metrics.watchRestarted(resource.plural, end);
      const clean = end === 'ended' || end === 'expired';
      const wasSilent = !isAnswering;
      isAnswering = !(error instanceof ApiError) || error.status > 0;
      // a server that answers again is up, though not yet ready: not to be left alone for as long as one that is away
      const isBack = wasSilent && isAnswering;
      failures = healthy ? (clean ? 0 : 1) : isBack ? 1 : failures + 1;
      if (failures >= refusalsToList && end === 'refused' && wasAnswered(error)) this.#version = undefined;
      // an expired version is no fault of the server, which is back after whatever failed before: the first list need not wait
      if (failures === 0 || isNewlyExpired) continue;
      const askedSeconds = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) : 0;
      const waitSeconds = Math.max(askedSeconds, backOffSeconds(backOff, failures, rng));
      this.#log.warn('A watch ended; it will be opened again', {
        ...{ resource: resource.plural, namespace: this.#scope, end, waitSeconds, failures },
        error: error === undefined ? undefined : messageOf(error),
      });
      await pause(timers, waitSeconds, signal);
    }
  }

  /** Lists if need be, and watches until the watch ends one way or another. */
  async #round(signal: AbortSignal): Promise<Round> {
    const { clock } = this.#options.timers;
    const abort = new AbortController();
    const follow = (): void => abort.abort(signal.reason);
    signal.addEventListener('abort', follow, { once: true });
    let openedSeconds: number | undefined;
    let silent = false;
    const listens = (): void => {
      openedSeconds = clock.nowSeconds();
    };
    const dog = new Watchdog(this.#options.timers, silenceSeconds, () => {
      silent = true;
      abort.abort(new Error(`the watch said nothing for ${silenceSeconds} s`));
    });
    let from: string | undefined;
    const healthy = (): boolean =>
      openedSeconds !== undefined &&
      (this.#version !== from || silent || clock.nowSeconds() - openedSeconds >= healthySeconds);
    try {
      this.#version ??= await this.#list(signal);
      from = this.#version;
      await this.#watch(from, abort, listens, dog);
      return { end: 'ended', healthy: healthy() };
    } catch (error) {
      const end = endOf(error, { silent, opened: openedSeconds !== undefined });
      const wasHealthy = healthy();
      if (end === 'expired') this.#version = undefined;
      return { end, healthy: wasHealthy, error };
    } finally {
      dog.stop();
      signal.removeEventListener('abort', follow);
      abort.abort();
    }
  }

  /** Fills the cache and returns the resource version of the list. */
  async #list(signal: AbortSignal): Promise<string> {
    const { resource, cache, timers } = this.#options;
    const startedSeconds = timers.clock.nowSeconds();
    const listing = await this.#pages(signal, this.#options.pageSize ?? defaultPageSize);
    const count = listing.end();
    this.#metrics.listed(resource.plural, count, timers.clock.nowSeconds() - startedSeconds);
    this.#metrics.cached(resource.plural, cache.size);
    this.#synced.resolve();
    return listing.version;
  }

  async #pages(signal: AbortSignal, limit: number): Promise<Listing<T>> {
    const { resource, namespace, api, cache } = this.#options;
    let listing: Listing<T> | undefined;
    let next: string | undefined;
    for (;;) {
      const query = { limit, continue: next, ...this.#selection() };
      const path = pathOf(resource, { namespace }, query);
      try {
        const options = { signal, timeoutSeconds: listTimeoutSeconds };
        const { items, metadata } = await api.request<ObjectList<T>>('GET', path, undefined, options);
        listing ??= cache.listing(metadata.resourceVersion, this.#scope);
        // items of the built-in kinds come without their kind
        const { apiVersion, kind } = resource;
        const all = items ?? [];
        for (let at = 0; at < all.length; at += takenAtOnce) {
          await ownTurn();
          listing.add(all.slice(at, at + takenAtOnce).map((item) => ({ ...item, apiVersion, kind })));
        }
        next = metadata.continue;
        if (next === undefined || next === '') return listing;
      } catch (error) {
        // the pages took so long that their snapshot is gone; a list in one piece cannot expire
        if (error instanceof Gone && limit > 0) return this.#pages(signal, 0);
        throw error;
      }
    }
  }

  #selection() {
    const { labels, fields } = this.#options;
    return {
      labelSelector: labels === undefined ? undefined : selector(labels),
      fieldSelector: fields === undefined ? undefined : selector(fields),
    };
  }

  async #watch(version: string, abort: AbortController, listens: () => void, dog: Watchdog): Promise<void> {
    const { resource, namespace, api, rng } = this.#options;
    const path = pathOf(
      resource,
      { namespace },
      {
        watch: 1,
        resourceVersion: version,
        allowWatchBookmarks: true,
        timeoutSeconds: Math.round(watchSeconds * (1 + rng.next())),
        ...this.#selection(),
      },
    );
    const stream = await api.stream(path, abort);
    listens();
    for await (const event of jsonLines(dog.watch(stream))) this.#see(event as WatchEvent<T>);
    abort.signal.throwIfAborted();
  }

  #see(event: WatchEvent<T>): void {
    const { resource, cache } = this.#options;
    if (event.type === 'ERROR') throw errorOf(`watch of ${resource.plural}`, event.object.code ?? 0, event.object);
    const version = event.object.metadata.resourceVersion ?? '';
    if (event.type === 'BOOKMARK') cache.reached(version, this.#scope);
    else if (event.type === 'DELETED') cache.remove(event.object, this.#scope);
    else cache.put(event.object, this.#scope);
    this.#version = version;
    if (event.type !== 'BOOKMARK') this.#metrics.cached(resource.plural, cache.size);
  }
}

const wasAnswered = (error: unknown): boolean =>
  error instanceof ApiError && error.status > 0 && !(error instanceof TooManyRequests);

function endOf(error: unknown, { silent, opened }: { readonly silent: boolean; readonly opened: boolean }): WatchEnd {
  if (error instanceof Gone) return 'expired';
  if (silent) return 'silent';
  return opened && !(error instanceof ApiError) ? 'cut' : 'refused';
}
