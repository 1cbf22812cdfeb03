/** The operator as a process with the chart's rights, on a real API server with the real Job controller. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { until } from '../../../hack/cluster/service.ts';
import type { Fate } from '../../../hack/cluster/simulated-kubelet.ts';
import { findCondition, type TaskConditionType } from '../../../src/crds/conditions.ts';
import type { FineTuneTask } from '../../../src/crds/fine-tune-task.ts';
import { labels, progressAudience } from '../../../src/crds/group.ts';
import type { ModelZoo } from '../../../src/crds/model-zoo.ts';
import { exitCodes, type TrainerJob, type TrainerMessage } from '../../../src/crds/trainer-job.ts';
import type { Job, Pod } from '../../../src/crds/workloads.ts';
import type { SeriesEvent } from '../../../src/kube/events.ts';
import { httpsPost } from '../../../src/server/https-post.ts';
import { systemScheduler } from '../../../src/server/scheduler.ts';
import { answers, namespace, type OperatorCluster, startOperatorCluster } from '../../support/operator-cluster.ts';
import { type OperatorProcess, startOperator } from '../../support/operator-process.ts';
import { deniedRights, grantsOf, parseAuditLog, type Rule, usedRights } from '../../support/rights.ts';

let cluster: OperatorCluster;
let operator: OperatorProcess;
beforeAll(async () => {
  cluster = await startOperatorCluster({ controllerManager: true, audit: true });
  operator = await startOperator(cluster.operatorEnv);
}, 900_000);
afterAll(async () => {
  await operator?.stop();
  await cluster?.stop();
});

/** Fates of one task's pods; those of all others answer. */
const fates = new Map<string, (job: TrainerJob, pod: Pod) => Fate>();
beforeAll(() => cluster.setFates((job, pod) => fates.get(job.task.name)?.(job, pod) ?? answers(job)));

const conditionOf = (task: FineTuneTask, type: TaskConditionType) => findCondition(task.status?.conditions, type);
const isOver = ({ status }: FineTuneTask): boolean => status?.phase === 'Complete' || status?.phase === 'Failed';
const jobsPath = `/apis/batch/v1/namespaces/${namespace}/jobs`;
const podsPath = `/api/v1/namespaces/${namespace}/pods`;

async function jobsOf({ metadata: { uid } }: FineTuneTask): Promise<readonly Job[]> {
  const selector = encodeURIComponent(`${labels.taskUid}=${uid}`);
  return (await cluster.api.call<{ items: Job[] }>('GET', `${jobsPath}?labelSelector=${selector}`)).items;
}

const patchTask = (name: string, spec: Readonly<Record<string, unknown>>): Promise<unknown> =>
  cluster.api.call(
    'PATCH',
    `/apis/nasoa.dev/v1alpha1/namespaces/${namespace}/finetunetasks/${name}`,
    { spec },
    'application/merge-patch+json',
  );

describe('a task whose pods do well', () => {
  let task: FineTuneTask;
  beforeAll(async () => {
    await cluster.createTask('well');
    task = await cluster.taskWhen('well', 'it is over and its experience is kept', ({ status }) => {
      return status?.phase === 'Complete' && status.experienceStored === true;
    });
  });

  test('has profile, plan, result and artifact in its status', () => {
    expect(task.status).toMatchObject({
      profile: { trainImages: 2000 },
      result: { accuracy: 0.83 },
      artifact: { claim: { claimName: 'models' } },
      attempts: { profile: 1, training: 1, memoryPlan: 0 },
    });
    expect(task.status?.plan?.runnersUp.length).toBeGreaterThan(1);
    expect(task.status?.plan?.predictor.experiences).toBe(60);
  });

  test('had its plan in the status before its training Job was made', async () => {
    const training = (await jobsOf(task)).find(({ metadata }) => metadata.labels?.[labels.role] === 'training');
    const plannedAt = Date.parse(task.status?.plan?.plannedAt ?? '');
    expect(Date.parse(training?.metadata.creationTimestamp ?? '')).toBeGreaterThanOrEqual(plannedAt);
    // times are whole seconds; the order of writes is told by the audit log
    const writes = auditOf().filter(({ verb, objectRef }) => {
      const { resource, subresource, name = '' } = objectRef ?? {};
      const isStatus = verb === 'patch' && resource === 'finetunetasks' && subresource === 'status' && name === 'well';
      return isStatus || (verb === 'create' && resource === 'jobs');
    });
    const order = writes.map(({ objectRef }) => objectRef?.resource);
    expect(order.slice(0, 2)).toEqual(['finetunetasks', 'jobs']);
    expect(order.indexOf('jobs', 2)).toBeGreaterThan(order.indexOf('finetunetasks', 1));
  });

  test('has one profile Job and one training Job, controlled by it', async () => {
    const jobs = await jobsOf(task);
    expect(jobs.map(({ metadata }) => metadata.labels?.[labels.role]).toSorted()).toEqual(['profile', 'training']);
    for (const { metadata } of jobs) expect(metadata.ownerReferences).toMatchObject([{ uid: task.metadata.uid }]);
  });

  test('is told of by events and metrics', async () => {
    const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
    const reasons = await until('the events are there', 20, async () => {
      const { items } = await cluster.api.call<{ items: { reason: string; regarding: { name: string } }[] }>(
        'GET',
        path,
      );
      const own = items.filter(({ regarding }) => regarding.name === 'well').map(({ reason }) => reason);
      return own.length >= 2 ? own : undefined;
    });
    expect(reasons.toSorted()).toEqual(['PlanCompleted', 'PlanMade']);
    const metrics = await operator.metrics();
    expect(metrics).toMatch(/^nasoa_leader\{lease="nasoa"\} 1$/m);
    expect(metrics).toMatch(/^nasoa_accuracy_error_count 1$/m);
    expect(metrics).toMatch(/^nasoa_budget_use_ratio_count 1$/m);
  });

  test('makes the next plan rest on one experience more', async () => {
    await cluster.createTask('next');
    const next = await cluster.taskWhen('next', 'it is planned', ({ status }) => status?.plan !== undefined);
    expect(next.status?.plan?.predictor.experiences).toBe(61);
  });
});

