/** The whole of it on a real cluster, as users see it. What is slow is started early and looked at late. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ApiClient } from '../../hack/cluster/api-client.ts';
import { until } from '../../hack/cluster/service.ts';
import type { FineTuneTask } from '../../src/crds/fine-tune-task.ts';
import { labels } from '../../src/crds/group.ts';
import type { ModelZoo } from '../../src/crds/model-zoo.ts';
import type { Job } from '../../src/crds/workloads.ts';
import { classes, layOutPictures, type Pictures } from './data.ts';
import { History } from './history.ts';
import { accuracyOn, nasoa } from './nasoa.ts';
import { crash, leaderPod, leaderSince, rollout } from './operator.ts';
import { type Prometheus, startPrometheus } from './prometheus.ts';
import { chartRelease, prepareNamespaces, type Release, taskNamespace } from './release.ts';
import { type Site, siteFolder, startSite, timed } from './site.ts';
import {
  condition,
  isComplete,
  isTraining,
  jobsOf,
  jobsPath,
  patchTask,
  podsOf,
  podsPath,
  readTask,
  sample,
  samplePath,
  taskReaches,
  tasksPath,
  zoosPath,
} from './tasks.ts';
import { type Traces, tracesHere } from './traces.ts';

const began = performance.now();
const log = (line: string): void => {
  process.stderr.write(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${line}\n`);
};
const chance = 1 / classes.length;

let before: Traces;
let site: Site;
let api: ApiClient;
let release: Release;
let pictures: Pictures;
let prometheus: Prometheus;
let tasks: History<FineTuneTask>;
let jobs: History<Job>;
let isGone = false;

const experiences = () => site.postgres.rows('select id from experiences');

beforeAll(async () => {
  before = await tracesHere(siteFolder, process.env);
  site = await startSite(log);
  api = site.cluster.plane.api;
  await prepareNamespaces(site);
  pictures = await layOutPictures(site, taskNamespace);
  release = await chartRelease(site);
  await timed(log, 'helm install', () => release.upgrade());
  tasks = new History(site.cluster.plane, tasksPath);
  jobs = new History(site.cluster.plane, jobsPath);
  await Promise.all([tasks.start(), jobs.start()]);
  prometheus = await startPrometheus(site.ground, api);
}, 3_600_000);

const takeDown = async (): Promise<void> => {
  if (isGone || site === undefined) return;
  isGone = true;
  await Promise.all([tasks?.stop(), jobs?.stop()]);
  await prometheus?.stop();
  await timed(log, 'taking down', () => site.stop());
};

afterAll(async () => {
  await takeDown();
}, 300_000);

test('two replicas are ready, one leads, and the chart says so of itself', async () => {
  const leader = await leaderPod(api);
  expect(leader).toMatch(/^nasoa-/);
  await release.helm('test', 'nasoa');
});

describe('a first task, on a claim, the sample as it is', () => {
  let task: FineTuneTask;

  test('is started, beside two that cannot run and say why within seconds', async () => {
    await site.cluster.kubectl('apply', '--namespace', taskNamespace, '-f', samplePath('task-claim.yaml'));
    await api.apply(
      sample('task-claim.yaml', 'wants-gpu', { resources: { gpu: { name: 'nvidia.com/gpu', count: 8 } } }),
    );
    await api.apply(sample('task-claim.yaml', 'no-claim', { data: { claim: { claimName: 'nowhere' } } }));
    const waiting = await taskReaches(
      api,
      'wants-gpu',
      60,
      (one) => condition(one, 'Running')?.message?.includes('Insufficient nvidia.com/gpu') === true,
    );
    expect(condition(waiting, 'Running')?.reason).toBe('Unschedulable');
    const lost = await taskReaches(api, 'no-claim', 60, (one) => condition(one, 'Running')?.reason === 'ClaimNotFound');
    expect(condition(lost, 'Running')?.message).toContain('nowhere');
  });

  test('outlives the leader, killed while it trains', async () => {
    task = await taskReaches(api, 'flowers', 180, isTraining);
    const killedMs = crash((await leaderPod(api)) ?? '');
    await leaderSince(api, killedMs);
    const seconds = (Date.now() - killedMs) / 1000;
    log(`fail-over: ${seconds.toFixed(1)} s`);
    expect(seconds).toBeLessThan(20);
    task = await taskReaches(api, 'flowers', 240, isComplete);
  });

  test('has its plan in the status before any training Job exists', () => {
    const planned = tasks.entries.find(({ object }) => object.metadata.name === 'flowers' && object.status?.plan);
    const started = jobs.entries.find(
      ({ object: { metadata } }) =>
        metadata.labels?.[labels.taskUid] === task.metadata.uid && metadata.labels[labels.role] === 'training',
    );
    expect(planned?.revision).toBeLessThan(started?.revision ?? 0);
  });

  test('comes to one result, far above chance, by one training Job, and to one experience', async () => {
    log(`flowers: ${JSON.stringify(task.status?.result)} of ${JSON.stringify(task.status?.plan?.predicted)}`);
    expect(task.status?.result?.accuracy).toBeGreaterThan(2.5 * chance);
    expect(await jobsOf(api, task, 'training')).toHaveLength(1);
    task = await taskReaches(api, 'flowers', 30, ({ status }) => status?.experienceStored === true);
    expect(await experiences()).toHaveLength(1);
  });
});

describe('two tasks at a time, on S3 and on a claim', () => {
  let onS3: FineTuneTask;
  let onClaim: FineTuneTask;
  let spentBefore = 0;
  let resumedMs = 0;

  test('the second is planned with the experience of the first', async () => {
    const { endpoint } = site.s3;
    const first = await readTask(api, 'flowers');
    await api.apply(sample('task-s3.yaml', 'flowers-s3', { data: { s3: { endpoint } }, output: { s3: { endpoint } } }));
    onS3 = await taskReaches(api, 'flowers-s3', 180, ({ status }) => status?.plan !== undefined);
    const known = first.status?.plan?.predictor.experiences ?? Number.NaN;
    expect(onS3.status?.plan?.predictor.experiences).toBe(known + 1);
  });

  test('it is suspended in mid-training and resumed, which costs it nothing of its budget', async () => {
    await taskReaches(api, 'flowers-s3', 180, isTraining);
    await patchTask(api, 'flowers-s3', { suspend: true });
    const isHeld = (one: FineTuneTask) => condition(one, 'Suspended')?.reason === 'SuspendRequested';
    const held = await taskReaches(api, 'flowers-s3', 150, isHeld);
    spentBefore = held.status?.activeSeconds ?? Number.NaN;
    expect(spentBefore).toBeGreaterThan(0);
    const running = (await podsOf(api, onS3, 'training')).filter(({ status }) => status?.phase === 'Running');
    expect(running).toEqual([]);
    // the third begins meanwhile, and has time enough to train until PostgreSQL is away
    await api.apply(sample('task-claim.yaml', 'flowers-again', { seed: 2, budget: { time: '110s' } }));
    await pause(10_000);
    expect((await readTask(api, 'flowers-s3')).status?.activeSeconds).toBe(spentBefore);
    resumedMs = Date.now();
    await patchTask(api, 'flowers-s3', { suspend: false });
  });

  test('and goes on after its pod was deleted in mid-training', async () => {
    const runs = async () => {
      const pods = await podsOf(api, onS3, 'training');
      return pods.find(({ metadata, status }) => status?.phase === 'Running' && !('deletionTimestamp' in metadata));
    };
    await taskReaches(api, 'flowers-s3', 120, (one) => {
      const { lastReportTime = '' } = one.status?.progress ?? {};
      return isTraining(one) && Date.parse(lastReportTime) > resumedMs + 1000;
    });
    const pod = await until('it trains again', 60, runs);
    await api.call('DELETE', `${podsPath}/${pod.metadata.name}`);
    await until('another pod trains', 120, async () =>
      (await runs().then((other) => other !== undefined && other.metadata.uid !== pod.metadata.uid)) ? true : undefined,
    );
    expect((await readTask(api, 'flowers-s3')).status?.attempts?.training).toBe(1);
  });

  test('both outlive the API server away for 30 s', async () => {
    onClaim = await taskReaches(api, 'flowers-again', 180, ({ status }) => status?.plan !== undefined);
    const stopped = Date.now();
    await site.cluster.plane.apiServer.stop('SIGKILL');
    await pause(30_000);
    await site.cluster.plane.apiServer.start();
    await leaderSince(api, stopped + 30_000);
  });

  test('and PostgreSQL away for 30 s, while one of them finishes', async () => {
    expect((await readTask(api, 'flowers-again')).status?.result).toBeUndefined();
    await site.postgres.service.stop('SIGKILL');
    const stopped = performance.now();
    try {
      onClaim = await taskReaches(api, 'flowers-again', 240, ({ status }) => status?.result !== undefined);
      expect(onClaim.status?.experienceStored ?? false).toBe(false);
      await pause(Math.max(0, 30_000 - (performance.now() - stopped)));
    } finally {
      await site.postgres.service.start();
    }
    onClaim = await taskReaches(api, 'flowers-again', 90, ({ status }) => status?.experienceStored === true);
  });

  test('to one result and one experience each, nothing lost', async () => {
    onS3 = await taskReaches(api, 'flowers-s3', 240, (one) => isComplete(one) && one.status?.experienceStored === true);
    for (const task of [onS3, onClaim]) {
      log(`${task.metadata.name}: ${JSON.stringify(task.status?.result)} in ${task.status?.activeSeconds} s`);
      expect(task.status?.result?.accuracy).toBeGreaterThan(2.5 * chance);
      expect(task.status?.attempts).toMatchObject({ profile: 1, memoryPlan: 0 });
    }
    expect(await experiences()).toHaveLength(3);
    // 72 s of budget, and what evaluating and exporting may take on top of it
    expect(onS3.status?.activeSeconds).toBeGreaterThan(spentBefore);
    expect(onS3.status?.activeSeconds).toBeLessThan(72 + 15);
  });

  test('the artifact in S3 loads, and tells pictures apart that no task has seen', async () => {
    const run = nasoa(site);
    const model = join(siteFolder, 'model');
    await run('get-model', 'flowers-s3', '--out', model, '--namespace', taskNamespace);
    const accuracy = await accuracyOn(pictures.unseen, model, run);
    log(`unseen pictures: ${accuracy}`);
    expect(accuracy).toBeGreaterThan(2.5 * chance);
  });
});

test('a zoo is searched and pre-trained', async () => {
  // small ones: two at a time share two processors with everything else
  const search = { evaluations: 2, population: 4, constraints: { maxParametersM: 0.5 } };
  await api.apply(sample('zoo.yaml', 'small-images', { search, size: 1, pretraining: { epochs: 1 } }));
  const zoo = await until('the zoo is ready', 290, async () => {
    const one = await api.call<ModelZoo>('GET', `${zoosPath}/small-images`);
    if (one.status?.phase === 'Failed') throw new Error(JSON.stringify(one.status));
    return one.status?.phase === 'Ready' ? one : undefined;
  });
  expect(zoo.status?.evaluations).toMatchObject({ done: 2, failed: 0 });
  expect(zoo.status?.members).toHaveLength(1);
});

test('Prometheus scrapes both replicas, and every alert rule of the chart evaluates', async () => {
  type Targets = { readonly activeTargets: readonly { readonly health: string }[] };
  const { activeTargets } = await prometheus.ask<Targets>('targets?state=active');
  expect(activeTargets.map(({ health }) => health)).toEqual(['up', 'up']);
  type Rules = {
    readonly groups: readonly {
      readonly rules: readonly { readonly name: string; readonly health: string; readonly state: string }[];
    }[];
  };
  const rules = (await prometheus.ask<Rules>('rules')).groups.flatMap((group) => group.rules);
  expect(rules.length).toBeGreaterThan(10);
  expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
  type Vector = { readonly result: readonly { readonly value: readonly [number, string] }[] };
  const leaders = await prometheus.ask<Vector>(`query?query=${encodeURIComponent('sum(nasoa_leader)')}`);
  expect(leaders.result[0]?.value[1]).toBe('1');
});

test('an upgrade leaves tasks as they are, and so does an uninstall, which leaves the CRDs', async () => {
  await release.upgrade('logLevel=debug');
  await rollout(api);
  await release.helm('uninstall', 'nasoa', '--wait');
  const names = (await api.call<{ items: FineTuneTask[] }>('GET', tasksPath)).items.map(
    ({ metadata }) => metadata.name,
  );
  expect(names.sort()).toEqual(['flowers', 'flowers-again', 'flowers-s3', 'no-claim', 'wants-gpu']);
});

test('nothing of what was started is left on the machine', async () => {
  await takeDown();
  expect(await tracesHere(siteFolder, process.env)).toEqual(before);
}, 120_000);
