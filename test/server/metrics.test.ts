import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ReconcileMetrics } from '../../src/controllers/runtime.ts';
import { type KubeMetrics, noMetrics } from '../../src/kube/metrics.ts';
import { createMetrics, type Metrics } from '../../src/server/metrics.ts';
import { aServer, ask } from './servers.ts';

let phases: Record<string, number> = {};
let metrics: Metrics;
beforeEach(() => {
  phases = {};
  metrics = createMetrics({ version: '1.2.3', tasks: () => phases, process: false });
});
afterEach(() => metrics.close());

/** Samples by name and labels, as Prometheus reads them. */
async function samples(): Promise<ReadonlyMap<string, number>> {
  const lines = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

test('they are what the client of the API server and the controllers tell their state to', () => {
  // src/server may not name these types; here the compiler compares them
  const [kube, controllers]: [KubeMetrics, ReconcileMetrics] = [metrics.kube, metrics.tasks];
  for (const name of Object.keys(noMetrics)) expect(kube).toHaveProperty(name);
  expect(controllers).toHaveProperty('reconciled');
});

test('tasks are counted by phase at each scrape, those without any as zero', async () => {
  phases = { Running: 3 };
  expect((await samples()).get('nasoa_tasks{phase="Running"}')).toBe(3);
  phases = { Complete: 1 };
  const later = await samples();
  expect([later.get('nasoa_tasks{phase="Running"}'), later.get('nasoa_tasks{phase="Complete"}')]).toEqual([0, 1]);
});

test.each([
  ['below', 0.6],
  ['within', 0.8],
  ['above', 0.95],
])('an accuracy %s the interval counts so', async (where, accuracy) => {
  const predicted = { accuracy: 0.8, low: 0.7, high: 0.9, seconds: 100 };
  metrics.tasks.finished({ predicted, accuracy, seconds: 80, activeSeconds: 95, budgetSeconds: 100 });
  const read = await samples();
  expect(read.get(`nasoa_predictions_total{where="${where}"}`)).toBe(1);
  expect(read.get('nasoa_accuracy_error_sum')).toBeCloseTo(accuracy - 0.8);
  expect(read.get('nasoa_seconds_ratio_bucket{le="0.8"}')).toBe(1);
  expect(read.get('nasoa_seconds_ratio_bucket{le="0.7"}')).toBe(0);
  expect(read.get('nasoa_budget_use_ratio_bucket{le="0.95"}')).toBe(1);
});

test('the work of queues, watches, requests and controllers is told', async () => {
  const { kube, tasks } = metrics;
  kube.apiRequest({ verb: 'get', resource: 'jobs', code: '200' }, 0.02);
  kube.queueDepth('tasks', 7);
  kube.queueWaited('tasks', 0.2);
  kube.watchRestarted('jobs', 'expired');
  kube.leader('nasoa', true);
  tasks.reconciled('FineTuneTask', 'retry', 0.3);
  tasks.leftPhase('Running', 120);
  tasks.predictor(0.1, 50);
  const read = await samples();
  expect(read.get('nasoa_api_requests_total{verb="get",resource="jobs",code="200"}')).toBe(1);
  expect(read.get('nasoa_api_request_seconds_bucket{le="0.025",verb="get",resource="jobs"}')).toBe(1);
  expect(read.get('nasoa_queue_depth{queue="tasks"}')).toBe(7);
  expect(read.get('nasoa_queue_latency_seconds_sum{queue="tasks"}')).toBeCloseTo(0.2);
  expect(read.get('nasoa_watch_restarts_total{resource="jobs",reason="expired"}')).toBe(1);
  expect(read.get('nasoa_leader{lease="nasoa"}')).toBe(1);
  expect(read.get('nasoa_reconciles_total{kind="FineTuneTask",outcome="retry"}')).toBe(1);
  expect(read.get('nasoa_task_phase_seconds_count{phase="Running"}')).toBe(1);
  expect(read.get('nasoa_predictor_experiences')).toBe(50);
  expect(read.get('nasoa_build_info{version="1.2.3"}')).toBe(1);
});

test('labels stay few, whatever is passed as one', async () => {
  for (let i = 0; i < 1000; i++) metrics.kube.queueDepth(`object-${i}`, i);
  const depths = [...(await samples()).keys()].filter((name) => name.startsWith('nasoa_queue_depth'));
  expect(depths).toHaveLength(33);
  expect(depths).toContain('nasoa_queue_depth{queue="other"}');
});

test('a stalled event loop shows', async () => {
  await samples();
  // the monitor needs its timer to have fired once before and once after the stall
  await new Promise((resolve) => setTimeout(resolve, 30));
  const until = performance.now() + 300;
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect((await samples()).get('nasoa_event_loop_lag_seconds{quantile="1"}')).toBeGreaterThan(0.2);
});

test('Prometheus gets them in its own format', async () => {
  await using server = await aServer([metrics.route]);
  const answered = await ask(`${server.url}/metrics`);
  expect(answered.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(answered.body).toContain('# TYPE nasoa_tasks gauge');
});