const failure = (reason: 'NoImages' | 'StorageUnreachable', message: string): TrainerMessage => ({
  ...{ kind: 'failure', reason, message, activeSeconds: 3 },
});

describe('a task that is suspended again and again', () => {
  const rests = (task: FineTuneTask): boolean => conditionOf(task, 'Suspended')?.status === 'True';
  beforeAll(async () => {
    await cluster.createTask('restless', { suspend: true });
    await cluster.taskWhen('restless', 'it rests', rests);
    fates.set('restless', () => ({}));
    // its pod runs when it is suspended again, which is another message, and the third time is like the second
    for (let time = 0; time < 2; time++) {
      await patchTask('restless', { suspend: false });
      await cluster.taskWhen('restless', 'it profiles', ({ status }) => status?.phase === 'Profiling');
      await patchTask('restless', { suspend: true });
      await cluster.taskWhen('restless', 'it rests again', rests);
    }
  });

  test('is told of by one event with a count', async () => {
    const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
    const counts = await until('the series is told', 60, async () => {
      const { items } = await cluster.api.call<{ items: SeriesEvent[] }>('GET', path);
      const found = items
        .filter(({ regarding }) => regarding.name === 'restless')
        .map(({ series }) => series?.count ?? 1);
      return found.some((count) => count > 1) ? found : undefined;
    });
    expect(counts).toContain(2);
  }, 90_000);
});

