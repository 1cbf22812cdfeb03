import { describe, expect, test } from '@jest/globals';
import {
  type JobRequest,
  jobName,
  type Owner,
  outputFolder,
  reportTarget,
  traceIdOf,
  trainerJob,
} from '../../src/controllers/pods.ts';
import { placeOf, trainerData, trainerOutput } from '../../src/controllers/storage.ts';
import type { FineTuneTask } from '../../src/crds/fine-tune-task.ts';
import { jobVariable, type ProfileJob } from '../../src/crds/trainer-job.ts';
import type { NewJob } from '../../src/crds/workloads.ts';
import { aMeta, aTask } from '../support/objects.ts';
import { settings } from './job-builders.ts';

const ownerOf = (name: string): Owner => ({ kind: 'FineTuneTask', metadata: aMeta({ name }) });

function request(task: FineTuneTask, over: Partial<JobRequest> = {}): JobRequest {
  const owner: Owner = { kind: 'FineTuneTask', metadata: task.metadata };
  const { namespace, name, uid } = task.metadata;
  const job: ProfileJob = {
    ...{ kind: 'profile', task: { namespace, name, uid }, attempt: 1, budgetSeconds: 600, spentSeconds: 12.5 },
    data: trainerData(task.spec.data),
    output: trainerOutput(task.spec.output, outputFolder(owner)),
    zoo: { kind: 'folder', path: settings.zooFolder },
    ...{ seed: 1, memoryPlan: 0, report: reportTarget(owner, settings), traceId: traceIdOf(owner.metadata.uid) },
  };
  return {
    ...{ owner, suffix: 'profile-1', job, resources: task.spec.resources, pod: task.spec.pod, backstopSeconds: 1000.2 },
    places: { data: placeOf(task.spec.data), output: placeOf(task.spec.output) },
    queueName: task.spec.queueName,
    ...over,
  };
}

const made = (spec: Parameters<typeof aTask>[0] = {}, over: Partial<JobRequest> = {}): NewJob =>
  trainerJob(request(aTask(spec), over), settings);

const podOf = (job: NewJob) => job.spec.template.spec;
const trainerOf = (job: NewJob) => {
  const [container] = podOf(job).containers;
  if (container === undefined) throw new Error('the pod has no container');
  return container;
};

describe('the name of a Job', () => {
  test.each([
    ['flowers', /^flowers-[0-9a-f]{8}-profile-1$/],
    ['a.name.with.dots', /^a-name-with-dots-[0-9a-f]{8}-profile-1$/],
    ['x'.repeat(200), /^x{40}-[0-9a-f]{8}-profile-1$/],
    [`${'y'.repeat(39)}-cut`, /^y{39}-[0-9a-f]{8}-profile-1$/],
  ])('of %s', (name, pattern) => {
    const found = jobName(ownerOf(name), 'profile-1');
    expect(found).toMatch(pattern);
    expect(found.length).toBeLessThanOrEqual(63);
  });

  test('differs for two tasks of one name', () => {
    const second: Owner = { kind: 'FineTuneTask', metadata: aMeta({ uid: '9c2f0000-0000-4000-8000-000000000000' }) };
    expect(jobName(second, 'train-1')).not.toBe(jobName(ownerOf('flowers'), 'train-1'));
  });
});

