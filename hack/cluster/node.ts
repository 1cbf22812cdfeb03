/**
 * A one-node cluster on this machine: control plane, containerd, kubelet, kube-proxy, CoreDNS. Needs root.
 *   node hack/cluster/node.ts [--folder DIR]   brings one up, prints its KUBECONFIG, and takes it down at Ctrl-C
 */
import { once } from 'node:events';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isProgram, reportFailure } from '../tool.ts';
import { type Binaries, ensureBinaries } from './binaries.ts';
import { issue, kubeconfig } from './certificates.ts';
import { type Containerd, startContainerd } from './containerd.ts';
import { type ControlPlane, controlPlanePrograms, startControlPlane } from './control-plane.ts';
import { addBridge, removeBridge, removeCgroups, removeFolder, removeProxyRules, restoreFixedFolders } from './host.ts';
import { pauseArchive } from './images.ts';
import { must, requirePrograms } from './programs.ts';
import { Service, until } from './service.ts';

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
  /** Brings an image, as one file, into the node. */
  load(archive: string): Promise<void>;
  /** Runs kubectl as the administrator. Throws where it fails. */
  kubectl(...args: readonly string[]): Promise<string>;
  /** Ends everything that was started and undoes what was changed on the machine. */
  stop(): Promise<void>;
}

const programs = [...controlPlanePrograms, 'kubelet', 'kube-proxy', 'kubectl', 'coredns'] as const;
type Programs = Binaries<(typeof programs)[number]>;

// kubelet refuses a loopback address, and not every kernel has dummy devices: a bridge without members serves
const address = '10.245.0.1';
const nodeBridge = 'nasoa-node';
const podBridge = 'nasoa-pods';
/** Addresses of the pods. */
export const podRange = '10.246.0.0/24';
const nodeName = 'nasoa-node';
const clusterDomain = 'cluster.local';

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
    await mkdir(join(folder, 'logs'), { recursive: true });
    undo.push(() => removeFolder(folder, env), restoreFixedFolders());
    await addBridge(nodeBridge, address, env);
    undo.push(
      () => removeBridge(nodeBridge, env),
      () => removeBridge(podBridge, env),
    );
    const plane = await startControlPlane({
      ...{ folder: join(folder, 'plane'), env, binaries, address, audit: options.audit === true },
      ...{ controllerManager: true, scheduler: true },
    });
    undo.push(() => plane.stop());
    const containerd = await startContainerd({ folder: join(folder, 'c'), env, bridge: podBridge, podRange });
    undo.push(removeCgroups, () => containerd.stop());
    await containerd.ctr('images', 'import', await pauseArchive({ env, log }));
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
    const load: Cluster['load'] = async (archive) => void (await containerd.ctr('images', 'import', archive));
    return { plane, containerd, kubelet, nodeName, address, folder, load, kubectl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Site {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly binaries: Programs;
  readonly plane: ControlPlane;
  readonly containerd: Containerd;
}

const logOf = ({ folder }: Site, name: string): string => join(folder, 'logs', `${name}.log`);

async function startKubelet(site: Site): Promise<Service> {
  const { folder, env, binaries, plane } = site;
  const [root, config] = [join(folder, 'kubelet'), join(folder, 'kubelet.json')];
  await mkdir(root, { recursive: true });
  const { authority } = plane;
  const user = { user: `system:node:${nodeName}`, groups: ['system:nodes'] };
  const certificate = await issue(authority, 'kubelet', { ...user, names: [`IP:${address}`, `DNS:${nodeName}`] });
  await writeFile(join(root, 'kubeconfig'), kubeconfig(plane.url, authority.cert, certificate), { mode: 0o600 });
  const serving = { tlsCertFile: certificate.cert, tlsPrivateKeyFile: certificate.key };
  await writeFile(config, JSON.stringify({ ...kubeletConfig(site), ...serving }, undefined, 2));
  const kubelet = new Service({
    ...{ name: 'kubelet', env, log: logOf(site, 'kubelet'), readySeconds: 60 },
    command: [
      binaries.kubelet,
      ...[`--config=${config}`, `--kubeconfig=${join(root, 'kubeconfig')}`, `--root-dir=${root}`],
      ...[`--cert-dir=${join(root, 'pki')}`, `--node-ip=${address}`, `--hostname-override=${nodeName}`],
    ],
    isReady: async () => (await fetch(`http://127.0.0.1:${kubeletHealthPort}/healthz`)).ok,
  });
  await kubelet.start();
  return kubelet;
}

const kubeletHealthPort = 20248;

const kubeletConfig = ({ folder, plane, containerd }: Site) => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: plane.authority.cert },
  },
  authorization: { mode: 'Webhook' },
  ...{ address, port: 20250, healthzBindAddress: '127.0.0.1', healthzPort: kubeletHealthPort },
  containerRuntimeEndpoint: `unix://${containerd.socket}`,
  ...{ clusterDNS: [address], clusterDomain, podLogsDir: join(folder, 'pod-logs') },
  ...{ cgroupDriver: 'cgroupfs', failSwapOn: false, enforceNodeAllocatable: [] },
  // the machine's own needs are not ours to guard: evict late, and remove no image that a test loaded
  evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
  imageGCHighThresholdPercent: 100,
  // kube-proxy's rules are in nftables; kubelet would leave its own, in iptables, behind
  makeIPTablesUtilChains: false,
  volumePluginDir: join(folder, 'volume-plugins'),
});

