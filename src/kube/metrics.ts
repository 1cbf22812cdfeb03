/**
 * What this folder tells about itself. Labels are bounded: verbs, kinds, codes and reasons, never names of objects.
 * The server turns these calls into Prometheus metrics.
 */
export interface KubeMetrics {
  /** One attempt of a request. `code`: the HTTP status, or `error` where no answer came. */
  apiRequest(request: { readonly verb: Verb; readonly resource: string; readonly code: string }, seconds: number): void;
  /** Seconds that a request waited for the client's own rate limit; called only where it waited. */
  rateLimited(seconds: number): void;
  /** A watch was opened anew after `reason`. */
  watchRestarted(resource: string, reason: WatchEnd): void;
  /** All objects were listed; `seconds` until the cache held them. */
  listed(resource: string, objects: number, seconds: number): void;
  cached(resource: string, objects: number): void;
  /** Keys that wait for a worker. */
  queueDepth(queue: string, keys: number): void;
  /** Seconds a key waited from its being due until a worker took it. */
  queueWaited(queue: string, seconds: number): void;
  /** Seconds a worker held a key. */
  queueWorked(queue: string, seconds: number): void;
  queueRetried(queue: string): void;
  leader(lease: string, leads: boolean): void;
  /** `sent`, or why an event was not. */
  event(fate: EventFate): void;
}

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'apply' | 'delete';
export type WatchEnd = 'ended' | 'cut' | 'silent' | 'expired' | 'refused';
export type EventFate = 'sent' | 'limited' | 'overflow' | 'failed';

const nothing = (): void => undefined;

export const noMetrics: KubeMetrics = {
  apiRequest: nothing,
  rateLimited: nothing,
  watchRestarted: nothing,
  listed: nothing,
  cached: nothing,
  queueDepth: nothing,
  queueWaited: nothing,
  queueWorked: nothing,
  queueRetried: nothing,
  leader: nothing,
  event: nothing,
};
