import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ApiClient } from '../../src/kube/api.ts';
import { connect } from '../../src/kube/client.ts';
import { jobs, pathOf } from '../../src/kube/resources.ts';
import { ManualClock } from '../../src/lib/clock.ts';
import { InputError } from '../../src/lib/errors.ts';
import { createRng } from '../../src/lib/rng.ts';
import { FakeApi } from '../support/fake-api.ts';
import { ManualTimers } from '../support/manual-timers.ts';

let folder: string;
let kubeconfig: string;
let tokenFile: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nasoa-kubeconfig-'));
  kubeconfig = join(folder, 'config');
  tokenFile = join(folder, 'token');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Two contexts of one cluster; a token in a file, as a service account has it. */
async function writeConfig(server: string, token: string): Promise<void> {
  await writeFile(tokenFile, `${token}\n`);
  const user = { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'home', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'robot', user }],
    contexts: [
      { name: 'plain', context: { cluster: 'home', user: 'robot' } },
      { name: 'team', context: { cluster: 'home', user: 'robot', namespace: 'team' } },
    ],
    'current-context': 'plain',
  };
  // JSON is YAML
  await writeFile(kubeconfig, JSON.stringify(config));
}

const clock = new ManualClock();

describe('a client from a kubeconfig', () => {
  test('sends the token of its file, and reads the file anew once the server refuses it', async () => {
    await using fake = await FakeApi.start();
    await writeConfig(fake.url, 'one');
    const { transport } = connect({ kubeconfig, clock });
    const api = new ApiClient({ transport, timers: new ManualTimers(), rng: createRng(1) });
    fake.token = 'one';
    await api.request('GET', pathOf(jobs));
    fake.token = 'two';
    await writeFile(tokenFile, 'two\n');
    await api.request('GET', pathOf(jobs));
    const sent = fake.requests.map(({ headers }) => headers.authorization);
    expect(sent).toEqual(['Bearer one', 'Bearer one', 'Bearer two']);
  });

  test.each<[string, string | undefined, string]>([
    ['its current context', undefined, 'default'],
    ['the context that is asked for', 'team', 'team'],
  ])('has the namespace of %s', async (_name, context, namespace) => {
    await writeConfig('http://127.0.0.1:1', 'one');
    const client = connect({ kubeconfig, clock, ...(context === undefined ? {} : { context }) });
    expect(client).toMatchObject({ namespace, server: 'http://127.0.0.1:1' });
  });

  test('says which contexts there are, where one is unknown', async () => {
    await writeConfig('http://127.0.0.1:1', 'one');
    const failure = (): unknown => connect({ kubeconfig, clock, context: 'other' });
    expect(failure).toThrow(InputError);
    expect(failure).toThrow(/no context "other"/);
  });

  test('says so where the file is missing', () => {
    expect(() => connect({ kubeconfig, clock })).toThrow(InputError);
  });
});
