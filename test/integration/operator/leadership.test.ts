/** Two operators on one real API server. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../../../hack/cluster/service.ts';
import type { Lease } from '../../../src/crds/kubernetes.ts';
import { type OperatorCluster, startOperatorCluster } from '../../support/operator-cluster.ts';
import { type OperatorProcess, startOperator } from '../../support/operator-process.ts';

let cluster: OperatorCluster;
let first: OperatorProcess;
let second: OperatorProcess;
beforeAll(async () => {
  cluster = await startOperatorCluster();
  first = await startOperator({ ...cluster.operatorEnv, POD_NAME: 'first' });
  await leaderIs('first');
  second = await startOperator({ ...cluster.operatorEnv, POD_NAME: 'second' });
}, 900_000);
afterAll(async () => {
  for (const operator of [first, second]) if (operator?.child.exitCode === null) await operator.stop('SIGKILL');
  await cluster?.stop();
});

const leasePath = '/apis/coordination.k8s.io/v1/namespaces/nasoa-system/leases/nasoa';
const leaderIs = (name: string, seconds = 40): Promise<true> =>
  until(`${name} leads`, seconds, async () => {
    const { status, text } = await cluster.api.send('GET', leasePath);
    const holder = status === 200 ? (JSON.parse(text) as Lease).spec?.holderIdentity : undefined;
    return holder?.startsWith(`${name}_`) === true ? true : undefined;
  });
const isDone = (name: string) => cluster.taskWhen(name, 'it is complete', ({ status }) => status?.phase === 'Complete');
const readiness = async ({ http }: OperatorProcess) => (await fetch(`http://127.0.0.1:${http}/readyz`)).status;

test('a replica that does not lead is ready, and writes nothing', async () => {
  await until('it is ready', 30, async () => ((await readiness(second)) === 200 ? true : undefined));
  await cluster.createTask('of-the-first');
  await isDone('of-the-first');
  expect(await second.metrics()).toMatch(/^nasoa_leader\{lease="nasoa"\} 0$/m);
  expect(await second.metrics()).not.toMatch(/verb="(create|apply)",resource="(jobs|finetunetasks\/status)"/);
});

describe('when the leader', () => {
  test('is frozen, another leads within 20 s; when it wakes it writes nothing and starts anew', async () => {
    first.child.kill('SIGSTOP');
    const frozenAt = performance.now();
    await leaderIs('second', 20);
    expect(performance.now() - frozenAt).toBeLessThan(20_000);
    await cluster.createTask('of-the-second');
    await isDone('of-the-second');
    const ended = new Promise<number | null>((resolve) => first.child.once('exit', resolve));
    first.child.kill('SIGCONT');
    expect(await ended).toBe(1);
    expect(first.errors()).toContain('The lease is lost');
  }, 90_000);

  test('ends as it should, the next one leads at once', async () => {
    first = await startOperator({ ...cluster.operatorEnv, POD_NAME: 'third' });
    const toldAt = performance.now();
    expect(await second.stop('SIGTERM')).toBe(0);
    await leaderIs('third', 10);
    expect(performance.now() - toldAt).toBeLessThan(10_000);
  }, 90_000);
});

test('while the API server is away the work waits, and goes on when it is back', async () => {
  await cluster.createTask('patient', { suspend: true });
  const { promise: apiServerIsBack, resolve: back } = Promise.withResolvers<void>();
  // an outage longer than the lease ends the process; the kubelet would start its container anew
  const { child } = first;
  const startAnew = async (): Promise<void> => {
    await apiServerIsBack;
    first = await startOperator({ ...cluster.operatorEnv, POD_NAME: 'third' });
  };
  child.once('exit', startAnew);
  try {
    await cluster.apiServer.stop('SIGKILL');
    await until('the operator has noticed', 30, async () =>
      /code="error"/.test(await first.metrics()) ? true : undefined,
    );
    await cluster.apiServer.start();
    back();
    await cluster.createTask('after-the-outage');
    await isDone('after-the-outage');
  } finally {
    child.off('exit', startAnew);
  }
}, 120_000);
