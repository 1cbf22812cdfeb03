/** The cluster of the benchmark, and the operators on it. */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { postgresPrograms, startPostgres } from '../../hack/cluster/postgres.ts';
import { until } from '../../hack/cluster/service.ts';
import type { FineTuneTask } from '../../src/crds/fine-tune-task.ts';
import {
  namespace,
  type OperatorCluster,
  startOperatorCluster,
  taskObject,
} from '../../test/support/operator-cluster.ts';
import { type OperatorProcess, startOperator } from '../../test/support/operator-process.ts';
import { type Load, loadOf } from './load.ts';
import { parseMetrics, sumOf } from './metrics.ts';

export const workers = 16;
export const candidates = 300;
/** Where the plain loop writes: no operator looks there. */
export const plainNamespace = 'plain';

export interface Site {
  readonly cluster: OperatorCluster;
  /** What the operators keep their experience in. */
  readonly database: 'embedded' | 'PostgreSQL';
  operator: OperatorProcess;
  readonly start: (name: string) => Promise<OperatorProcess>;
  /** Creates tasks, many at a time, named `PREFIX-0` and so on. */
  readonly create: (prefix: string, count: number, spec?: Readonly<Record<string, unknown>>) => Promise<void>;
  /** Creates suspended tasks until there are so many in all, and waits for the operator to be at rest. */
  readonly fillUp: (objects: number, say: (line: string) => void) => Promise<Load>;
  readonly close: () => Promise<void>;
}

const creators = 8;
let made = 0;

export async function openSite(): Promise<Site> {
  const cluster = await startOperatorCluster();
  await cluster.api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: plainNamespace } });
  // replicas need a served database, and with ten thousand tasks there are replicas
  const folder = await openFolder();
  const canServe = postgresPrograms() !== undefined && process.getuid?.() === 0;
  const postgres = canServe ? await startPostgres({ folder, env: process.env }) : undefined;
  const operators = new Set<OperatorProcess>();
  const start = async (name: string): Promise<OperatorProcess> => {
    const operator = await startOperator({
      ...cluster.operatorEnv,
      POD_NAME: name,
      ...{ NASOA_WORKERS: String(workers), NASOA_CANDIDATES: String(candidates), NASOA_LOG_LEVEL: 'info' },
      NASOA_NAMESPACES: namespace,
      ...(postgres === undefined ? {} : { DATABASE_URL: postgres.url }),
    });
    operators.add(operator);
    return operator;
  };
  const create: Site['create'] = async (prefix, count, spec = {}) => {
    let next = 0;
    const work = async (): Promise<void> => {
      for (let i = next++; i < count; i = next++) {
        const path = `/apis/nasoa.dev/v1alpha1/namespaces/${namespace}/finetunetasks`;
        await cluster.api.call<FineTuneTask>('POST', path, taskObject(`${prefix}-${i}`, spec));
        made++;
      }
    };
    await Promise.all(Array.from({ length: Math.min(creators, count) }, work));
  };
  const site: Site = {
    ...{ cluster, start, create },
    database: postgres === undefined ? 'embedded' : 'PostgreSQL',
    operator: await start('operator-0'),
    fillUp: async (objects, say) => {
      say(`filling up to ${objects} tasks`);
      await create('resting', objects - made, { suspend: true });
      await atRest(site.operator, objects);
      // the scrape before cleared the account of stalls: what follows is of the full house
      await create('late', 20);
      await atRest(site.operator, objects + 20);
      return loadOf(site.operator);
    },
    close: async () => {
      for (const operator of operators) {
        if (operator.child.exitCode === null && operator.child.signalCode === null) await operator.stop('SIGKILL');
      }
      await postgres?.service.stop();
      await cluster.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return site;
}

/** All tasks are known and nothing waits for a worker. */
const atRest = (operator: OperatorProcess, objects: number): Promise<true> =>
  until('the operator is at rest', 300, async () => {
    const samples = parseMetrics(await operator.metrics());
    const known = sumOf(samples, 'nasoa_tasks');
    const open = sumOf(samples, 'nasoa_tasks', { phase: 'Pending' }) + sumOf(samples, 'nasoa_queue_depth');
    return known >= objects && open === 0 ? true : undefined;
  });

/** Others may pass through it: PostgreSQL runs as nobody. */
async function openFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nasoa-scale-'));
  await chmod(folder, 0o711);
  await mkdir(join(folder, 'logs'));
  return folder;
}
