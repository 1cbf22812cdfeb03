import { describe, expect, test } from '@jest/globals';
import { jobState } from '../../src/controllers/job-state.ts';
import { slimJob, slimPod } from '../../src/controllers/slim.ts';
import type { LooseCondition, Pod } from '../../src/crds/workloads.ts';
import {
  aJob,
  aPod,
  disrupted,
  endedPod,
  profiled,
  runningPod,
  timeAt,
  unschedulable,
  waitingWith,
} from './job-builders.ts';

const usual: readonly LooseCondition[] = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'PodScheduled'].map(
  (type) => ({ type, status: 'True', lastTransitionTime: timeAt(5) }),
);

/** With all that a kubelet writes beside what the trainer's pods are asked for. */
function asKubeletsWrite(pod: Pod): Pod {
  const { conditions = [], containerStatuses = [], ...status } = pod.status ?? {};
  const more = { hostIP: '10.0.0.1', podIP: '10.244.0.7', podIPs: [{ ip: '10.244.0.7' }], qosClass: 'Burstable' };
  const image = {
    image: 'trainer:1',
    imageID: `trainer@sha256:${'0'.repeat(64)}`,
    containerID: `containerd://${'1'.repeat(64)}`,
  };
  const told = conditions.map(({ type }) => type);
  return {
    ...pod,
    status: {
      ...{ ...status, ...more },
      conditions: [...usual.filter(({ type }) => !told.includes(type)), ...conditions],
      containerStatuses: containerStatuses.map((one) => ({ ...one, ...image, lastState: {}, started: true })),
    },
  };
}

const job = aJob('flowers-train-1');
const pods: readonly (readonly [string, Pod])[] = [
  ['without a node', unschedulable(job, '0/3 nodes are available.')],
  ['whose image cannot be had', waitingWith(job, 'ErrImagePull', 'no such image')],
  ['that starts', aPod(job, { node: 'node-1' })],
  ['that runs', runningPod(job)],
  ['that has answered', endedPod(job, profiled)],
  [
    'that was evicted',
    endedPod(job, undefined, { code: 137, reason: 'Evicted', message: 'The node was low on memory.' }),
  ],
  ['that was killed for want of memory', endedPod(job, undefined, { code: 137, why: 'OOMKilled' })],
  ['that was preempted', endedPod(job, undefined, { code: 143, conditions: [disrupted] })],
  ['that left the end of its log', endedPod(job, undefined, { code: 1, log: 'Segmentation fault' })],
];

describe('what a cache keeps of a pod', () => {
  test.each(pods)('%s tells the same as the whole', (_name, pod) => {
    const whole = asKubeletsWrite(pod);
    for (const ended of ['Failed', undefined] as const) {
      const of = aJob('flowers-train-1', ended === undefined ? {} : { ended });
      const told = (one: Pod) => {
        const state = jobState(of, [one], undefined, Date.parse(timeAt(30)) / 1000);
        return 'pod' in state ? { ...state, pod: state.pod?.metadata.name } : state;
      };
      expect(told(slimPod(whole))).toEqual(told(whole));
    }
  });

  test.each(pods)('%s is less than half of it', (_name, pod) => {
    const status = ({ status: of }: Pod): number => JSON.stringify(of).length;
    const whole = asKubeletsWrite(pod);
    const words = JSON.stringify(pod.status?.containerStatuses?.[0]?.state ?? {}).length;
    expect(status(slimPod(whole)) - words).toBeLessThan((status(whole) - words) / 2);
  });
});

test('caches keep of Jobs and pods what the controller reads', () => {
  const held = aJob('flowers-train-1', { suspend: true });
  expect(slimJob(held)).toEqual({ ...held, spec: { suspend: true, template: { spec: { containers: [] } } } });
  const pod = runningPod(job);
  expect(slimPod(pod)).toEqual(pod);
});
