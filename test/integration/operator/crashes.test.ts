/** The controller of tasks on a real API server, in processes that die after any of their writes. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Leading } from '../../../src/cli/operator/leading.ts';
import { operatorSettings } from '../../../src/cli/operator/settings.ts';
import { watchAll } from '../../../src/cli/operator/watches.ts';
import { zooInImage } from '../../../src/cli/operator/zoo-in-image.ts';
import { learnedFrom, planTask } from '../../../src/controllers/fine-tune-task/plan-task.ts';
import { memberSource } from '../../../src/controllers/fine-tune-task/zoo-members.ts';
import type { FineTuneTask } from '../../../src/crds/fine-tune-task.ts';
import { labels } from '../../../src/crds/group.ts';
import type { Job } from '../../../src/crds/workloads.ts';
import { type Api, ApiClient } from '../../../src/kube/api.ts';
import { connect } from '../../../src/kube/client.ts';
import { Congestion } from '../../../src/kube/congestion.ts';
import { LeaseLost } from '../../../src/kube/errors.ts';
import { systemTimers } from '../../../src/kube/timers.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { createRng } from '../../../src/lib/rng.ts';
import type { Experience } from '../../../src/planner/types.ts';
import { silentLog } from '../../../src/server/logger.ts';
import { createMetrics } from '../../../src/server/metrics.ts';
import { ReportBook } from '../../../src/server/report-book.ts';
import { answers, namespace, type OperatorCluster, startOperatorCluster } from '../../support/operator-cluster.ts';

let cluster: OperatorCluster;
beforeAll(async () => {
  cluster = await startOperatorCluster();
}, 900_000);
afterAll(() => cluster?.stop());

const shared = { timers: systemTimers, rng: createRng(1) };

/** The API of a process that dies with its `writes`-th write: the server has it, and nobody hears the answer. */
function mortal(api: Api, writes: number, die: () => void): Api {
  let left = writes;
  return {
    stream: (...args) => api.stream(...args),
    request: async <T>(...[method, path, ...rest]: Parameters<Api['request']>): Promise<T> => {
      // an event is told to people, and no step of the work
      if (method === 'GET' || path.includes('/events')) return api.request<T>(method, path, ...rest);
      if (left <= 0) throw new LeaseLost('The process has died.');
      left--;
      const answer = await api.request<T>(method, path, ...rest);
      if (left > 0) return answer;
      die();
      throw new LeaseLost('The process has died.');
    },
  };
}

const kept: Experience[] = [];
const predictor = learnedFrom([]);
const ports = {
  congestion: new Congestion({ most: 4 }),
  settings: { ...operatorSettings({}), workers: 4 },
  planner: {
    plan: async (input: Parameters<typeof planTask>[0]) => {
      const answer = planTask(input, { predictor, known: [] }, 32);
      return answer.kind === 'plan' ? { ...answer, seconds: 0.1 } : answer;
    },
  },
  experience: {
    add: async (experience: Experience) => {
      const isNew = kept.every(({ id }) => id !== experience.id);
      if (isNew) kept.push(experience);
      return isNew;
    },
  },
  searchStates: { load: async () => undefined, save: async () => 1, remove: async () => undefined },
  authority: () => 'authority',
  log: silentLog,
};

/** One process, from its start to its death, or to the end of the task. True where it died. */
async function oneLife(name: string, writes: number): Promise<boolean> {
  const { transport } = connect({ kubeconfig: cluster.kubeconfig, clock: systemClock });
  const term = new AbortController();
  let died = false;
  const real = new ApiClient({ transport, ...shared, rate: { perSecond: 5000, burst: 5000 } });
  const api = mortal(real, writes, () => {
    died = true;
    term.abort(new LeaseLost('The process has died.'));
  });
  const watches = watchAll({ api, ...shared, namespaces: [namespace] });
  // before the first list, which may tell that nothing is left to do
  const over = watches.tasks.subscribe(({ now }) => {
    if (now?.metadata.name === name && isOver(now)) term.abort(new LeaseLost('The test is over.'));
  });
  const stopWatching = new AbortController();
  const watching = watches.informers.run(stopWatching.signal);
  const metrics = createMetrics({ version: 'test', process: false });
  const { members } = await zooInImage();
  const leading = new Leading({
    ...{
      ...ports,
      ...shared,
      api,
      watches,
      metrics,
      reports: new ReportBook(systemClock),
      members: memberSource(members),
    },
  });
  await leading.run({ signal: term.signal, check: () => term.signal.throwIfAborted() }).catch((error: unknown) => {
    if (!(error instanceof LeaseLost)) throw error;
  });
  over();
  stopWatching.abort();
  await watching;
  metrics.close();
  return died;
}

const isOver = ({ status }: FineTuneTask): boolean => status?.phase === 'Complete' && status.experienceStored === true;

test.each<[string, number]>([
  ['after every write', 1],
  ['after every second write', 2],
  ['after every third write', 3],
  ['after every fourth write', 4],
])(
  'a task whose operator dies %s ends with one plan, one training Job and one experience',
  async (_what, writes) => {
    const name = `mortal-${writes}`;
    const plans = new Set<string>();
    cluster.setFates((job) => answers(job));
    const created = await cluster.createTask(name);
    let lives = 0;
    for (let died = true; died; lives++) {
      expect(lives).toBeLessThan(60);
      died = await oneLife(name, writes);
      const { status } = await cluster.task(name);
      if (status?.plan !== undefined) plans.add(JSON.stringify(status.plan));
    }
    const task = await cluster.task(name);
    expect(task.status).toMatchObject({ phase: 'Complete', attempts: { profile: 1, training: 1, memoryPlan: 0 } });
    expect(plans.size).toBe(1);
    expect(kept.filter(({ id }) => id === created.metadata.uid)).toHaveLength(1);
    const { items } = await cluster.api.call<{ items: Job[] }>('GET', `/apis/batch/v1/namespaces/${namespace}/jobs`);
    const own = items.filter(({ metadata }) => metadata.labels?.[labels.taskUid] === created.metadata.uid);
    // the profile's Job may be gone by then
    expect(own.filter(({ metadata }) => metadata.labels?.[labels.role] === 'training').length).toBeLessThanOrEqual(1);
    expect(lives).toBeGreaterThan(1);
  },
  120_000,
);
