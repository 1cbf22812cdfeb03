/** `nasoa logs` and `nasoa get-model` against a real API server; pods are run by a simulated kubelet. */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../../../hack/cluster/service.ts';
import type { Pod } from '../../../src/crds/workloads.ts';
import { networkOf } from '../../../src/nas/families/table.ts';
import { exportModel } from '../../../src/train/export.ts';
import { type SimulatedS3, simulatedS3 } from '../../store/simulated-s3.ts';
import { startCli } from '../../support/live-cli.ts';
import { type LogKubelet, logKubelet } from '../../support/log-kubelet.ts';
import { runCli } from '../../support/run-cli.ts';
import { startTaskCluster, type TaskCluster } from '../../support/task-cluster.ts';
import { colourImages, randomWeights, testMembers } from '../../support/zoo.ts';

let cluster: TaskCluster;
let kubelet: LogKubelet;
let s3: SimulatedS3;
/** What a claim "models" would hold. */
let claim = '';
/** Lets the pod "slow" end. */
const slow = Promise.withResolvers<void>();

const result = { accuracy: 0.82, images: 2500, classes: 4, seconds: 590 };
const artifact = { claim: { claimName: 'models', path: 'flowers-1' } };

/** Runs the helper's program for real, on the folder that stands for its claim. */
async function runPod(pod: Pod, write: (text: string) => void): Promise<number> {
  const [container] = pod.spec.containers;
  const [command, path = ''] = container?.args ?? [];
  if (command === 'pack') {
    const { code, stdout, stderr } = await runCli(['pack', path.replace('/artifact', claim)]);
    // a container's log mixes both streams
    write(stderr);
    write(stdout);
    return code ?? 1;
  }
  write('{"message":"first"}\n{"message":"second"}\n');
  if (pod.metadata.name === 'slow') {
    await slow.promise;
    write('{"message":"third"}\n');
  }
  return 0;
}

beforeAll(async () => {
  cluster = await startTaskCluster('vision');
  claim = join(cluster.folder, 'claim');
  await writeArtifact(join(claim, 'flowers-1'));
  s3 = await simulatedS3();
  for (const file of await readdir(join(claim, 'flowers-1'), { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath, file.name);
    s3.objects.set(`trained/${path.slice(claim.length + 1)}`, await readFile(path));
  }
  kubelet = await logKubelet(cluster, 'vision', runPod);
}, 900_000);
afterAll(async () => {
  slow.resolve();
  await kubelet?.stop();
  await s3?.close();
  await cluster?.stop();
});

/** A model of random weights, as a training pod leaves it; a checkpoint that is to stay behind. */
async function writeArtifact(folder: string): Promise<void> {
  const classes = ['blue', 'green', 'red', 'yellow'];
  const network = networkOf(testMembers.square, { classes: classes.length });
  const model = { folder: join(folder, 'model'), network, weights: randomWeights(network, 3), inputSize: 24 };
  await exportModel({ ...model, classes, card: '# A model\n', accuracy: 0.82 });
  await writeFile(join(folder, 'result.json'), '{}\n');
  await writeFile(join(folder, 'report.html'), '<html></html>\n');
  await mkdir(join(folder, 'checkpoint'));
  await writeFile(join(folder, 'checkpoint', 'weights'), 'unfinished');
}

async function finishedTask(name: string, spec: object, at: object): Promise<void> {
  const task = await cluster.createTask(name, spec);
  await cluster.state(name, { phase: 'Complete', result, artifact: at as typeof artifact });
  await cluster.createPod(task, `${name}-train-1`, 'training');
}

const helpers = async (): Promise<readonly string[]> => {
  const path = '/api/v1/namespaces/vision/pods?labelSelector=app.kubernetes.io/component=get-model';
  const { items } = await cluster.api.call<{ items: readonly Pod[] }>('GET', path);
  return items.map(({ metadata }) => metadata.name);
};

const noHelperLeft = () =>
  until('no helper is left', 20, async () => ((await helpers()).length === 0 ? true : undefined));

describe('logs', () => {
  test('are those of the newest pod, or of the profile', async () => {
    const task = await cluster.createTask('logged');
    await cluster.createPod(task, 'logged-profile-1', 'profile');
    await until('the pod ran', 20, async () => (kubelet.seen.includes('logged-profile-1') ? true : undefined));
    expect(await cluster.json(['logs', 'logged'])).toEqual({
      pod: 'logged-profile-1',
      lines: ['{"message":"first"}', '{"message":"second"}'],
    });
    const { code, stderr } = await cluster.nasoa(['logs', 'nobody', '--profile']);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('no task "nobody"') });
  });

  test('with -f wait for the pod, and go on until it ends', async () => {
    const task = await cluster.createTask('followed');
    await cluster.createPod(task, 'slow', 'training');
    const cli = await startCli(['logs', 'followed', '-f', '--tail', '1', '-n', 'vision'], {
      log: join(cluster.folder, 'follow.log'),
      env: { KUBECONFIG: cluster.kubeconfig },
      cwd: cluster.folder,
    });
    await cli.until(/second/);
    slow.resolve();
    expect(await cli.ended).toBe(0);
    expect(cli.output()).toContain('third');
  });

  test.each<[string, object, RegExp, RegExp]>([
    ['before there is a pod', { phase: 'Pending' }, /has no pod yet/, /--watch/],
    [
      'after the pods are gone',
      { phase: 'Complete' },
      /The pod of the task "[\w-]+" is gone, and its log/,
      /nasoa status/,
    ],
  ])('say so %s', async (what, status, message, remedy) => {
    const name = what.replaceAll(' ', '-');
    await cluster.createTask(name);
    await cluster.state(name, status);
    const { code, stderr } = await cluster.nasoa(['logs', name]);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(remedy);
  });
});

