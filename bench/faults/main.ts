/**
 * `make bench-faults`: hundreds of tasks while everything goes wrong. A proxy between operator and API server cuts
 * watches, refuses and delays requests and loses answers; the operator is killed, pods are deleted, trainers fail.
 * ARGS: --tasks 500 --minutes 10 --seed 1.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { issue } from '../../hack/cluster/certificates.ts';
import { until } from '../../hack/cluster/service.ts';
import { createRng } from '../../src/lib/rng.ts';
import { startOperatorCluster } from '../../test/support/operator-cluster.ts';
import { atMost, exitCode, printClaims, printTable, type Row, writeResult } from '../lib/results.ts';
import { accountOf } from './account.ts';
import { FaultProxy } from './proxy.ts';
import { killPods, MortalOperator, pause, randomFate } from './storm.ts';

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '500' },
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    strict: { type: 'boolean', default: false },
  },
});
const [tasks, minutes, seed] = [Number(values.tasks), Number(values.minutes), Number(values.seed)];
const say = (line: string): void => void process.stderr.write(`${line}\n`);
/** Share of requests that meet a fault while the storm lasts; calm weather before its end lets all tasks finish. */
const stormShare = 0.05;
const calmSeconds = 300;

const rng = createRng(seed);
const cluster = await startOperatorCluster({
  ...{ controllerManager: true, audit: true },
  controllerManagerArgs: ['--concurrent-job-syncs=16', '--kube-api-qps=400', '--kube-api-burst=400'],
});
const dataDir = await mkdtemp(join(tmpdir(), 'nasoa-faults-'));
let isCalm = false;
const serving = await issue(cluster.authority, 'proxy', { user: 'proxy', names: ['IP:127.0.0.1'] });
const proxy = new FaultProxy({
  ...{ target: cluster.url, authority: cluster.authority.cert, serving, rng: createRng(seed + 1) },
  share: () => (isCalm ? 0 : stormShare),
});
const operatorEnv = {
  ...cluster.operatorEnv,
  ...{ KUBERNETES_SERVICE_PORT: String(await proxy.listen()), NASOA_DATA_DIR: dataDir, NASOA_CANDIDATES: '300' },
};
const operator = new MortalOperator(operatorEnv, createRng(seed + 2));
try {
  cluster.setFates((job) => randomFate(job, rng));
  operator.start(() => 40);
  const killing = killPods(cluster, createRng(seed + 3), () => isCalm);
  const started = performance.now();
  const endsAt = started + 60_000 * minutes;
  say(`${tasks} tasks in ${minutes} minutes of faults`);
  for (let i = 0; i < tasks; i++) {
    await cluster.createTask(`storm-${i}`, { retries: 10 });
    // all are there after four fifths of the time
    await pause(Math.max(0, (started + ((i + 1) / tasks) * 48_000 * minutes - performance.now()) / 1000));
    if (i % 50 === 49) say(`  ${i + 1} tasks, ${operator.kills} operators killed, ${proxy.requests} requests`);
  }
  await pause(Math.max(0, (endsAt - performance.now()) / 1000));
  isCalm = true;
  const pods = await killing;
  await operator.calm();
  say('the storm is over');
  const path = '/apis/nasoa.dev/v1alpha1/namespaces/vision/finetunetasks';
  await until('all tasks are over', calmSeconds, async () => {
    const { items } = await cluster.api.call<{ items: { status?: { phase?: string; experienceStored?: boolean } }[] }>(
      'GET',
      path,
    );
    const open = items.filter(({ status }) => status?.phase !== 'Failed' && status?.experienceStored !== true);
    return open.length === 0 ? true : undefined;
  }).catch((error: unknown) => say(String(error)));
  await operator.stop();
  const account = await accountOf(cluster, dataDir, cluster.kubelet.doubled());
  const faults = [...proxy.counts].map(([what, count]): Row => ({ what, count }));
  const rows: Row[] = [
    ...faults,
    { what: 'operator killed', count: operator.kills },
    { what: 'operator ended by itself', count: operator.deaths },
    { what: 'pods deleted', count: pods },
    { what: 'requests of the operator', count: proxy.requests },
    { what: 'tasks complete', count: account.complete },
    { what: 'tasks failed for good', count: account.failed },
    { what: 'experiences', count: account.experiences },
  ];
  const claims = [
    atMost('tasks lost', tasks - account.complete - account.failed, 0),
    atMost('tasks failed for good', account.failed, 0),
    atMost('Jobs made twice', account.jobsTooMany, 0),
    atMost('tasks of which two training pods ran at a time', account.doubled, 0),
    atMost('experiences lost', account.experiencesLost, 0),
    atMost('experiences doubled', account.experiencesTooMany, 0),
  ];
  printTable(rows);
  printClaims(claims);
  const columns = {
    what: 'fault or outcome',
    count: `in ${minutes} minutes, ${100 * stormShare} % of requests meeting a fault`,
  };
  const written = await writeResult('faults', {
    rows,
    claims,
    columns,
    versions: { kubernetes: '1.34.4', etcd: '3.6.13' },
  });
  say(`written: ${written}`);
  process.exitCode = exitCode(claims);
} finally {
  isCalm = true;
  await operator.stop().catch((error: unknown) => say(String(error)));
  await proxy.close();
  await cluster.stop();
  await rm(dataDir, { recursive: true, force: true });
}
