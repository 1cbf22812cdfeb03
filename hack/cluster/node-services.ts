/** What runs on a node, and the cluster's names: kubelet, kube-proxy, CoreDNS. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Binaries } from './binaries.ts';
import { issue, kubeconfig } from './certificates.ts';
import type { Containerd } from './containerd.ts';
import type { ControlPlane } from './control-plane.ts';
import { Service } from './service.ts';

export const nodePrograms = ['kubelet', 'kube-proxy', 'coredns'] as const;

// kubelet refuses a loopback address, and not every kernel has dummy devices: a bridge without members serves
export const address = '10.245.0.1';
/** Addresses of the pods. */
export const podRange = '10.246.0.0/24';
export const nodeName = 'nasoa-node';
const clusterDomain = 'cluster.local';

export interface Site {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly binaries: Binaries<(typeof nodePrograms)[number]>;
  readonly plane: ControlPlane;
  readonly containerd: Containerd;
}

const logOf = ({ folder }: Site, name: string): string => join(folder, 'logs', `${name}.log`);

export async function startKubelet(site: Site): Promise<Service> {
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

export async function startProxy(site: Site): Promise<Service> {
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
export async function startDns(site: Site): Promise<Service> {
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
