/** What the operator does beside the tasks' own lives, and that the chart grants it all of that and nothing else. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { until } from '../../../hack/cluster/service.ts';
import type { FineTuneTask } from '../../../src/crds/fine-tune-task.ts';
import { labels, progressAudience } from '../../../src/crds/group.ts';
import type { ModelZoo } from '../../../src/crds/model-zoo.ts';
import type { Pod } from '../../../src/crds/workloads.ts';
import type { SeriesEvent } from '../../../src/kube/events.ts';
import { httpsPost } from '../../../src/server/https-post.ts';
import { systemScheduler } from '../../../src/server/scheduler.ts';
import { answers, namespace } from '../../support/operator-cluster.ts';
import { startOperator } from '../../support/operator-process.ts';
import { conditionOf, eventsPath, isOver, operatorSite, podsPath } from '../../support/operator-site.ts';
import { deniedRights, grantsOf, type Rule, usedRights } from '../../support/rights.ts';

const site = operatorSite();

const rests = (task: FineTuneTask): boolean => conditionOf(task, 'Suspended')?.status === 'True';

// a series of events is told of half a minute later, below: the other tests pass meanwhile
beforeAll(async () => {
  await site.cluster.createTask('restless', { suspend: true });
  await site.cluster.taskWhen('restless', 'it rests', rests);
  site.fates.set('restless', () => ({}));
  // its pod runs when it is suspended again, which is another message, and the third time is like the second
  for (let time = 0; time < 2; time++) {
    await site.patchTask('restless', { suspend: false });
    await site.cluster.taskWhen('restless', 'it profiles', ({ status }) => status?.phase === 'Profiling');
    await site.patchTask('restless', { suspend: true });
    await site.cluster.taskWhen('restless', 'it rests again', rests);
  }
});

test('a task goes of itself some time after it is finished, and its Jobs with it', async () => {
  await site.cluster.createTask('brief', { ttlAfterFinished: '2s' });
  const task = await site.cluster.taskWhen('brief', 'it is over', isOver);
  const path = `/apis/nasoa.dev/v1alpha1/namespaces/${namespace}/finetunetasks/brief`;
  await until('it is gone', 30, async () =>
    (await site.cluster.api.send('GET', path)).status === 404 ? true : undefined,
  );
  await until('its Jobs are gone', 60, async () => ((await site.jobsOf(task)).length === 0 ? true : undefined));
});

describe('a report', () => {
  /** A report with a token of that audience, bound to the pod that trains. */
  async function report(audience: string, over: Readonly<Record<string, unknown>> = {}) {
    const task = await site.cluster.taskWhen('reporting', 'it trains', ({ status }) => status?.phase === 'Running');
    const selector = encodeURIComponent(`${labels.taskUid}=${task.metadata.uid},${labels.role}=training`);
    const { items } = await site.cluster.api.call<{ items: Pod[] }>('GET', `${podsPath}?labelSelector=${selector}`);
    const { name = '', uid = '' } = items[0]?.metadata ?? {};
    const { status } = await site.cluster.api.call<{ status: { token: string } }>(
      'POST',
      `/api/v1/namespaces/${namespace}/serviceaccounts/default/token`,
      {
        ...{ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' },
        spec: {
          audiences: [audience],
          expirationSeconds: 600,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
        },
      },
    );
    const authority = await site.cluster.api.call<{ data: Record<string, string> }>(
      'GET',
      `/api/v1/namespaces/${namespace}/configmaps/nasoa-report-authority`,
    );
    return httpsPost(systemScheduler)({
      url: `https://127.0.0.1:${site.operator.https}/progress/v1/namespaces/${namespace}/tasks/reporting`,
      headers: { authorization: `Bearer ${status.token}` },
      body: JSON.stringify({
        ...{ uid: task.metadata.uid, role: 'training', attempt: 1, step: 40, steps: 100, accuracy: 0.5 },
        ...{ secondsLeft: 30, activeSeconds: 21 },
        ...over,
      }),
      ...{ ca: Object.values(authority.data)[0] ?? '', serverName: 'nasoa.nasoa-system.svc', timeoutSeconds: 10 },
    });
  }
  beforeAll(async () => {
    site.fates.set('reporting', (job) => (job.kind === 'training' ? {} : answers(job)));
    await site.cluster.createTask('reporting');
  });

  test('with a token for something else is refused', async () => {
    expect((await report('https://kubernetes.default.svc.site.cluster.local')).status).toBe(401);
  });

  test('about another task is refused', async () => {
    expect((await report(progressAudience, { uid: '00000000-0000-4000-8000-000000000000' })).status).toBe(403);
  });

  test('of the pod of the task comes into its status', async () => {
    expect((await report(progressAudience)).status).toBe(204);
    const { status } = await site.cluster.taskWhen(
      'reporting',
      'it tells',
      (task) => task.status?.progress?.step === 40,
    );
    expect(status).toMatchObject({ progress: { step: 40, steps: 100, accuracy: 0.5 }, activeSeconds: 21 });
  });

  test('that follows too soon has to wait', async () => {
    const answer = await report(progressAudience);
    expect(answer.status).toBe(429);
    expect(Number(answer.retryAfter)).toBeGreaterThan(0);
  });
});

