import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ApiClient } from '../../hack/cluster/api-client.ts';
import { hostProgram } from '../../hack/cluster/programs.ts';
import { freePorts, Service } from '../../hack/cluster/service.ts';
import type { Ground } from './ground.ts';
import { operatorNamespace } from './release.ts';

export interface Prometheus {
  /** Answer of its API, such as `targets` or `query?query=up`. */
  ask<T>(path: string): Promise<T>;
  stop(): Promise<void>;
}

const alerts = fileURLToPath(new URL('../../charts/nasoa/files/alerts.yaml', import.meta.url));

/** Scrapes the replicas of the operator as the chart's ServiceMonitor says, with the chart's alert rules. */
export async function startPrometheus({ folder, env }: Ground, api: ApiClient): Promise<Prometheus> {
  const targets = await serveTargets(api);
  const home = join(folder, 'prometheus');
  await mkdir(home, { recursive: true });
  const config = join(home, 'prometheus.json');
  await writeFile(config, JSON.stringify(settings(targets.url), undefined, 2));
  const [port = 0] = await freePorts(1);
  const address = `http://127.0.0.1:${port}`;
  const service = new Service({
    ...{ name: 'prometheus', env, log: join(folder, 'logs', 'prometheus.log'), readySeconds: 30 },
    command: [
      hostProgram('prometheus', env),
      ...[`--config.file=${config}`, `--storage.tsdb.path=${join(home, 'data')}`],
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    isReady: async () => (await fetch(`${address}/-/ready`)).ok,
  });
  await service.start();
  const ask = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${address}/api/v1/${path}`);
    const answer = (await response.json()) as { readonly status: string; readonly data: T };
    if (answer.status !== 'success') throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return answer.data;
  };
  const stop = async (): Promise<void> => {
    await service.stop();
    targets.close();
  };
  return { ask, stop };
}

// JSON is YAML
const settings = (targets: string) => ({
  global: { scrape_interval: '5s', evaluation_interval: '5s' },
  rule_files: [alerts],
  scrape_configs: [{ job_name: 'nasoa', http_sd_configs: [{ url: targets, refresh_interval: '5s' }] }],
});

interface Slices {
  readonly items: readonly {
    readonly endpoints?: readonly {
      readonly addresses: readonly string[];
      readonly targetRef?: { readonly name: string };
    }[];
    readonly ports?: readonly { readonly name?: string; readonly port?: number }[];
  }[];
}

/** Debian's Prometheus is built without Kubernetes: what it would find there is told by a server of the test's own. */
async function serveTargets(api: ApiClient): Promise<{ readonly url: string; close(): void }> {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${operatorNamespace}/endpointslices`;
  const targets = async () => {
    const { items } = await api.call<Slices>('GET', `${path}?labelSelector=kubernetes.io/service-name=nasoa`);
    return items.flatMap(({ endpoints = [], ports = [] }) => {
      const port = ports.find(({ name }) => name === 'http')?.port;
      return endpoints.map(({ addresses, targetRef }) => ({
        targets: addresses.map((address) => `${address}:${port}`),
        labels: { pod: targetRef?.name ?? '', namespace: operatorNamespace },
      }));
    });
  };
  const server = createServer((_, response) => {
    targets().then(
      (found) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(found)),
      () => response.writeHead(503).end(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}/`, close };
}