async function startProxy(site: Site): Promise<Service> {
  const { folder, env, binaries, plane } = site;
  const config = join(folder, 'kube-proxy.json');
  const healthPort = 20256;
  await writeFile(
    config,
    JSON.stringify({
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      mode: 'nftables',
      clusterCIDR: podRange,
      clientConnection: { kubeconfig: await plane.kubeconfigFor('system:kube-proxy') },
      ...{
        hostnameOverride: nodeName,
        healthzBindAddress: `127.0.0.1:${healthPort}`,
        metricsBindAddress: '127.0.0.1:20249',
      },
      // the kernel's table of connections is the machine's business
      conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    }),
  );
  const proxy = new Service({
    ...{ name: 'kube-proxy', env, log: logOf(site, 'kube-proxy'), readySeconds: 60 },
    command: [binaries['kube-proxy'], `--config=${config}`],
    isReady: async () => (await fetch(`http://127.0.0.1:${healthPort}/livez`)).ok,
  });
  await proxy.start();
  return proxy;
}

/** Names of Services, answered on the node's own address: kubelet gives it to the pods as their name server. */
async function startDns(site: Site): Promise<Service> {
  const { folder, env, binaries, plane } = site;
  const corefile = join(folder, 'Corefile');
  const readyPort = 20257;
  await writeFile(
    corefile,
    `.:53 {
  bind ${address}
  errors
  ready 127.0.0.1:${readyPort}
  kubernetes ${clusterDomain} in-addr.arpa ip6.arpa {
    kubeconfig ${plane.kubeconfig}
    pods insecure
    fallthrough in-addr.arpa ip6.arpa
  }
  cache 5
  forward . /etc/resolv.conf
}
`,
  );
  const dns = new Service({
    ...{ name: 'coredns', env, log: logOf(site, 'coredns'), readySeconds: 60 },
    command: [binaries.coredns, '-conf', corefile],
    isReady: async () => (await fetch(`http://127.0.0.1:${readyPort}/ready`)).ok,
  });
  await dns.start();
  return dns;
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
  type Pods = {
    readonly items: readonly { readonly metadata: { readonly namespace: string; readonly name: string } }[];
  };
  const pods = async () => (await plane.api.call<Pods>('GET', '/api/v1/pods')).items;
  for (const { metadata } of await pods()) {
    const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}?gracePeriodSeconds=1`;
    await plane.api.send('DELETE', path);
  }
  await until('the pods are gone', 60, async () => ((await pods()).length === 0 ? true : undefined));
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
