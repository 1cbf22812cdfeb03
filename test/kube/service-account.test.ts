import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { inClusterClient } from '../../src/kube/service-account.ts';
import { ManualClock } from '../../src/lib/clock.ts';
import { RunError } from '../../src/lib/errors.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nasoa-account-'));
  await writeFile(join(folder, 'ca.crt'), 'authority');
  await writeFile(join(folder, 'namespace'), 'team\n');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const clock = new ManualClock();
const env = (over: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  ...{ KUBERNETES_SERVICE_HOST: '10.96.0.1', NASOA_SERVICE_ACCOUNT_DIR: folder },
  ...over,
});

test('outside of a pod there is none', async () => {
  expect(await inClusterClient({}, clock)).toBeUndefined();
});

test.each<[string, NodeJS.ProcessEnv, string]>([
  ['the usual port', {}, 'https://10.96.0.1:443'],
  ['the port that is told', { KUBERNETES_SERVICE_PORT: '6443' }, 'https://10.96.0.1:6443'],
  ['an IPv6 address', { KUBERNETES_SERVICE_HOST: 'fd00::1' }, 'https://[fd00::1]:443'],
])('the server is at %s', async (_what, over, server) => {
  expect(await inClusterClient(env(over), clock)).toMatchObject({ server, namespace: 'team' });
});

test('a folder that is missing is told, with what to do', async () => {
  await expect(inClusterClient(env({ NASOA_SERVICE_ACCOUNT_DIR: join(folder, 'no') }), clock)).rejects.toThrow(
    RunError,
  );
});
