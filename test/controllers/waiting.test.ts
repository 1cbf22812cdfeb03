import { describe, expect, test } from '@jest/globals';
import { waitingFor } from '../../src/controllers/waiting.ts';
import { aJob, aPod, disrupted, endedPod, timeAt, unschedulable, waitingWith } from './job-builders.ts';

const job = aJob('work');
const nowSeconds = Date.parse(timeAt(60)) / 1000;
const words = '0/3 nodes are available: 3 Insufficient nvidia.com/mig-1g.10gb. preemption: 0/3 nodes are available';

describe('a Job without a running pod', () => {
  test.each([
    ["repeats the scheduler's own words", job, unschedulable(job, words), undefined, 'Unschedulable', words],
    [
      'names the image that cannot be pulled',
      job,
      waitingWith(job, 'ErrImagePull', 'trainer:1 not found'),
      undefined,
      'ImagePullFailed',
      'ErrImagePull in the pod work-x: trainer:1 not found',
    ],
    [
      'names the key that a Secret lacks',
      job,
      waitingWith(job, 'CreateContainerConfigError', "couldn't find key AWS_ACCESS_KEY_ID in Secret vision/keys"),
      undefined,
      'PodConfigInvalid',
      "CreateContainerConfigError in the pod work-x: couldn't find key AWS_ACCESS_KEY_ID in Secret vision/keys",
    ],
    [
      'starts',
      job,
      waitingWith(job, 'ContainerCreating'),
      undefined,
      'Starting',
      'The pod work-x starts on the node node-1.',
    ],
    ['waits for a node', job, aPod(job), undefined, 'Starting', 'The pod work-x waits for a node.'],
    [
      'tells who disrupted the last pod',
      job,
      undefined,
      endedPod(job, undefined, { code: 20, conditions: [disrupted] }),
      'Retrying',
      'The pod work-x ended (preempted by a pod of higher priority). Another one follows.',
    ],
    [
      'tells its queue',
      aJob('work', { suspend: true, labels: { 'kueue.x-k8s.io/queue-name': 'team' } }),
      undefined,
      undefined,
      'Queued',
      'Kueue holds the Job work in the queue team.',
    ],
    ['is new', aJob('work', { madeAt: 55 }), undefined, undefined, 'Starting', 'The Job work makes its pod.'],
    [
      'is refused its pod',
      job,
      undefined,
      undefined,
      'PodRejected',
      'The Job work could not make its pod: a quota or a policy refuses it. `kubectl describe job work` tells which.',
    ],
  ])('%s', (_name, one, pod, ended, reason, message) => {
    expect(waitingFor(one, pod, ended, nowSeconds)).toEqual({ reason, message });
  });
});
