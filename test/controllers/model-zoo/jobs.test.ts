import { describe, expect, test } from '@jest/globals';
import { artifactOf, buildJob, identityOf, wantedJobs } from '../../../src/controllers/model-zoo/jobs.ts';
import type { JobPlan } from '../../../src/controllers/model-zoo/view.ts';
import { freshState } from '../../../src/controllers/model-zoo/zoo-state.ts';
import type { ModelZoo } from '../../../src/crds/model-zoo.ts';
import { parseTrainerJob } from '../../../src/crds/trainer-codec.ts';
import { jobVariable } from '../../../src/crds/trainer-job.ts';
import { aZoo } from '../../support/objects.ts';
import { someSettings } from './builders.ts';

const aPlan = (over: Partial<JobPlan> = {}): JobPlan => ({
  ...{ name: 'ignored', role: 'candidate', id: 7, attempt: 2, encoding: '031-_32_1-1-221-11121@2' },
  ...{ memoryPlan: 0, spentSeconds: 0 },
  ...over,
});

const told = (zoo: ModelZoo, plan: JobPlan) => {
  const { containers } = buildJob(zoo, plan, someSettings).spec.template.spec;
  return parseTrainerJob(containers[0]?.env?.find(({ name }) => name === jobVariable)?.value);
};

const imported = aZoo({
  spec: {
    imports: [
      {
        name: 'resnet',
        encoding: '01-_16_11-11',
        weights: { claim: { claimName: 'weights', path: 'resnet.pth' } },
        nativeSize: 224,
        accuracy: 0.76,
      },
    ],
    pretraining: { epochs: 30, teacher: 'resnet' },
  },
});

describe('the Job of a candidate', () => {
  test('tells the trainer what to evaluate, on which data, and where to write', () => {
    expect(told(aZoo(), aPlan())).toMatchObject({
      kind: 'candidate',
      task: { namespace: 'vision', name: 'small-images' },
      attempt: 2,
      candidate: 7,
      encoding: '031-_32_1-1-221-11121@2',
      data: { place: { kind: 'folder', path: '/data' } },
      output: { folder: expect.stringMatching(/^small-images-[0-9a-f]{8}\/candidates\/7$/) },
      zoo: { kind: 'folder', path: someSettings.zooFolder },
      report: { url: expect.stringContaining('/vision/zoos/small-images') },
    });
  });

  test('trains all candidates from one seed, so that they can be compared, and the same plan the same way', () => {
    const seeds = [aPlan({ id: 1 }), aPlan({ id: 2 })].map((plan) => told(aZoo(), plan).seed);
    expect(seeds[0]).toBe(seeds[1]);
    expect(buildJob(aZoo(), aPlan(), someSettings)).toEqual(buildJob(aZoo(), aPlan(), someSettings));
  });

  test.each([
    ['a short name', 'a'],
    ['a long name with dots', 'a.long-name'.repeat(10)],
  ])('has a name that says what it is for and that pods can carry: %s', (_, name) => {
    const zoo = aZoo({ metadata: { name } });
    for (const identity of [
      { role: 'candidate', id: 15_000, attempt: 4 },
      { role: 'pretraining', id: 64, attempt: 7 },
    ] as const) {
      const job = buildJob(zoo, aPlan({ ...identity, member: 'm' }), someSettings);
      expect(job.metadata.name.length).toBeLessThanOrEqual(63);
      expect(identityOf(job.metadata.name)).toEqual(identity);
    }
  });
});

test('a name of something else is nothing of a zoo', () => {
  expect(identityOf('flowers-1a2b3c4d-train-1')).toBeUndefined();
});

describe('the Job of a member', () => {
  test('found by the search has epochs and teacher', () => {
    const plan = aPlan({ role: 'pretraining', id: 2, member: 'small-images-1', memoryPlan: 1, spentSeconds: 40 });
    expect(told(imported, plan)).toMatchObject({
      kind: 'pretraining',
      member: 'small-images-1',
      epochs: 30,
      teacher: 'resnet',
      memoryPlan: 1,
      spentSeconds: 40,
      output: { folder: expect.stringMatching(/\/members\/2$/) },
    });
    expect(told(imported, plan)).not.toHaveProperty('weights');
  });

  test('that is imported has its weights in place of a teacher', () => {
    const job = told(imported, aPlan({ role: 'pretraining', id: 1, member: 'resnet', encoding: '01-_16_11-11' }));
    const weights = { kind: 'folder', path: '/weights/resnet.pth' };
    expect(job).toMatchObject({ weights, nativeSize: 224, accuracy: 0.76 });
    expect(job).not.toHaveProperty('teacher');
    const built = buildJob(imported, aPlan({ role: 'pretraining', member: 'resnet' }), someSettings);
    const { volumes = [] } = built.spec.template.spec;
    expect(volumes.flatMap((volume) => volume.persistentVolumeClaim?.claimName ?? [])).toContain('weights');
  });
});

test('a fresh zoo wants no Jobs', () => {
  expect(wantedJobs(imported, freshState(imported))).toEqual([]);
});

describe('the artifact', () => {
  test.each([
    [
      { claim: { claimName: 'zoo' } },
      { claim: { claimName: 'zoo', path: expect.stringMatching(/^small-images-[0-9a-f]{8}$/) } },
    ],
    [
      { claim: { claimName: 'zoo', path: 'a/b/' } },
      { claim: { claimName: 'zoo', path: expect.stringMatching(/^a\/b\/small-images-[0-9a-f]{8}$/) } },
    ],
    [
      { s3: { url: 's3://zoos/team/', secretName: 'keys' } },
      { url: expect.stringMatching(/^s3:\/\/zoos\/team\/small-images-[0-9a-f]{8}$/) },
    ],
  ])('of the output %j lies in a folder of its own', (output, artifact) => {
    expect(artifactOf(aZoo({ spec: { output } }))).toEqual(artifact);
  });
});
