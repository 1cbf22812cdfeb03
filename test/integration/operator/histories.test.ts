/** Tasks from their creation to their end: the operator with the chart's rights, a real API server and Job controller. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../../../hack/cluster/service.ts';
import type { FineTuneTask } from '../../../src/crds/fine-tune-task.ts';
import { labels } from '../../../src/crds/group.ts';
import { exitCodes, type TrainerMessage } from '../../../src/crds/trainer-job.ts';
import type { Pod } from '../../../src/crds/workloads.ts';
import { shippedZooDir } from '../../../src/nas/zoo.ts';
import { readShippedExperience } from '../../../src/store/shipped-experience.ts';
import { answers, namespace } from '../../support/operator-cluster.ts';
import { conditionOf, eventsPath, isOver, operatorSite, podsPath } from '../../support/operator-site.ts';

const site = operatorSite();
const shipped = await readShippedExperience(join(shippedZooDir(), 'experience.jsonl'));

describe('a task whose pods do well', () => {
  let task: FineTuneTask;
  beforeAll(async () => {
    await site.cluster.createTask('well');
    task = await site.cluster.taskWhen('well', 'it is over and its experience is kept', ({ status }) => {
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
    expect(task.status?.plan?.predictor.experiences).toBe(shipped.length);
  });

  test('had its plan in the status before its training Job was made', async () => {
    const training = (await site.jobsOf(task)).find(({ metadata }) => metadata.labels?.[labels.role] === 'training');
    const plannedAt = Date.parse(task.status?.plan?.plannedAt ?? '');
    expect(Date.parse(training?.metadata.creationTimestamp ?? '')).toBeGreaterThanOrEqual(plannedAt);
    // times are whole seconds; the order of writes is told by the audit log
    const writes = site.audit().filter(({ verb, objectRef }) => {
      const { resource, subresource, name = '' } = objectRef ?? {};
      const isStatus = verb === 'patch' && resource === 'finetunetasks' && subresource === 'status' && name === 'well';
      return isStatus || (verb === 'create' && resource === 'jobs');
    });
    const order = writes.map(({ objectRef }) => objectRef?.resource);
    expect(order.slice(0, 2)).toEqual(['finetunetasks', 'jobs']);
    expect(order.indexOf('jobs', 2)).toBeGreaterThan(order.indexOf('finetunetasks', 1));
  });

  test('has one profile Job and one training Job, controlled by it', async () => {
    const jobs = await site.jobsOf(task);
    expect(jobs.map(({ metadata }) => metadata.labels?.[labels.role]).toSorted()).toEqual(['profile', 'training']);
    for (const { metadata } of jobs) expect(metadata.ownerReferences).toMatchObject([{ uid: task.metadata.uid }]);
  });

  test('is told of by events and metrics', async () => {
    const reasons = await until('the events are there', 20, async () => {
      const { items } = await site.cluster.api.call<{ items: { reason: string; regarding: { name: string } }[] }>(
        'GET',
        eventsPath,
      );
      const own = items.filter(({ regarding }) => regarding.name === 'well').map(({ reason }) => reason);
      return own.length >= 2 ? own : undefined;
    });
    expect(reasons.toSorted()).toEqual(['PlanCompleted', 'PlanMade']);
    const metrics = await site.operator.metrics();
    expect(metrics).toMatch(/^nasoa_leader\{lease="nasoa"\} 1$/m);
    expect(metrics).toMatch(/^nasoa_accuracy_error_count 1$/m);
    expect(metrics).toMatch(/^nasoa_budget_use_ratio_count 1$/m);
  });

  test('makes the next plan rest on one experience more', async () => {
    await site.cluster.createTask('next');
    const next = await site.cluster.taskWhen('next', 'it is planned', ({ status }) => status?.plan !== undefined);
    expect(next.status?.plan?.predictor.experiences).toBe(shipped.length + 1);
  });
});

const failure = (reason: 'NoImages' | 'StorageUnreachable', message: string): TrainerMessage => ({
  ...{ kind: 'failure', reason, message, activeSeconds: 3 },
});

describe('a task whose pods fail', () => {
  test('fails at once where its data is no good, in the words of the pod', async () => {
    const message = failure('NoImages', 'No image was found in flowers.');
    site.fates.set('bad-data', () => ({ exitCode: exitCodes.badData, message }));
    await site.cluster.createTask('bad-data');
    const task = await site.cluster.taskWhen('bad-data', 'it is over', isOver);
    expect(conditionOf(task, 'Failed')).toMatchObject({ status: 'True', reason: 'NoImages' });
    expect(conditionOf(task, 'Failed')?.message).toContain('No image was found in flowers.');
    expect(await site.jobsOf(task)).toHaveLength(1);
  });

  test('is tried again some seconds after failures that may pass, and completes', async () => {
    let tries = 0;
    site.fates.set('unlucky', (job) => {
      if (job.kind !== 'training' || tries++ > 1) return answers(job);
      return { exitCode: exitCodes.failed, message: failure('StorageUnreachable', 'S3 did not answer.') };
    });
    await site.cluster.createTask('unlucky');
    const waiting = await site.cluster.taskWhen(
      'unlucky',
      'it waits for its next attempt',
      // before that, for a moment, the Job has lost its pod and not failed yet
      (seen) => {
        const { reason, status } = conditionOf(seen, 'Running') ?? {};
        return reason === 'Retrying' && status === 'Unknown';
      },
    );
    expect(conditionOf(waiting, 'Running')?.message).toBe('Attempt 2 follows 10s after a failure: S3 did not answer.');
    const task = await site.cluster.taskWhen('unlucky', 'it is over', isOver, 90);
    expect(task.status).toMatchObject({ phase: 'Complete', attempts: { training: 3 } });
    expect(tries).toBe(3);
  });

  test('gets a smaller memory plan when the kernel kills a pod for memory', async () => {
    const plans: number[] = [];
    site.fates.set('hungry', (job) => {
      if (job.kind === 'training') plans.push(job.memoryPlan);
      if (job.kind === 'training' && job.memoryPlan === 0)
        return { exitCode: exitCodes.outOfMemory, reason: 'OOMKilled' };
      return answers(job);
    });
    await site.cluster.createTask('hungry');
    const task = await site.cluster.taskWhen('hungry', 'it is over', isOver, 90);
    expect(task.status).toMatchObject({ phase: 'Complete', attempts: { training: 2, memoryPlan: 1 } });
    expect(plans).toEqual([0, 1]);
  });

  test('goes on in the same Job when its pod is deleted, and spends its budget once', async () => {
    let tries = 0;
    site.fates.set('disturbed', (job) => (job.kind === 'training' && tries++ === 0 ? {} : answers(job)));
    await site.cluster.createTask('disturbed');
    const seen = await site.cluster.taskWhen('disturbed', 'it trains', ({ status }) => status?.phase === 'Running');
    const selector = encodeURIComponent(`${labels.taskUid}=${seen.metadata.uid},${labels.role}=training`);
    const { items } = await site.cluster.api.call<{ items: Pod[] }>('GET', `${podsPath}?labelSelector=${selector}`);
    await site.cluster.api.call('DELETE', `${podsPath}/${items[0]?.metadata.name}`);
    const task = await site.cluster.taskWhen('disturbed', 'it is over', isOver, 90);
    expect(task.status).toMatchObject({ phase: 'Complete' });
    expect(tries).toBe(2);
  });

  test('says in the words of the scheduler why its pod is not placed', async () => {
    const message = '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.';
    site.fates.set('waiting', () => ({
      status: {
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
      },
      pending: true,
    }));
    await site.cluster.createTask('waiting', {
      resources: { gpu: { name: 'nvidia.com/gpu', count: 16 } },
      startDeadline: '8s',
    });
    const waiting = await site.cluster.taskWhen('waiting', 'it says why', (task) => {
      return conditionOf(task, 'Running')?.reason === 'Unschedulable';
    });
    expect(conditionOf(waiting, 'Running')?.message).toContain('Insufficient nvidia.com/gpu');
    const task = await site.cluster.taskWhen('waiting', 'its deadline passes', isOver);
    expect(conditionOf(task, 'Failed')).toMatchObject({ reason: 'StartDeadlineExceeded' });
    expect(conditionOf(task, 'Failed')?.message).toContain('Insufficient nvidia.com/gpu');
  });
});

describe('a task that people interfere with', () => {
  test('keeps the seconds that it spent over a suspension, and goes on', async () => {
    const spent: number[] = [];
    site.fates.set('paused', (job) => {
      if (job.kind !== 'training') return answers(job);
      spent.push(job.spentSeconds);
      return spent.length === 1 ? {} : answers(job);
    });
    await site.cluster.createTask('paused');
    await site.cluster.taskWhen('paused', 'it trains', ({ status }) => status?.phase === 'Running');
    await site.patchTask('paused', { suspend: true });
    const rested = await site.cluster.taskWhen('paused', 'it rests', (task) => {
      return conditionOf(task, 'Suspended')?.reason === 'SuspendRequested';
    });
    expect((await site.jobsOf(rested)).filter(({ metadata }) => metadata.labels?.[labels.role] === 'training')).toEqual(
      [],
    );
    await site.patchTask('paused', { suspend: false });
    const task = await site.cluster.taskWhen('paused', 'it is over', isOver, 90);
    expect(task.status?.phase).toBe('Complete');
    expect(spent[1]).toBeGreaterThan(spent[0] ?? 0);
  });

  test('says at once which claim is missing, and goes on when it is there', async () => {
    await site.cluster.createTask('homeless', { data: { claim: { claimName: 'tulips' } } });
    const task = await site.cluster.taskWhen('homeless', 'it says so', (seen) => {
      return conditionOf(seen, 'Running')?.reason === 'ClaimNotFound';
    });
    expect(conditionOf(task, 'Running')?.message).toContain('tulips');
    await site.cluster.api.apply({
      ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'tulips', namespace } },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    expect((await site.cluster.taskWhen('homeless', 'it is over', isOver)).status?.phase).toBe('Complete');
  });
});