describe('the pod of a Job', () => {
  const job = made();

  test('is admitted where the namespace enforces the restricted level', () => {
    expect(podOf(job)).toMatchObject({
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(podOf(job).securityContext?.runAsUser).toBeGreaterThan(0);
    expect(trainerOf(job).securityContext).toEqual({
      ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsNonRoot: true },
      capabilities: { drop: ['ALL'] },
    });
    expect(podOf(job).volumes?.some((volume) => 'hostPath' in volume)).toBe(false);
  });

  test('can write to scratch and tmp although its root is read-only', () => {
    const paths = trainerOf(job)
      .volumeMounts?.filter(({ readOnly }) => readOnly !== true)
      .map((mount) => mount.mountPath);
    expect(paths).toEqual(['/output', '/scratch', '/tmp']);
  });

  test('has a token of its own audience, and knows where to report', () => {
    const identity = podOf(job).volumes?.find(({ name }) => name === 'identity');
    expect(identity?.projected?.sources[0]?.serviceAccountToken?.audience).toBe('nasoa.dev/progress');
    expect(JSON.parse(trainerOf(job).env?.[0]?.value ?? '')).toMatchObject({
      spentSeconds: 12.5,
      report: {
        url: 'https://nasoa.nasoa-system.svc:8443/progress/v1/namespaces/vision/tasks/flowers',
        ...{ tokenPath: '/var/run/nasoa/token', caPath: '/var/run/nasoa/ca.crt' },
      },
    });
  });

  test('gets one variable, and nothing of the cluster', () => {
    expect(trainerOf(job).env?.map(({ name }) => name)).toEqual([jobVariable]);
    expect(podOf(job).enableServiceLinks).toBe(false);
  });

  test('has time to write its checkpoint, and leaves its last words', () => {
    expect(podOf(job).terminationGracePeriodSeconds).toBeGreaterThanOrEqual(60);
    expect(trainerOf(job).terminationMessagePolicy).toBe('FallbackToLogsOnError');
  });

  test.each([
    ['a GPU', { gpu: { name: 'nvidia.com/gpu', count: 2 } }, { 'nvidia.com/gpu': '2' }, 'trainer-gpu:1'],
    [
      'a slice of a GPU',
      { gpu: { name: 'nvidia.com/mig-1g.10gb' } },
      { 'nvidia.com/mig-1g.10gb': '1' },
      'trainer-gpu:1',
    ],
    ['no GPU', { cpu: '4', memory: '8Gi' }, {}, 'trainer:1'],
  ])('asks for %s', (_what, resources, devices, image) => {
    const asked = made({ spec: { resources } });
    const { cpu = '1', memory = '2Gi' } = resources as { cpu?: string; memory?: string };
    expect(trainerOf(asked).resources).toEqual({
      requests: { cpu, memory, ...devices },
      limits: { memory, ...devices },
    });
    expect(trainerOf(asked).image).toBe(image);
    expect(podOf(asked).tolerations?.map(({ key }) => key) ?? []).toEqual(Object.keys(devices));
  });

  test("carries the user's labels, and never loses its own", () => {
    const { labels } = made({ spec: { pod: { labels: { team: 'a' } } } }).spec.template.metadata ?? {};
    expect(labels).toMatchObject({ team: 'a', 'nasoa.dev/task': 'flowers', 'nasoa.dev/role': 'profile' });
  });

  test('is placed as the user says', () => {
    const pod = {
      ...{
        nodeSelector: { disk: 'fast' },
        runtimeClassName: 'nvidia',
        priorityClassName: 'high',
        serviceAccountName: 'trainer',
      },
      ...{ imagePullSecrets: [{ name: 'registry' }], tolerations: [{ key: 'spot', operator: 'Exists' }] },
      affinity: { nodeAffinity: {} },
    } as const;
    expect(podOf(made({ spec: { pod } }))).toMatchObject(pod);
  });
});

describe('a Job', () => {
  test('bears disruptions, fails at once for bad data, and repeats nothing by itself', () => {
    const { backoffLimit, podReplacementPolicy, podFailurePolicy } = made().spec;
    expect({ backoffLimit, podReplacementPolicy }).toEqual({ backoffLimit: 0, podReplacementPolicy: 'Failed' });
    const rules = podFailurePolicy?.rules.map(({ action, onExitCodes, onPodConditions }) => {
      return [action, onExitCodes?.values ?? onPodConditions?.map(({ type }) => type)];
    });
    expect(rules).toEqual([
      ['Ignore', ['DisruptionTarget']],
      ['FailJob', [10, 11]],
      ['Ignore', [20, 143]],
    ]);
  });

  test('has a deadline in whole seconds', () => {
    expect(made().spec.activeDeadlineSeconds).toBe(1001);
  });

  test('belongs to its task, and goes with it', () => {
    expect(made().metadata.ownerReferences).toMatchObject([
      { kind: 'FineTuneTask', name: 'flowers', controller: true },
    ]);
  });

  test('waits for Kueue where a queue is named, and only then', () => {
    const queued = made({ spec: { queueName: 'team' } });
    expect(queued.metadata.labels?.['kueue.x-k8s.io/queue-name']).toBe('team');
    expect(queued.spec.suspend).toBe(true);
    expect(made().metadata.labels?.['kueue.x-k8s.io/queue-name']).toBeUndefined();
    expect(made().spec.suspend).toBeUndefined();
  });

  test('is the same for the same request', () => {
    expect(made()).toEqual(made());
  });
});