describe('a task whose pods fail', () => {
  test('fails at once where its data is no good, in the words of the pod', async () => {
    const message = failure('NoImages', 'No image was found in flowers.');
    fates.set('bad-data', () => ({ exitCode: exitCodes.badData, message }));
    await cluster.createTask('bad-data');
    const task = await cluster.taskWhen('bad-data', 'it is over', isOver);
    expect(conditionOf(task, 'Failed')).toMatchObject({ status: 'True', reason: 'NoImages' });
    expect(conditionOf(task, 'Failed')?.message).toContain('No image was found in flowers.');
    expect(await jobsOf(task)).toHaveLength(1);
  });

  test('is tried again after failures that may pass, and completes', async () => {
    let tries = 0;
    fates.set('unlucky', (job) => {
      if (job.kind !== 'training' || tries++ > 1) return answers(job);
      return { exitCode: exitCodes.failed, message: failure('StorageUnreachable', 'S3 did not answer.') };
    });
    await cluster.createTask('unlucky');
    const task = await cluster.taskWhen('unlucky', 'it is over', isOver, 90);
    expect(task.status).toMatchObject({ phase: 'Complete', attempts: { training: 3 } });
  });

  test('gets a smaller memory plan when the kernel kills a pod for memory', async () => {
    const plans: number[] = [];
    fates.set('hungry', (job) => {
      if (job.kind === 'training') plans.push(job.memoryPlan);
      if (job.kind === 'training' && job.memoryPlan === 0)
        return { exitCode: exitCodes.outOfMemory, reason: 'OOMKilled' };
      return answers(job);
    });
    await cluster.createTask('hungry');
    const task = await cluster.taskWhen('hungry', 'it is over', isOver, 90);
    expect(task.status).toMatchObject({ phase: 'Complete', attempts: { training: 2, memoryPlan: 1 } });
    expect(plans).toEqual([0, 1]);
  });

  test('goes on in the same Job when its pod is deleted, and spends its budget once', async () => {
    let tries = 0;
    fates.set('disturbed', (job) => (job.kind === 'training' && tries++ === 0 ? {} : answers(job)));
    await cluster.createTask('disturbed');
    const seen = await cluster.taskWhen('disturbed', 'it trains', ({ status }) => status?.phase === 'Running');
    const selector = encodeURIComponent(`${labels.taskUid}=${seen.metadata.uid},${labels.role}=training`);
    const { items } = await cluster.api.call<{ items: Pod[] }>('GET', `${podsPath}?labelSelector=${selector}`);
    await cluster.api.call('DELETE', `${podsPath}/${items[0]?.metadata.name}`);
    const task = await cluster.taskWhen('disturbed', 'it is over', isOver, 90);
    expect(task.status).toMatchObject({ phase: 'Complete' });
    expect(tries).toBe(2);
  });

  test('says in the words of the scheduler why its pod is not placed', async () => {
    const message = '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.';
    fates.set('waiting', () => ({
      status: {
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
      },
      pending: true,
    }));
    await cluster.createTask('waiting', {
      resources: { gpu: { name: 'nvidia.com/gpu', count: 16 } },
      startDeadline: '8s',
    });
    const waiting = await cluster.taskWhen('waiting', 'it says why', (task) => {
      return conditionOf(task, 'Running')?.reason === 'Unschedulable';
    });
    expect(conditionOf(waiting, 'Running')?.message).toContain('Insufficient nvidia.com/gpu');
    const task = await cluster.taskWhen('waiting', 'its deadline passes', isOver);
    expect(conditionOf(task, 'Failed')).toMatchObject({ reason: 'StartDeadlineExceeded' });
    expect(conditionOf(task, 'Failed')?.message).toContain('Insufficient nvidia.com/gpu');
  });
});

describe('a task that people interfere with', () => {
  test('keeps the seconds that it spent over a suspension, and goes on', async () => {
    const spent: number[] = [];
    fates.set('paused', (job) => {
      if (job.kind !== 'training') return answers(job);
      spent.push(job.spentSeconds);
      return spent.length === 1 ? {} : answers(job);
    });
    await cluster.createTask('paused');
    await cluster.taskWhen('paused', 'it trains', ({ status }) => status?.phase === 'Running');
    await patchTask('paused', { suspend: true });
    const rested = await cluster.taskWhen('paused', 'it rests', (task) => {
      return conditionOf(task, 'Suspended')?.reason === 'SuspendRequested';
    });
    expect((await jobsOf(rested)).filter(({ metadata }) => metadata.labels?.[labels.role] === 'training')).toEqual([]);
    await patchTask('paused', { suspend: false });
    const task = await cluster.taskWhen('paused', 'it is over', isOver, 90);
    expect(task.status?.phase).toBe('Complete');
    expect(spent[1]).toBeGreaterThan(spent[0] ?? 0);
  });

  test('says at once which claim is missing, and goes on when it is there', async () => {
    await cluster.createTask('homeless', { data: { claim: { claimName: 'tulips' } } });
    const task = await cluster.taskWhen('homeless', 'it says so', (seen) => {
      return conditionOf(seen, 'Running')?.reason === 'ClaimNotFound';
    });
    expect(conditionOf(task, 'Running')?.message).toContain('tulips');
    await cluster.api.apply({
      ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'tulips', namespace } },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    expect((await cluster.taskWhen('homeless', 'it is over', isOver)).status?.phase).toBe('Complete');
  });

  test('goes of itself some time after it is finished, and its Jobs with it', async () => {
    await cluster.createTask('brief', { ttlAfterFinished: '2s' });
    const task = await cluster.taskWhen('brief', 'it is over', isOver);
    const path = `/apis/nasoa.dev/v1alpha1/namespaces/${namespace}/finetunetasks/brief`;
    await until('it is gone', 30, async () =>
      (await cluster.api.send('GET', path)).status === 404 ? true : undefined,
    );
    await until('its Jobs are gone', 60, async () => ((await jobsOf(task)).length === 0 ? true : undefined));
  });
});

