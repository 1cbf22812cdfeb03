/**
 * The part of a kubelet that the API server talks to, and a scheduler that knows one node: pods are bound, run by a
 * function of the test's, and their logs served as the real one serves them. No containers.
 */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { issue } from '../../hack/cluster/certificates.ts';
import type { Pod } from '../../src/crds/workloads.ts';
import type { TestApi } from './api-server.ts';

/** What a container writes, line by line, and the code it ends with. */
export type RunPod = (pod: Pod, write: (text: string) => void) => Promise<number>;

export interface LogKubelet {
  readonly node: string;
  /** Pods that were run here, by name, the deleted ones too. */
  readonly seen: readonly string[];
  stop(): Promise<void>;
}

interface Running {
  log: string;
  ended: boolean;
  readonly listeners: Set<() => void>;
}

const pollMilliseconds = 50;
const node = 'simulated';

/** Runs the pods of a namespace until it is stopped. */
export async function logKubelet(api: TestApi, namespace: string, run: RunPod): Promise<LogKubelet> {
  const pods = new Map<string, Running>();
  const server = createServer(await certificateOf(api), (request, response) => serveLog(pods, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await api.api.apply({ apiVersion: 'v1', kind: 'Node', metadata: { name: node, namespace: '' } });
  await api.api.call(
    'PATCH',
    `/api/v1/nodes/${node}/status`,
    {
      status: {
        addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
        daemonEndpoints: { kubeletEndpoint: { Port: port } },
      },
    },
    'application/merge-patch+json',
  );
  let stopped = false;
  const loop = (async () => {
    while (!stopped) {
      await syncPods(api, namespace, pods, run);
      await sleep(pollMilliseconds);
    }
  })();
  // told by stop
  loop.catch(() => undefined);
  return {
    node,
    get seen() {
      return [...pods.keys()];
    },
    stop: async () => {
      stopped = true;
      await loop;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function certificateOf(api: TestApi): Promise<{ cert: Buffer; key: Buffer }> {
  const { cert, key } = await issue(api.authority, 'kubelet', { user: 'kubelet', names: ['IP:127.0.0.1'] });
  return { cert: await readFile(cert), key: await readFile(key) };
}

async function syncPods(api: TestApi, namespace: string, pods: Map<string, Running>, run: RunPod): Promise<void> {
  const { items } = await api.api.call<{ items: readonly Pod[] }>('GET', `/api/v1/namespaces/${namespace}/pods`);
  for (const pod of items) {
    const { name, deletionTimestamp } = pod.metadata;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    if (deletionTimestamp !== undefined) {
      await api.api.send('DELETE', path, { gracePeriodSeconds: 0 });
    } else if (!pods.has(name)) {
      const running: Running = { log: '', ended: false, listeners: new Set() };
      pods.set(name, running);
      await start(api, path, pod, running, run);
    }
  }
}

async function start(api: TestApi, path: string, pod: Pod, running: Running, run: RunPod): Promise<void> {
  const target = { apiVersion: 'v1', kind: 'Node', name: node };
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: pod.metadata.name }, target };
  // a pod may go between its being listed and its being placed
  if (pod.spec.nodeName === undefined && (await api.api.send('POST', `${path}/binding`, binding)).status === 404)
    return;
  const container = pod.spec.containers[0]?.name ?? '';
  const tell = async (phase: string, state: object): Promise<void> => {
    const containerStatuses = [{ name: container, ready: false, restartCount: 0, image: '', imageID: '', state }];
    await api.api.send(
      'PATCH',
      `${path}/status`,
      { status: { phase, containerStatuses } },
      'application/merge-patch+json',
    );
  };
  await tell('Running', { running: {} });
  const write = (text: string): void => {
    running.log += text;
    for (const listener of running.listeners) listener();
  };
  run(pod, write)
    .catch((error: unknown) => {
      write(`${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    })
    .then(async (exitCode) => {
      await tell(exitCode === 0 ? 'Succeeded' : 'Failed', { terminated: { exitCode } });
      running.ended = true;
      write('');
    });
}

/** `/containerLogs/NAMESPACE/POD/CONTAINER?follow=true&tailLines=5`, as the API server asks for it. */
function serveLog(pods: ReadonlyMap<string, Running>, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '', 'https://kubelet');
  const running = pods.get(url.pathname.split('/')[3] ?? '');
  if (!url.pathname.startsWith('/containerLogs/') || running === undefined) {
    response.writeHead(404).end();
    return;
  }
  const tail = url.searchParams.get('tailLines');
  const before = running.log.split('\n').slice(0, -1);
  const skipped = tail === null ? 0 : before.slice(0, Math.max(0, before.length - Number(tail))).join('\n').length;
  let sent = skipped === 0 ? 0 : skipped + 1;
  const send = (): void => {
    response.write(running.log.slice(sent));
    sent = running.log.length;
    if (running.ended || url.searchParams.get('follow') !== 'true') {
      running.listeners.delete(send);
      response.end();
    }
  };
  response.writeHead(200, { 'content-type': 'text/plain' });
  running.listeners.add(send);
  response.on('close', () => running.listeners.delete(send));
  send();
}
