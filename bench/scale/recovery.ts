/** How long the tasks wait for an operator that was killed. */
import { until } from '../../hack/cluster/service.ts';
import type { OperatorProcess } from '../../test/support/operator-process.ts';
import { type Load, loadOf } from './load.ts';
import type { Site } from './site.ts';

interface Recovery extends Load {
  readonly seconds: number;
}

let asked = 0;

/** Seconds from now until a task that is created now has its training Job. */
async function secondsToJob(site: Site): Promise<number> {
  const started = performance.now();
  const name = `after-${asked++}`;
  await site.create(name, 1);
  await until(`${name} has its Job`, 120, async () => {
    const { status } = await site.cluster.task(`${name}-0`);
    return (status?.attempts?.training ?? 0) > 0 ? true : undefined;
  });
  return (performance.now() - started) / 1000;
}

const dead = (operator: OperatorProcess): Promise<number | null> => operator.stop('SIGTERM');

/** The operator ends as a pod does, and another process starts: seconds from the end until it does its work again. */
export async function measureRestart(site: Site, say: (line: string) => void): Promise<Recovery> {
  say('restart');
  await dead(site.operator);
  const started = performance.now();
  const starting = site.start('operator-1');
  await secondsToJob(site);
  const seconds = (performance.now() - started) / 1000;
  site.operator = await starting;
  return { seconds, ...(await loadOf(site.operator)) };
}

/** The leader is killed while another replica waits: its lease has to run out first. */
export async function measureFailOver(site: Site, say: (line: string) => void): Promise<Recovery> {
  say('fail-over');
  const replica = await site.start('operator-2');
  await until('the replica is ready', 120, async () => {
    const answer = await fetch(`http://127.0.0.1:${replica.http}/readyz`);
    return answer.status === 200 ? true : undefined;
  });
  await site.operator.stop('SIGKILL');
  const seconds = await secondsToJob(site);
  site.operator = replica;
  return { seconds, ...(await loadOf(replica)) };
}
