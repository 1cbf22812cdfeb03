/** What the client of the API server tells about itself: `KubeMetrics` of src/kube, which this folder may not name. */
import { bounded, longSeconds, type MetricSet, shortSeconds } from './metric-set.ts';

export interface KubeTelemetry {
  apiRequest(
    request: { readonly verb: string; readonly resource: string; readonly code: string },
    seconds: number,
  ): void;
  rateLimited(seconds: number): void;
  watchRestarted(resource: string, reason: string): void;
  listed(resource: string, objects: number, seconds: number): void;
  cached(resource: string, objects: number): void;
  queueDepth(queue: string, keys: number): void;
  queueWaited(queue: string, seconds: number): void;
  queueWorked(queue: string, seconds: number): void;
  queueRetried(queue: string): void;
  leader(lease: string, leads: boolean): void;
  event(fate: string): void;
}

/** Kinds, queues and leases are a handful; whoever passes names of objects by mistake does no harm. */
const mostResources = 32;
const mostReasons = 16;

export function kubeMetrics(set: MetricSet): KubeTelemetry {
  return { ...requestMetrics(set), ...watchMetrics(set), ...queueMetrics(set), ...leadershipMetrics(set) };
}

function requestMetrics({ counter, histogram }: MetricSet) {
  const resourceOf = bounded(mostResources);
  const codeOf = bounded(40);
  const requests = counter('api_requests_total', 'Attempts of requests to the API server.', [
    'verb',
    'resource',
    'code',
  ]);
  const seconds = histogram('api_request_seconds', 'Seconds of a request to the API server.', shortSeconds, [
    'verb',
    'resource',
  ]);
  const limited = histogram('api_rate_limited_seconds', 'Seconds of waiting for our own rate limit.', shortSeconds);
  return {
    apiRequest: ({ verb, resource, code }, took) => {
      const labels = { verb, resource: resourceOf(resource) };
      requests.inc({ ...labels, code: codeOf(code) });
      seconds.observe(labels, took);
    },
    rateLimited: (waited) => limited.observe(waited),
  } satisfies Partial<KubeTelemetry>;
}

function watchMetrics({ counter, gauge, histogram }: MetricSet) {
  const resourceOf = bounded(mostResources);
  const reasonOf = bounded(mostReasons);
  const restarts = counter('watch_restarts_total', 'Watches opened anew, by what ended them.', ['resource', 'reason']);
  const lists = histogram('list_seconds', 'Seconds until a whole list was in the cache.', longSeconds, ['resource']);
  const objects = gauge('cached_objects', 'Objects in the cache.', ['resource']);
  return {
    watchRestarted: (resource, reason) => restarts.inc({ resource: resourceOf(resource), reason: reasonOf(reason) }),
    listed: (resource, count, took) => {
      lists.observe({ resource: resourceOf(resource) }, took);
      objects.set({ resource: resourceOf(resource) }, count);
    },
    cached: (resource, count) => objects.set({ resource: resourceOf(resource) }, count),
  } satisfies Partial<KubeTelemetry>;
}

function queueMetrics({ counter, gauge, histogram }: MetricSet) {
  const queueOf = bounded(mostResources);
  const depth = gauge('queue_depth', 'Keys that wait for a worker.', ['queue']);
  const waited = histogram('queue_latency_seconds', 'Seconds a key waited for a worker.', shortSeconds, ['queue']);
  const worked = histogram('queue_work_seconds', 'Seconds a worker held a key.', shortSeconds, ['queue']);
  const retries = counter('queue_retries_total', 'Keys put back after a failure.', ['queue']);
  return {
    queueDepth: (queue, keys) => depth.set({ queue: queueOf(queue) }, keys),
    queueWaited: (queue, seconds) => waited.observe({ queue: queueOf(queue) }, seconds),
    queueWorked: (queue, seconds) => worked.observe({ queue: queueOf(queue) }, seconds),
    queueRetried: (queue) => retries.inc({ queue: queueOf(queue) }),
  } satisfies Partial<KubeTelemetry>;
}

function leadershipMetrics({ counter, gauge }: MetricSet) {
  const leaseOf = bounded(mostResources);
  const fateOf = bounded(mostReasons);
  const leads = gauge('leader', '1 where this replica holds the lease.', ['lease']);
  const events = counter('events_total', 'Events for people, sent or why not.', ['fate']);
  return {
    leader: (lease, isLeader) => leads.set({ lease: leaseOf(lease) }, isLeader ? 1 : 0),
    event: (fate) => events.inc({ fate: fateOf(fate) }),
  } satisfies Partial<KubeTelemetry>;
}
