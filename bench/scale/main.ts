/**
 * `make bench-scale`: thousands of tasks at once on a real API server. The operator is a process of its own; statuses of
 * pods are written by one that stands for kubelets and Job controller. ARGS: --tasks 5000 --objects 10000.
 */
import { parseArgs } from 'node:util';
import { atLeast, atMost, exitCode, printClaims, printTable, type Row, writeResult } from '../lib/results.ts';
import { measureBurst } from './burst.ts';
import type { Load } from './load.ts';
import { measureFailOver, measureRestart } from './recovery.ts';
import { candidates, openSite, workers } from './site.ts';

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '5000' },
    objects: { type: 'string', default: '10000' },
    strict: { type: 'boolean', default: false },
  },
});
const [tasks, objects] = [Number(values.tasks), Number(values.objects)];
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const site = await openSite();
try {
  const burst = await measureBurst(site, tasks, say);
  const full = await site.fillUp(objects, say);
  const restart = await measureRestart(site, say);
  const failOver = await measureFailOver(site, say);
  const rows: Row[] = [
    { what: 'tasks to a plan and a Job', value: burst.tasksPerSecond, unit: 'tasks/s' },
    { what: 'the same writes from a plain loop', value: burst.plainTasksPerSecond, unit: 'tasks/s' },
    { what: 'requests of the operator', value: burst.requestsPerTask, unit: 'per task' },
    { what: 'writes of the operator', value: burst.writesPerTask, unit: 'per task' },
    { what: 'reconcile, median', value: 1000 * burst.medianSeconds, unit: 'ms' },
    { what: 'reconcile, 99th percentile', value: 1000 * burst.p99Seconds, unit: 'ms' },
    { what: 'longest stall of the event loop', value: 1000 * burst.stallSeconds, unit: 'ms' },
    { what: 'processor time of the operator', value: 1000 * burst.processorPerTask, unit: 'ms per task' },
    { what: 'database of experience', value: site.database, unit: '' },
    { what: 'memory after the burst', value: burst.memoryMb, unit: 'MB' },
    { what: `memory at ${objects} tasks`, value: full.memoryMb, unit: 'MB' },
    { what: `stall of the event loop at ${objects} tasks`, value: 1000 * full.stallSeconds, unit: 'ms' },
    { what: `restart with ${objects} tasks until a new task has its Job`, value: restart.seconds, unit: 's' },
    { what: 'memory after the restart', value: restart.memoryMb, unit: 'MB' },
    { what: 'stall of the event loop after the restart', value: 1000 * restart.stallSeconds, unit: 'ms' },
    { what: 'fail-over until a new task has its Job', value: failOver.seconds, unit: 's' },
    { what: 'memory after the fail-over', value: failOver.memoryMb, unit: 'MB' },
    { what: 'stall of the event loop after the fail-over', value: 1000 * failOver.stallSeconds, unit: 'ms' },
  ];
  const most = (of: (one: Load) => number): number => Math.max(...[full, restart, failOver].map(of));
  const claims = [
    atLeast('tasks to a plan and a Job, per second', burst.tasksPerSecond, 50),
    atMost(
      `memory at ${objects} tasks, MB`,
      most(({ memoryMb }) => memoryMb),
      300,
    ),
    atMost('reconcile, 99th percentile, ms', 1000 * burst.p99Seconds, 100),
    atMost(`stall of the event loop at ${objects} tasks, ms`, 1000 * most(({ stallSeconds }) => stallSeconds), 100),
    atMost('restart, s', restart.seconds, 15),
    atMost('fail-over, s', failOver.seconds, 20),
  ];
  printTable(rows);
  printClaims(claims);
  const columns = {
    what: 'figure',
    value: `${tasks} tasks created at once, ${workers} workers, ${candidates} candidates a plan; etcd, API server, writer of statuses and operator share the machine`,
    unit: 'unit of the value',
  };
  const command = `make bench-scale ARGS="--tasks ${tasks} --objects ${objects}"`;
  const path = await writeResult('scale', {
    command,
    rows,
    claims,
    columns,
    versions: { kubernetes: '1.34.4', etcd: '3.6.13' },
  });
  say(`written: ${path}`);
  process.exitCode = exitCode(claims);
} finally {
  await site.close();
}