describe('a zoo', () => {
  const path = `/apis/nasoa.dev/v1alpha1/namespaces/${namespace}/modelzoos`;
  const zooWhen = (what: string, holds: (zoo: ModelZoo) => boolean): Promise<ModelZoo> =>
    until(`the zoo ${what}`, 90, async () => {
      const zoo = await site.cluster.api.call<ModelZoo>('GET', `${path}/compact`);
      return holds(zoo) ? zoo : undefined;
    });
  let zoo: ModelZoo;
  beforeAll(async () => {
    await site.cluster.api.call('POST', path, {
      ...{ apiVersion: 'nasoa.dev/v1alpha1', kind: 'ModelZoo', metadata: { name: 'compact', namespace } },
      spec: {
        proxyData: { claim: { claimName: 'flowers' } },
        search: { evaluations: 12, parallelism: 4 },
        size: 3,
        output: { claim: { claimName: 'models' } },
      },
    });
    zoo = await zooWhen('is ready', ({ status }) => status?.phase === 'Ready' || status?.phase === 'Failed');
  }, 120_000);

  test('is searched by as many candidates as were asked for, and keeps the best of the front', () => {
    expect(zoo.status).toMatchObject({ phase: 'Ready', evaluations: { done: 12, running: 0, failed: 0, total: 12 } });
    const steps = zoo.status?.front?.map(({ stepSeconds }) => stepSeconds) ?? [];
    expect(steps.length).toBeGreaterThan(1);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(zoo.status?.members?.map(({ phase }) => phase)).toEqual(['Ready', 'Ready', 'Ready']);
  });

  test('is what a task that names it is planned from', async () => {
    const [member] = zoo.status?.members ?? [];
    site.fates.set('choosy', (job) => {
      const { message } = answers(job);
      if (message?.kind !== 'profile') return answers(job);
      const steps = message.profile.steps.map((step) => ({ ...step, member: member?.name ?? '' }));
      return { ...answers(job), message: { ...message, profile: { ...message.profile, steps } } };
    });
    await site.cluster.createTask('choosy', { zooRef: { name: 'compact' } });
    const task = await site.cluster.taskWhen('choosy', 'it is over', isOver);
    expect(task.status?.phase).toBe('Complete');
    expect(zoo.status?.members?.map(({ name }) => name)).toContain(task.status?.plan?.member);
  });
});

test('a task that is suspended again and again is told of by one event with a count', async () => {
  const counts = await until('the series is told', 60, async () => {
    const { items } = await site.cluster.api.call<{ items: SeriesEvent[] }>('GET', eventsPath);
    const found = items
      .filter(({ regarding }) => regarding.name === 'restless')
      .map(({ series }) => series?.count ?? 1);
    return found.some((count) => count > 1) ? found : undefined;
  });
  expect(counts).toContain(2);
}, 90_000);

describe('an operator that starts anew', () => {
  const configMap = `/api/v1/namespaces/${namespace}/configmaps/nasoa-report-authority`;
  beforeAll(async () => {
    expect(await site.operator.stop()).toBe(0);
    await site.cluster.api.call(
      'PATCH',
      configMap,
      { data: { 'ca.crt': 'of another' } },
      'application/merge-patch+json',
    );
    site.operator = await startOperator(site.cluster.operatorEnv);
  });

  test('goes on with the tasks that are there, and makes nothing twice', async () => {
    await site.patchTask('reporting', { suspend: true });
    const task = await site.cluster.taskWhen('reporting', 'it rests', (seen) => {
      return conditionOf(seen, 'Suspended')?.reason === 'SuspendRequested';
    });
    expect(task.status?.attempts).toMatchObject({ profile: 1, training: 1 });
    expect(task.status?.activeSeconds).toBeGreaterThanOrEqual(21);
  });

  test('replaces an authority that is not its own before a pod could trust it', async () => {
    await site.cluster.createTask('trusting');
    await site.cluster.taskWhen('trusting', 'it is over', isOver);
    const { data } = await site.cluster.api.call<{ data: Record<string, string> }>('GET', configMap);
    expect(Object.values(data)[0]).toContain('BEGIN CERTIFICATE');
  });
});

test('of the rights that the chart grants each is used, and no other is missed', () => {
  const text = readFileSync(new URL('../../../manifests/operator/nasoa.yaml', import.meta.url), 'utf8');
  const objects = parseAllDocuments(text).map(
    (document) => document.toJS() as { kind: string; metadata: { name: string }; rules?: Rule[] },
  );
  const roles = objects.filter(({ kind, metadata: { name } }) => /Role$/.test(kind) && !/-(edit|view)$/.test(name));
  const user = 'system:serviceaccount:nasoa-system:nasoa';
  expect(deniedRights(site.audit(), user)).toEqual([]);
  const used = new Set(usedRights(site.audit(), user));
  const unused = grantsOf(roles.flatMap(({ rules = [] }) => rules)).filter((right) => !used.has(right));
  expect(unused).toEqual([]);
});
