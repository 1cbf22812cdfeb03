import { expect, test } from '@jest/globals';
import { helperPod } from '../../../src/cli/cluster/helper-pod.ts';
import { labels } from '../../../src/crds/group.ts';
import type { PodSpec } from '../../../src/crds/workloads.ts';
import { aTask } from '../../support/objects.ts';

const like: PodSpec = {
  containers: [
    {
      name: 'trainer',
      image: 'nasoa-trainer:1-gpu',
      resources: { limits: { 'nvidia.com/gpu': '1' } },
      env: [{ name: 'NASOA_JOB', value: '{}' }],
    },
  ],
  securityContext: { runAsUser: 1234 },
  nodeSelector: { pool: 'gpu' },
  tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }],
  imagePullSecrets: [{ name: 'registry' }],
};
const task = aTask({ metadata: { name: `${'long-'.repeat(12)}x` } });
const request = { task, claimName: 'models', path: 'trained/flowers-1', like, suffix: '0a1b2c' };
const pod = helperPod(request);

test('the helper runs where the task ran and as its user, but takes no GPU and learns nothing of the job', () => {
  const { spec } = pod;
  expect(spec).toMatchObject({
    securityContext: { runAsUser: 1234, fsGroup: 1234 },
    nodeSelector: { pool: 'gpu' },
    tolerations: like.tolerations,
    imagePullSecrets: like.imagePullSecrets,
    containers: [{ image: 'nasoa-trainer:1-gpu', args: ['pack', '/artifact/trained/flowers-1'] }],
  });
  expect(JSON.stringify(spec.containers)).not.toMatch(/"nvidia.com\/gpu"|NASOA_JOB/);
});

test('the claim is only read', () => {
  expect(pod.spec.volumes?.[0]).toEqual({
    name: 'artifact',
    persistentVolumeClaim: { claimName: 'models', readOnly: true },
  });
  expect(pod.spec.containers[0]?.volumeMounts?.[0]).toMatchObject({ mountPath: '/artifact', readOnly: true });
});

test('it ends by itself, goes with the task, and is none of the pods that the operator counts', () => {
  expect(pod.spec.activeDeadlineSeconds).toBeGreaterThan(0);
  expect(pod.metadata.ownerReferences).toEqual([expect.objectContaining({ uid: task.metadata.uid })]);
  expect(pod.metadata.ownerReferences?.[0]?.controller).toBeUndefined();
  for (const key of Object.values(labels)) expect(pod.metadata.labels).not.toHaveProperty([key]);
  expect(pod.metadata.name.length).toBeLessThanOrEqual(63);
});

test('another image may be named', () => {
  expect(helperPod({ ...request, image: 'mine:2' }).spec.containers[0]?.image).toBe('mine:2');
});