describe('a report', () => {
  /** A report with a token of that audience, bound to the pod that trains. */
  async function report(audience: string, over: Readonly<Record<string, unknown>> = {}) {
    const task = await cluster.taskWhen('reporting', 'it trains', ({ status }) => status?.phase === 'Running');
    const selector = encodeURIComponent(`${labels.taskUid}=${task.metadata.uid},${labels.role}=training`);
    const { items } = await cluster.api.call<{ items: Pod[] }>('GET', `${podsPath}?labelSelector=${selector}`);
    const { name = '', uid = '' } = items[0]?.metadata ?? {};
    const { status } = await cluster.api.call<{ status: { token: string } }>(
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
    const authority = await cluster.api.call<{ data: Record<string, string> }>(
      'GET',
      `/api/v1/namespaces/${namespace}/configmaps/nasoa-report-authority`,
    );
    return httpsPost(systemScheduler)({
      url: `https://127.0.0.1:${operator.https}/progress/v1/namespaces/${namespace}/tasks/reporting`,
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
    fates.set('reporting', (job) => (job.kind === 'training' ? {} : answers(job)));
    await cluster.createTask('reporting');
  });

  test('with a token for something else is refused', async () => {
    expect((await report('https://kubernetes.default.svc.cluster.local')).status).toBe(401);
  });

  test('about another task is refused', async () => {
    expect((await report(progressAudience, { uid: '00000000-0000-4000-8000-000000000000' })).status).toBe(403);
  });

  test('of the pod of the task comes into its status', async () => {
    expect((await report(progressAudience)).status).toBe(204);
    const { status } = await cluster.taskWhen('reporting', 'it tells', (task) => task.status?.progress?.step === 40);
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
      const zoo = await cluster.api.call<ModelZoo>('GET', `${path}/compact`);
      return holds(zoo) ? zoo : undefined;
    });
  let zoo: ModelZoo;
  beforeAll(async () => {
    await cluster.api.call('POST', path, {
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
    fates.set('choosy', (job) => {
      const { message } = answers(job);
      if (message?.kind !== 'profile') return answers(job);
      const steps = message.profile.steps.map((step) => ({ ...step, member: member?.name ?? '' }));
      return { ...answers(job), message: { ...message, profile: { ...message.profile, steps } } };
    });
    await cluster.createTask('choosy', { zooRef: { name: 'compact' } });
    const task = await cluster.taskWhen('choosy', 'it is over', isOver);
    expect(task.status?.phase).toBe('Complete');
    expect(zoo.status?.members?.map(({ name }) => name)).toContain(task.status?.plan?.member);
  });
});

describe('an operator that starts anew', () => {
  const configMap = `/api/v1/namespaces/${namespace}/configmaps/nasoa-report-authority`;
  beforeAll(async () => {
    expect(await operator.stop()).toBe(0);
    await cluster.api.call('PATCH', configMap, { data: { 'ca.crt': 'of another' } }, 'application/merge-patch+json');
    operator = await startOperator(cluster.operatorEnv);
  });

  test('goes on with the tasks that are there, and makes nothing twice', async () => {
    await patchTask('reporting', { suspend: true });
    const task = await cluster.taskWhen('reporting', 'it rests', (seen) => {
      return conditionOf(seen, 'Suspended')?.reason === 'SuspendRequested';
    });
    expect(task.status?.attempts).toMatchObject({ profile: 1, training: 1 });
    expect(task.status?.activeSeconds).toBeGreaterThanOrEqual(21);
  });

  test('replaces an authority that is not its own before a pod could trust it', async () => {
    await cluster.createTask('trusting');
    await cluster.taskWhen('trusting', 'it is over', isOver);
    const { data } = await cluster.api.call<{ data: Record<string, string> }>('GET', configMap);
    expect(Object.values(data)[0]).toContain('BEGIN CERTIFICATE');
  });
});

const auditOf = () => parseAuditLog(readFileSync(cluster.auditLog ?? '', 'utf8'));

test('of the rights that the chart grants each is used, and no other is missed', () => {
  const text = readFileSync(new URL('../../../manifests/operator/nasoa.yaml', import.meta.url), 'utf8');
  const objects = parseAllDocuments(text).map(
    (document) => document.toJS() as { kind: string; metadata: { name: string }; rules?: Rule[] },
  );
  const roles = objects.filter(({ kind, metadata: { name } }) => /Role$/.test(kind) && !/-(edit|view)$/.test(name));
  const user = 'system:serviceaccount:nasoa-system:nasoa';
  expect(deniedRights(auditOf(), user)).toEqual([]);
  const used = new Set(usedRights(auditOf(), user));
  const unused = grantsOf(roles.flatMap(({ rules = [] }) => rules)).filter((right) => !used.has(right));
  expect(unused).toEqual([]);
});