describe('get-model', () => {
  beforeAll(async () => {
    await finishedTask('flowers', {}, artifact);
  });

  test('out of a claim is ready to predict with, and leaves no pod behind', async () => {
    const out = join(cluster.folder, 'fetched');
    const { code, stdout, stderr } = await cluster.nasoa(['get-model', 'flowers', '--out', out]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain('82.0 %');
    expect((await readdir(out)).sort()).toEqual(['model', 'report.html', 'result.json']);
    const images = join(cluster.folder, 'images');
    await colourImages(images, 1);
    const [first] = (await readdir(images, { recursive: true, withFileTypes: true })).filter((file) => file.isFile());
    const predicted = await runCli(['predict', out, join(first?.parentPath ?? '', first?.name ?? ''), '--json']);
    expect(predicted).toMatchObject({ code: 0 });
    await noHelperLeft();
    expect((await readdir(cluster.folder)).filter((name) => name.includes('.part'))).toEqual([]);
  });

  test('tells what the pod said where it could not read the claim', async () => {
    await finishedTask('moved', {}, { claim: { claimName: 'models', path: 'nowhere' } });
    const { code, stderr } = await cluster.nasoa(['get-model', 'moved', '--out', join(cluster.folder, 'moved')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/could not read the artifact: .*\n.*--image/);
    await noHelperLeft();
  });

  test('removes its pod at Ctrl-C', async () => {
    await cp(join(claim, 'flowers-1'), join(claim, 'held'), { recursive: true });
    await finishedTask('held', {}, { claim: { claimName: 'models', path: 'held' } });
    const cli = await startCli(['get-model', 'held', '--out', 'held', '-n', 'vision'], {
      log: join(cluster.folder, 'held.log'),
      env: { KUBECONFIG: cluster.kubeconfig },
      cwd: cluster.folder,
    });
    await cli.until(/starting a pod/);
    await until('there is a helper', 20, async () => ((await helpers()).length > 0 ? true : undefined));
    cli.child.kill('SIGINT');
    expect(await cli.ended).toBe(130);
    await noHelperLeft();
    expect((await readdir(cluster.folder)).filter((name) => name.startsWith('held') && name !== 'held.log')).toEqual(
      [],
    );
  });

  test.each<[string, readonly string[], Record<string, string>]>([
    ['with its own keys', [], { AWS_ACCESS_KEY_ID: 'me', AWS_SECRET_ACCESS_KEY: 'secret' }],
    ["with those of the task's Secret", ['--from-secret'], {}],
  ])('comes out of S3 %s', async (what, flags, env) => {
    const out = join(cluster.folder, what.replaceAll(/\W/g, '-'));
    const name = flags.length === 0 ? 'own-keys' : 'their-keys';
    const place = { url: 's3://models/trained', endpoint: s3.endpoint, secretName: 'keys' };
    await finishedTask(name, { output: { s3: place } }, { url: 's3://models/trained/flowers-1' });
    const keys = { AWS_ACCESS_KEY_ID: 'them', AWS_SECRET_ACCESS_KEY: 'secret' };
    await cluster.api.apply({
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys', namespace: 'vision' } },
      data: Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, btoa(value)])),
    });
    const none = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
    const { code, stderr } = await cluster.nasoa(['get-model', name, '--out', out, ...flags], {
      env: { ...none, ...env },
    });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect((await readdir(out)).sort()).toEqual(['model', 'report.html', 'result.json']);
  });

  test('out of S3 without keys says which', async () => {
    const env = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
    const { code, stderr } = await cluster.nasoa(['get-model', 'own-keys', '--out', join(cluster.folder, 'no')], {
      env,
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(/no credentials for S3.\n.*AWS_ACCESS_KEY_ID/);
  });

  test('does not write into a folder that holds something', async () => {
    const { code, stderr } = await cluster.nasoa(['get-model', 'flowers', '--out', claim]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/is not empty.\n.*--out/);
    await rm(join(claim, 'held'), { recursive: true, force: true });
  });
});
