/** `nasoa submit` and `nasoa status` against a real API server; the test plays the operator. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { until } from '../../../hack/cluster/service.ts';
import { startCli } from '../../support/live-cli.ts';
import { aPlan, aProfile, conditionsOf } from '../../support/objects.ts';
import { launcher, runNode } from '../../support/run-cli.ts';
import { startTaskCluster, type TaskCluster } from '../../support/task-cluster.ts';

let cluster: TaskCluster;
beforeAll(async () => {
  cluster = await startTaskCluster('vision');
}, 900_000);
afterAll(async () => {
  await cluster?.stop();
});

const running = { step: 250, steps: 1000, accuracy: 0.712, secondsLeft: 95, lastReportTime: '2026-08-01T12:00:00Z' };
const result = { accuracy: 0.82, macroF1: 0.81, images: 2500, classes: 10, seconds: 590 };
const artifact = { claim: { claimName: 'models', path: 'flowers-1a2b3c4d' }, bytes: 12_400_000 };
const noImages = conditionsOf([
  { type: 'Failed', status: 'True', reason: 'NoImages', message: 'No image was found in the claim "flowers".' },
]);

/** Starts a command that goes on by itself, and waits for words of it. */
const live = (args: readonly string[], name: string) =>
  startCli([...args, '-n', 'vision'], {
    log: join(cluster.folder, `${name}.log`),
    env: { KUBECONFIG: cluster.kubeconfig },
    cwd: cluster.folder,
  });

describe('submit', () => {
  test('makes the task that the flags ask for, under a name of its own', async () => {
    const flags = ['--output', 'claim:models/vision', '--budget', '90', '--gpu', 'nvidia.com/mig-1g.10gb:2'];
    const args = ['submit', 'claim:pets/images', ...flags, '--member', 'small', '--optimizer', 'adamw'];
    const first = await cluster.json<{ name: string; uid: string }>(args);
    const second = await cluster.json<{ name: string }>(args);
    expect([first.name, second.name]).toEqual(['pets', 'pets-2']);
    const { metadata, spec } = await cluster.task('pets');
    expect(metadata.uid).toBe(first.uid);
    expect(spec).toMatchObject({
      data: { claim: { claimName: 'pets', path: 'images' }, format: 'folder', validationShare: 0.2 },
      budget: { time: '1m30s' },
      members: ['small'],
      regime: { optimizer: 'adamw' },
      resources: { gpu: { name: 'nvidia.com/mig-1g.10gb', count: 2 } },
      output: { claim: { claimName: 'models', path: 'vision' } },
    });
  });

  test('tells how to go on', async () => {
    const { code, stdout } = await cluster.nasoa(['submit', 'claim:a', '--output', 'claim:b', '--name', 'told']);
    expect(code).toBe(0);
    for (const words of ['Submitted told to the namespace vision.', 'nasoa status told -n vision --watch']) {
      expect(stdout).toContain(words);
    }
  });

  test('--dry-run asks nobody, and prints what the API server takes', async () => {
    const places = ['s3://datasets/pets.zip', '--output', 's3://models/pets', '--data-secret', 'keys'];
    const limits = [
      '--max-cost',
      '2.5',
      '--price-per-hour',
      '3',
      '--queue',
      'team',
      '--memory',
      '8Gi',
      '--name',
      'dry',
    ];
    const { code, stdout } = await cluster.nasoa(['submit', ...places, ...limits, '--dry-run'], {
      env: { KUBECONFIG: '/nowhere' },
    });
    expect(code).toBe(0);
    const path = '/apis/nasoa.dev/v1alpha1/namespaces/vision/finetunetasks?dryRun=All&fieldValidation=Strict';
    expect(await cluster.api.send('POST', path, parse(stdout))).toMatchObject({ status: 201 });
  });

  test('--wait shows plan and progress, and ends with the result', async () => {
    const cli = await live(
      ['submit', 'claim:flowers', '--output', 'claim:models', '--name', 'waited', '--wait'],
      'wait',
    );
    await cli.until(/Submitted waited/);
    await cluster.state('waited', { phase: 'Profiling' });
    await cli.until(/profile/);
    await cluster.state('waited', { phase: 'Running', profile: aProfile(), plan: aPlan(), progress: running });
    await cli.until(/training/);
    await cluster.state('waited', { phase: 'Complete', plan: aPlan(), result, artifact });
    expect(await cli.ended).toBe(0);
    for (const words of ['small', '80.0 % predicted', 'Result', '82.0 %', 'nasoa get-model waited']) {
      expect(cli.output()).toContain(words);
    }
  });

  test('--wait fails with the task, with its reason and the remedy for it', async () => {
    const cli = await live(['submit', 'claim:flowers', '--output', 'claim:models', '--name', 'lost', '--wait'], 'fail');
    await cli.until(/Submitted lost/);
    await cluster.state('lost', { phase: 'Failed', conditions: noImages });
    expect(await cli.ended).toBe(1);
    expect(cli.output()).toContain('The task "lost" failed (NoImages): No image was found in the claim "flowers".');
    expect(cli.output()).toContain('one folder of images for each class');
  });

  test('Ctrl-C only stops watching', async () => {
    const cli = await live(['submit', 'claim:flowers', '--output', 'claim:models', '--name', 'kept', '--wait'], 'stop');
    await cli.until(/waiting/);
    cli.child.kill('SIGINT');
    expect(await cli.ended).toBe(130);
    expect(cli.output()).toContain('Stopped watching; the task goes on in the cluster.');
    expect((await cluster.task('kept')).metadata.deletionTimestamp).toBeUndefined();
  });
});

