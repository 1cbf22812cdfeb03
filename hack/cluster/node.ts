/**
 * A one-node cluster on this machine: control plane, containerd, kubelet, kube-proxy, CoreDNS. Needs root.
 *   node hack/cluster/node.ts [--folder DIR]   brings one up, prints its KUBECONFIG, and takes it down at Ctrl-C
 */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isProgram, reportFailure } from '../tool.ts';
import { ensureBinaries } from './binaries.ts';
import { type Containerd, killShims, pauseImage, socketOf, startContainerd } from './containerd.ts';
import { type ControlPlane, controlPlanePrograms, startControlPlane } from './control-plane.ts';
import {
  addBridge,
  removeBridge,
  removeCgroups,
  removeFolder,
  removePodNetworks,
  removeProxyRules,
  restoreFixedFolders,
} from './host.ts';
import { imageCache } from './image-store.ts';
import { pauseArchive } from './images.ts';
import {
  address,
  nodeName,
  nodePrograms,
  podRange,
  type Site,
  startDns,
  startKubelet,
  startProxy,
} from './node-services.ts';
import { must, requirePrograms } from './programs.ts';
import { type Service, until } from './service.ts';

export interface ClusterOptions {
  /** Short, for its sockets; made here and removed at the end. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
  readonly audit?: boolean;
}

export interface Cluster {
  readonly plane: ControlPlane;
  readonly containerd: Containerd;
  readonly kubelet: Service;
  readonly nodeName: string;
  /** Where pods reach servers on this machine. */
  readonly address: string;
  readonly folder: string;
  /** Runs kubectl as the administrator. Throws where it fails. */
  kubectl(...args: readonly string[]): Promise<string>;
  /** Ends everything that was started and undoes what was changed on the machine. */
  stop(): Promise<void>;
}

const programs = [...controlPlanePrograms, ...nodePrograms, 'kubectl'] as const;

const nodeBridge = 'nasoa-node';
const podBridge = 'nasoa-pods';

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { folder, env, log } = options;
  requirePrograms(['openssl', 'setpriv', 'ip', 'umount', 'containerd', 'ctr', 'nft'], env);
  const binaries = await ensureBinaries(programs, { env, log });
  const undo: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    const failures: unknown[] = [];
    // a step that fails must not keep the others from being done
    for (const step of undo.splice(0).reverse()) await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  try {
    await removeRemains(options);
    await mkdir(join(folder, 'logs'), { recursive: true });
    undo.push(() => removeFolder(folder, env), restoreFixedFolders());
    await addBridge(nodeBridge, address, env);
    undo.push(
      () => removeBridge(nodeBridge, env),
      () => removeBridge(podBridge, env),
      () => removePodNetworks(podBridge, env),
    );
    const plane = await startControlPlane({
      ...{ folder: join(folder, 'plane'), env, binaries, address, audit: options.audit === true },
      ...{ controllerManager: true, scheduler: true },
    });
    undo.push(() => plane.stop());
    const root = join(imageCache(env), 'containerd');
    const places = { folder: containerdFolder(folder), root };
    const containerd = await startContainerd({ ...places, env, bridge: podBridge, podRange });
    undo.push(removeCgroups, () => containerd.stop());
    await containerd.load(pauseImage, await pauseArchive({ env, log }));
    const site: Site = { folder, env, binaries, plane, containerd };
    const kubelet = await startKubelet(site);
    undo.push(() => kubelet.stop());
    undo.push(() => endPods(plane));
    const proxy = await startProxy(site);
    undo.push(
      () => removeProxyRules(env),
      () => proxy.stop(),
    );
    const dns = await startDns(site);
    undo.push(() => dns.stop());
    await until('the node is ready', 90, () => nodeIsReady(plane));
    const kubectl: Cluster['kubectl'] = (...args) =>
      must(binaries.kubectl, ['--kubeconfig', plane.kubeconfig, ...args], env);
    return { plane, containerd, kubelet, nodeName, address, folder, kubectl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const containerdFolder = (folder: string): string => join(folder, 'c');

/** What a killed run left: servers end with their parent, but pods and mounts do not. */
async function removeRemains({ folder, env }: ClusterOptions): Promise<void> {
  if (!existsSync(folder)) return;
  await killShims(socketOf(containerdFolder(folder)));
  await removeFolder(folder, env);
  await removePodNetworks(podBridge, env);
  await removeBridge(podBridge, env);
  await removeCgroups();
}

interface WithConditions {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function nodeIsReady({ api }: ControlPlane): Promise<true | undefined> {
  const { status, text } = await api.send('GET', `/api/v1/nodes/${nodeName}`);
  if (status !== 200) return undefined;
  const { status: node } = JSON.parse(text) as WithConditions;
  return node?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true ? true : undefined;
}

/** Ends every pod while kubelet is there to clean up after it; nobody may make new ones meanwhile. */
async function endPods(plane: ControlPlane): Promise<void> {
  await plane.controllerManager?.stop();
  await plane.scheduler?.stop();
  interface Pod {
    readonly metadata: { readonly namespace: string; readonly name: string };
    readonly spec: { readonly nodeName?: string };
    readonly status: { readonly phase?: string };
  }
  const pods = async () => (await plane.api.call<{ readonly items: readonly Pod[] }>('GET', '/api/v1/pods')).items;
  for (const { metadata } of await pods()) {
    const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}?gracePeriodSeconds=1`;
    await plane.api.send('DELETE', path);
  }
  // those of Jobs stay as objects, for nobody is there to take off their finalizers
  const isOver = ({ spec, status }: Pod) =>
    spec.nodeName === undefined || status.phase === 'Succeeded' || status.phase === 'Failed';
  await until('the pods have ended', 60, async () => ((await pods()).every(isOver) ? true : undefined));
}

if (isProgram(import.meta.url)) {
  try {
    const { values } = parseArgs({ options: { folder: { type: 'string' } } });
    const folder = values.folder ?? (await mkdtemp(join(tmpdir(), 'nasoa-')));
    const log = (line: string): void => {
      process.stderr.write(`cluster: ${line}\n`);
    };
    const cluster = await startCluster({ folder, env: process.env, log });
    process.stdout.write(`export KUBECONFIG=${cluster.plane.kubeconfig}\n`);
    await Promise.race(['SIGINT', 'SIGTERM'].map((signal) => once(process, signal)));
    await cluster.stop();
  } catch (error) {
    reportFailure(error);
  }
}
