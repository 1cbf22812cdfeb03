import { describe, expect, test } from '@jest/globals';
import type { Cluster } from '../../../src/cli/cluster/cluster.ts';
import { draftTask } from '../../../src/cli/cluster/draft.ts';
import { createTask, listTasks } from '../../../src/cli/cluster/tasks.ts';
import { ApiClient } from '../../../src/kube/api.ts';
import { fineTuneTasks } from '../../../src/kube/resources.ts';
import { systemTimers } from '../../../src/kube/timers.ts';
import { HttpTransport } from '../../../src/kube/transport.ts';
import { createRng } from '../../../src/lib/rng.ts';
import { FakeApi } from '../../support/fake-api.ts';
import { aTask } from '../../support/objects.ts';

const clusterOf = (fake: FakeApi): Cluster => {
  const rng = createRng(1);
  const api = new ApiClient({ transport: new HttpTransport(fake.url), timers: systemTimers, rng });
  return { api, server: fake.url, namespace: 'vision', timers: systemTimers, rng };
};
const draft = draftTask('claim:flowers', { output: 'claim:models' });
const names = (fake: FakeApi) => fake.store.list(fineTuneTasks).map(({ metadata }) => metadata.name);

describe('a task that is created', () => {
  test('gets a number where its name is taken, and none was asked for', async () => {
    await using fake = await FakeApi.start();
    const cluster = clusterOf(fake);
    for (const name of ['flowers', 'flowers-2', 'flowers-3']) {
      expect((await createTask(cluster, draft, true)).metadata.name).toBe(name);
    }
    await expect(createTask(cluster, draft, false)).rejects.toThrow('There is already a task "flowers"');
  });

  test('is not made twice where the answer to the first request got lost', async () => {
    await using fake = await FakeApi.start();
    fake.inject({ when: ({ method }) => method === 'POST', answer: 'loseAnswer' });
    expect((await createTask(clusterOf(fake), draft, true)).metadata.name).toBe('flowers');
    expect(names(fake)).toEqual(['flowers']);
  });
});

test('lists come in pages, the oldest first', async () => {
  await using fake = await FakeApi.start();
  const all = Array.from({ length: 1200 }, (_, i) => `task-${String(i).padStart(4, '0')}`);
  for (const name of all.toReversed()) fake.store.create(fineTuneTasks, aTask({ metadata: { name } }));
  expect((await listTasks(clusterOf(fake))).map(({ metadata }) => metadata.name)).toEqual(all);
});