describe('status', () => {
  beforeAll(async () => {
    await cluster.createTask('runs');
    await cluster.state('runs', {
      phase: 'Running',
      profile: aProfile(),
      plan: aPlan(),
      progress: running,
      activeSeconds: 140,
    });
    await cluster.createTask('failed');
    await cluster.state('failed', { phase: 'Failed', conditions: noImages });
  });

  test('lists the tasks with what they reached, and what keeps some from it', async () => {
    const { code, stdout } = await cluster.nasoa(['status']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^runs +Running +small +80.0 % +71.2 % +25 % +1m35s +\d+s$/m);
    expect(stdout).toContain('failed: NoImages. No image was found');
  });

  test('tells all of one, as text and as a document', async () => {
    const { stdout } = await cluster.nasoa(['status', 'runs']);
    for (const words of ['2,000 to train on', '2m20s of 10m active time', 'step 250 of 1,000, 71.2 %', '1m35s left']) {
      expect(stdout).toContain(words);
    }
    expect(await cluster.json(['status', 'runs'])).toMatchObject({
      ...{ name: 'runs', namespace: 'vision', spec: { budget: { time: '10m' } } },
      status: { phase: 'Running', plan: { member: 'small' } },
    });
    const { tasks } = await cluster.json<{ tasks: readonly { name: string }[] }>(['status']);
    expect(tasks.find(({ name }) => name === 'runs')).toMatchObject({ done: 0.25, accuracy: 0.712, secondsLeft: 95 });
  });

  test('--watch follows a task to its end', async () => {
    await cluster.createTask('watched');
    const cli = await live(['status', 'watched', '--watch'], 'watch');
    await cli.until(/Pending/);
    await cluster.state('watched', { phase: 'Running', plan: aPlan(), progress: running });
    await cli.until(/Running/);
    await cluster.state('watched', { phase: 'Complete', plan: aPlan(), result, artifact });
    expect(await cli.ended).toBe(0);
    expect(cli.output()).toContain('82.0 %');
  });

  test('--watch lives through an API server that is away', async () => {
    await cluster.createTask('patient');
    const cli = await live(['status', 'patient', '--watch'], 'outage');
    await cli.until(/Pending/);
    await cluster.apiServer.stop('SIGKILL');
    await cli.until(/does not answer; still trying/);
    await cluster.apiServer.start();
    await until('the status is written', 30, () =>
      cluster.state('patient', { phase: 'Complete', result }).then(() => true),
    );
    expect(await cli.ended).toBe(0);
  });
});

describe('what goes wrong is one sentence and a remedy', () => {
  test.each<[string, number, readonly string[], RegExp, RegExp]>([
    [
      'a name that is taken',
      2,
      ['submit', 'claim:a', '--output', 'claim:b', '--name', 'runs'],
      /already a task "runs"/,
      /--name/,
    ],
    ['a task that is not there', 2, ['status', 'nobody'], /no task "nobody" in the namespace "vision"/, /nasoa status/],
    [
      'a namespace that is not there',
      2,
      ['submit', 'claim:a', '--output', 'claim:b', '-n', 'nowhere'],
      /no namespace "nowhere"/,
      /-n/,
    ],
    ['a model before its time', 1, ['get-model', 'runs'], /"runs" has no model yet: it is Running/, /--watch/],
    ['a model of a failed task', 1, ['get-model', 'failed'], /"failed" failed \(NoImages\)/, /folder of images/],
    ['a context that is not there', 2, ['status', '--context', 'moon'], /no context "moon"/, /Use one of/],
  ])('%s', async (_what, exitCode, args, message, remedy) => {
    const own = args.includes('-n') ? [] : ['-n', 'vision'];
    const { code, stdout, stderr } = await runNode([launcher, ...args, ...own], {
      env: { KUBECONFIG: cluster.kubeconfig },
    });
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' });
    const [first, second] = stderr.split('\n');
    expect(first).toMatch(message);
    expect(second).toMatch(remedy);
  });

  test('a user without rights is told which he lacks', async () => {
    const { code, stderr } = await cluster.nasoa(['status', '--kubeconfig', await cluster.kubeconfigFor('alice')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/does not allow it: .*"alice" cannot list resource "finetunetasks"[^\n]*\n.*role "edit"/);
  });

  test('a cluster without nasoa is told', async () => {
    const other = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'finetunetasks.nasoa.dev' },
    };
    await cluster.api.call(
      'DELETE',
      await cluster.api.pathOf(other.apiVersion, other.kind, undefined, other.metadata.name),
    );
    const answer = await until('the kind is gone', 30, async () => {
      const finished = await cluster.nasoa(['status']);
      return finished.code === 0 ? undefined : finished;
    });
    expect(answer).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/does not know nasoa's tasks.\n.*docs\/install.md/),
    });
  });
});
