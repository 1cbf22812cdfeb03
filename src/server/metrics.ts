/** All metrics of one operator process. Their labels are bounded; names of objects are never among them. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { type KubeTelemetry, kubeMetrics } from './kube-metrics.ts';
import { type MetricSet, metricSet } from './metric-set.ts';
import { type Route, text } from './routes.ts';
import { objectMetrics, type PhaseCounts, type TaskTelemetry, taskMetrics } from './task-metrics.ts';

export interface MetricsOptions {
  readonly version: string;
  /** Read at each scrape. */
  readonly tasks?: () => PhaseCounts;
  readonly zoos?: () => PhaseCounts;
  /** Tasks that may be worked on at one time at present. */
  readonly workers?: () => number;
  /** Also those of the process and of Node; unless `false`. */
  readonly process?: boolean;
}

export interface Metrics {
  readonly kube: KubeTelemetry;
  readonly tasks: TaskTelemetry;
  /** `GET /metrics`. */
  readonly route: Route;
  /** In Prometheus' text format. */
  text(): Promise<string>;
  close(): void;
}

export function createMetrics(options: MetricsOptions): Metrics {
  const { version, tasks, zoos, workers, process: withProcess = true } = options;
  const registry = new Registry();
  const set = metricSet(registry);
  if (withProcess) collectDefaultMetrics({ register: registry });
  set.gauge('build_info', 'Always 1; its label is the version.', ['version']).set({ version }, 1);
  objectMetrics(set, { ...(tasks === undefined ? {} : { tasks }), ...(zoos === undefined ? {} : { zoos }) });
  if (workers !== undefined) {
    const text = 'Tasks that may be worked on at one time: fewer while the API server is slow.';
    set.gauge('workers_allowed', text, [], (g) => g.set({}, workers()));
  }
  const lag = eventLoopMetrics(set);
  return {
    kube: kubeMetrics(set),
    tasks: taskMetrics(set),
    route: {
      method: 'GET',
      path: '/metrics',
      handle: async () => text(200, await registry.metrics(), registry.contentType),
    },
    text: () => registry.metrics(),
    close: () => {
      lag.disable();
    },
  };
}

const resolutionMilliseconds = 10;

/** A stall over 10 s loses the lease, so it is watched: the delays since the scrape before. */
function eventLoopMetrics({ gauge }: MetricSet): ReturnType<typeof monitorEventLoopDelay> {
  const delays = monitorEventLoopDelay({ resolution: resolutionMilliseconds });
  delays.enable();
  // the histogram counts whole intervals: what exceeds the resolution is lag
  const seconds = (nanoseconds: number): number =>
    Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e9 - resolutionMilliseconds / 1000) : 0;
  gauge('event_loop_lag_seconds', 'Delay of the event loop since the last scrape.', ['quantile'], (g) => {
    g.set({ quantile: '0.5' }, seconds(delays.percentile(50)));
    g.set({ quantile: '0.99' }, seconds(delays.percentile(99)));
    g.set({ quantile: '1' }, seconds(delays.max));
    delays.reset();
  });
  return delays;
}
