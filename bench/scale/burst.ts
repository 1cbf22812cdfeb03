/** Thousands of tasks at once: until each has a plan and its training Job. */

import { until } from '../../hack/cluster/service.ts';
import { byRole } from '../../hack/cluster/simulated-kubelet.ts';
import type { FineTuneTask } from '../../src/crds/fine-tune-task.ts';
import { labels } from '../../src/crds/group.ts';
import type { Job } from '../../src/crds/workloads.ts';
import type { Cache } from '../../src/kube/cache.ts';
import { answers, namespace } from '../../test/support/operator-cluster.ts';
import { parseMetrics, quantileOf, sumOf } from './metrics.ts';
import { plainLoop } from './plain-loop.ts';
import { memoryOf, processorSeconds } from './processes.ts';
import { plainNamespace, type Site, workers } from './site.ts';

export interface Burst {
  readonly tasksPerSecond: number;
  readonly plainTasksPerSecond: number;
  readonly requestsPerTask: number;
  readonly writesPerTask: number;
  readonly medianSeconds: number;
  readonly p99Seconds: number;
  readonly stallSeconds: number;
  readonly processorPerTask: number;
  readonly memoryMb: number;
}

const plainTasks = 500;

export async function measureBurst(site: Site, count: number, say: (line: string) => void): Promise<Burst> {
  const { cluster, operator } = site;
  // profiles answer at once, training pods run on: what is measured ends with the training Job
  cluster.setFates((job) => (job.kind === 'profile' ? answers(job) : {}));
  await site.create('warm', 20);
  await trainingJobs(site, 20);
  const model = await modelOf(site, 'warm-0');
  say(`${plainTasks} tasks from a plain loop`);
  const plainSeconds = await plainLoop(cluster.api, plainNamespace, model, { count: plainTasks, workers });
  const before = parseMetrics(await operator.metrics());
  const processorBefore = processorSeconds(operator.child.pid);
  say(`${count} tasks at once`);
  const started = performance.now();
  await Promise.all([site.create('burst', count), trainingJobs(site, 20 + count, say)]);
  const seconds = (performance.now() - started) / 1000;
  const after = parseMetrics(await operator.metrics());
  const difference = (name: string, of: Readonly<Record<string, string>> = {}): number =>
    sumOf(after, name, of) - sumOf(before, name, of);
  const writes = ['create', 'apply', 'patch', 'delete', 'update'].map((verb) =>
    difference('nasoa_api_requests_total', { verb }),
  );
  return {
    tasksPerSecond: count / seconds,
    plainTasksPerSecond: plainTasks / plainSeconds,
    requestsPerTask: difference('nasoa_api_requests_total') / count,
    writesPerTask: writes.reduce((a, b) => a + b, 0) / count,
    medianSeconds: quantileOf(after, 'nasoa_reconcile_seconds', 0.5, { kind: 'FineTuneTask' }),
    p99Seconds: quantileOf(after, 'nasoa_reconcile_seconds', 0.99, { kind: 'FineTuneTask' }),
    stallSeconds: sumOf(after, 'nasoa_event_loop_lag_seconds', { quantile: '1' }),
    processorPerTask: (processorSeconds(operator.child.pid) - processorBefore) / count,
    memoryMb: memoryOf(operator.child.pid).nowMb,
  };
}

/** Training Jobs as the kubelet's watch sees them. */
export async function trainingJobs(site: Site, count: number, say?: (line: string) => void): Promise<void> {
  const jobs: Cache<Job> = site.cluster.kubelet.jobs;
  let [seen, toldAt] = [0, performance.now()];
  const look = (): number => jobs.findKeys(byRole, 'training').length;
  await until(`${count} training Jobs`, 1200, async () => {
    const now = look();
    if (say !== undefined && performance.now() - toldAt > 10_000) {
      say(`  ${now} Jobs, ${((1000 * (now - seen)) / (performance.now() - toldAt)).toFixed(0)} a second`);
      [seen, toldAt] = [now, performance.now()];
    }
    return now >= count ? true : undefined;
  });
}

async function modelOf({ cluster }: Site, name: string) {
  const task: FineTuneTask = await cluster.task(name);
  const all = await cluster.api.call<{ items: readonly Job[] }>('GET', `/apis/batch/v1/namespaces/${namespace}/jobs`);
  const jobs = all.items.filter(({ metadata }) => metadata.labels?.[labels.taskUid] === task.metadata.uid);
  return { task, jobs };
}
