import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createApiClient } from '../../../hack/cluster/api-client.ts';
import { createAuthority, issue } from '../../../hack/cluster/certificates.ts';
import { Service, until } from '../../../hack/cluster/service.ts';
import { startTestApi, type TestApi } from '../../support/api-server.ts';
import { deniedRights, parseAuditLog, usedRights } from '../../support/rights.ts';

describe('a real API server', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi({ audit: true, controllerManager: true });
  }, 900_000);
  afterAll(async () => {
    await api?.stop();
  });

  test('makes the service account of each new namespace, whose token is good for nothing but asking', async () => {
    await api.api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'vision' } });
    const path = '/api/v1/namespaces/vision/serviceaccounts/default';
    await until('the account is there', 30, async () =>
      (await api.api.send('GET', path)).status === 200 ? true : undefined,
    );
    const kubeconfig = JSON.parse(readFileSync(await api.serviceAccountKubeconfig('vision', 'default'), 'utf8')) as {
      users: { user: { token: string } }[];
    };
    const token = kubeconfig.users[0]?.user.token ?? '';
    const client = createApiClient(api.url, api.authority.cert, { token });
    expect((await client.send('GET', '/api/v1/namespaces/vision/pods')).status).toBe(403);
    client.close();
    const user = 'system:serviceaccount:vision:default';
    // a request is recorded as it ends, which may be after its answer came
    const denied = await until('the request is recorded', 10, async () => {
      const events = parseAuditLog(readFileSync(api.auditLog ?? '', 'utf8'));
      return usedRights(events, user).length === 0 ? undefined : deniedRights(events, user);
    });
    expect(denied).toEqual(['list core/pods']);
  });

  test('comes back after a crash at the same address with what it held', async () => {
    const metadata = { name: 'kept', namespace: 'default' };
    await api.api.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: '1' } });
    await api.apiServer.stop('SIGKILL');
    await expect(api.api.send('GET', '/readyz')).rejects.toThrow();
    await api.apiServer.start();
    const kept = await api.api.call<{ data: object }>('GET', '/api/v1/namespaces/default/configmaps/kept');
    expect(kept.data).toEqual({ a: '1' });
  });
});

describe('parts', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nasoa-parts-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  test('a certificate names user, groups and addresses, and is signed by the authority', async () => {
    const authority = await createAuthority(join(folder, 'pki'), process.env);
    const names = ['IP:127.0.0.1', 'DNS:localhost'];
    const { cert } = await issue(authority, 'alice', { user: 'alice', groups: ['system:masters', 'team'], names });
    const certificate = new X509Certificate(readFileSync(cert));
    expect(certificate.subject.split('\n')).toEqual(['O=system:masters', 'O=team', 'CN=alice']);
    expect(certificate.subjectAltName).toBe('IP Address:127.0.0.1, DNS:localhost');
    expect(certificate.verify(new X509Certificate(readFileSync(authority.cert)).publicKey)).toBe(true);
  });

  test('a service that ends at once is reported with its last words', async () => {
    const service = new Service({
      ...{ name: 'broken', env: process.env, log: join(folder, 'broken.log'), readySeconds: 10 },
      command: ['/bin/sh', '-c', 'echo no such flag; exit 3'],
      isReady: async () => false,
    });
    await expect(service.start()).rejects.toMatchObject({ message: 'broken did not start:\nno such flag' });
  });
});
