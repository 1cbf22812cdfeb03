/** etcd, kube-apiserver and, on demand, controller-manager and scheduler on one machine: a real API, without nodes. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { type ApiClient, createApiClient } from './api-client.ts';
import type { Binaries } from './binaries.ts';
import {
  type Authority,
  type Certificate,
  createAuthority,
  createTokenKeys,
  issue,
  kubeconfig,
} from './certificates.ts';
import type { ProgramName } from './modules.ts';
import { freePorts, Service, stopAll } from './service.ts';

export interface ControlPlaneOptions {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly binaries: Binaries<ControlPlaneProgram>;
  /** Where nodes and pods reach the API server; the loopback address where there are none. */
  readonly address?: string;
  readonly controllerManager?: boolean;
  readonly scheduler?: boolean;
  /** Writes every request, its user and its verb to `auditLog` (audit.k8s.io/v1, a line each). */
  readonly audit?: boolean;
  readonly apiServerArgs?: readonly string[];
  readonly controllerManagerArgs?: readonly string[];
}

export type ControlPlaneProgram = ProgramName &
  ('etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler');
export const controlPlanePrograms: readonly ControlPlaneProgram[] = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
];

/** Addresses of Services; node.ts gives the first ones their meaning. */
export const serviceRange = '10.96.0.0/16';

export interface ControlPlane {
  readonly url: string;
  readonly authority: Authority;
  readonly admin: Certificate;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly api: ApiClient;
  readonly etcd: Service;
  readonly apiServer: Service;
  readonly controllerManager: Service | undefined;
  readonly scheduler: Service | undefined;
  readonly auditLog: string | undefined;
  /** Writes a kubeconfig for a user with its own certificate, and answers with its path. */
  kubeconfigFor(user: string, groups?: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

interface Site {
  readonly options: ControlPlaneOptions;
  readonly authority: Authority;
  readonly serving: Certificate;
  readonly admin: Certificate;
  readonly tokens: { readonly key: string; readonly public: string };
  readonly url: string;
  readonly ports: { readonly [name in 'etcd' | 'etcdPeer' | 'api' | 'manager' | 'scheduler']: number };
}

export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const site = await prepare(options);
  const { authority, admin, url } = site;
  const api = createApiClient(url, authority.cert, admin);
  const write = async (name: string, certificate: Certificate): Promise<string> => {
    const path = join(options.folder, `${name}.kubeconfig`);
    await writeFile(path, kubeconfig(url, authority.cert, certificate), { mode: 0o600 });
    return path;
  };
  const kubeconfigFor = async (user: string, groups: readonly string[] = []): Promise<string> => {
    const file = user.replaceAll(/[^\w.-]/g, '-');
    return write(file, await issue(authority, file, { user, groups }));
  };
  const etcd = new Service(etcdSettings(site));
  const apiServer = new Service(apiServerSettings(site, api));
  const controllerManager =
    options.controllerManager === true
      ? new Service(managerSettings(site, await kubeconfigFor('system:kube-controller-manager')))
      : undefined;
  const scheduler =
    options.scheduler === true
      ? new Service(schedulerSettings(site, await kubeconfigFor('system:kube-scheduler')))
      : undefined;
  const services = [etcd, apiServer, controllerManager, scheduler].filter((service) => service !== undefined);
  const stop = async (): Promise<void> => {
    api.close();
    await stopAll(services);
  };
  try {
    for (const service of services) await service.start();
    const adminKubeconfig = await write('admin', admin);
    return {
      ...{ url, authority, admin, api, etcd, apiServer, controllerManager, scheduler, kubeconfigFor, stop },
      kubeconfig: adminKubeconfig,
      auditLog: options.audit === true ? auditPaths(options.folder).log : undefined,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function prepare(options: ControlPlaneOptions): Promise<Site> {
  const { folder, env, address = '127.0.0.1' } = options;
  await mkdir(join(folder, 'logs'), { recursive: true });
  const authority = await createAuthority(join(folder, 'pki'), env);
  const [serving, admin, tokens, ports] = await Promise.all([
    issue(authority, 'serving', {
      user: 'kube-apiserver',
      names: [
        ...[...new Set(['127.0.0.1', '10.96.0.1', address])].map((ip) => `IP:${ip}`),
        ...['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'].map((name) => `DNS:${name}`),
        'DNS:kubernetes.default.svc.cluster.local',
      ],
    }),
    issue(authority, 'admin', { user: 'admin', groups: ['system:masters'] }),
    createTokenKeys(authority.folder, env),
    freePorts(5),
  ]);
  const [etcd = 0, etcdPeer = 0, api = 0, manager = 0, scheduler = 0] = ports;
  await writeAuditPolicy(options);
  return {
    ...{ options, authority, serving, admin, tokens },
    url: `https://${address}:${api}`,
    ports: { etcd, etcdPeer, api, manager, scheduler },
  };
}

const auditPaths = (folder: string) => ({ policy: join(folder, 'audit.json'), log: join(folder, 'logs', 'audit.log') });

async function writeAuditPolicy({ folder, audit }: ControlPlaneOptions): Promise<void> {
  if (audit !== true) return;
  // a watch shows as its response starts, any other request as it is complete
  const policy = { omitStages: ['RequestReceived'], rules: [{ level: 'Metadata' }] };
  await writeFile(
    auditPaths(folder).policy,
    JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', ...policy }),
  );
}

const common = ({ options }: Site, name: string) => ({
  name,
  env: options.env,
  log: join(options.folder, 'logs', `${name}.log`),
});

const etcdSettings = (site: Site) => {
  const [client, peer] = [`http://127.0.0.1:${site.ports.etcd}`, `http://127.0.0.1:${site.ports.etcdPeer}`];
  const command: [string, ...string[]] = [
    site.options.binaries.etcd,
    `--data-dir=${join(site.options.folder, 'etcd')}`,
    ...[`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`],
    ...[`--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`, `--initial-cluster=default=${peer}`],
    // what tests write need not survive the machine's end
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
  const isReady = async () => (await fetch(`${client}/health`)).ok;
  return { ...common(site, 'etcd'), command, readySeconds: 30, isReady };
};

function apiServerSettings(site: Site, api: ApiClient) {
  const { options, authority, serving, tokens, ports } = site;
  const address = options.address ?? '127.0.0.1';
  const audit = auditPaths(options.folder);
  const command: [string, ...string[]] = [
    options.binaries['kube-apiserver'],
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    ...[`--secure-port=${ports.api}`, `--bind-address=${address === '127.0.0.1' ? address : '0.0.0.0'}`],
    `--advertise-address=${address}`,
    `--service-cluster-ip-range=${serviceRange}`,
    // a loopback address would be refused as an endpoint of the Service `kubernetes`
    ...(address === '127.0.0.1' ? ['--endpoint-reconciler-type=none'] : []),
    ...[`--client-ca-file=${authority.cert}`, `--tls-cert-file=${serving.cert}`],
    `--tls-private-key-file=${serving.key}`,
    ...[`--kubelet-client-certificate=${site.admin.cert}`, `--kubelet-client-key=${site.admin.key}`],
    '--kubelet-preferred-address-types=InternalIP',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    ...[`--service-account-key-file=${tokens.public}`, `--service-account-signing-key-file=${tokens.key}`],
    '--authorization-mode=Node,RBAC',
    '--allow-privileged=true',
    // without the controller-manager nobody makes the service accounts that this would ask for
    ...(options.controllerManager === true ? [] : ['--disable-admission-plugins=ServiceAccount']),
    ...(options.audit === true ? [`--audit-policy-file=${audit.policy}`, `--audit-log-path=${audit.log}`] : []),
    ...(options.apiServerArgs ?? []),
  ];
  const isReady = async () => (await api.send('GET', '/readyz')).status === 200;
  return { ...common(site, 'kube-apiserver'), command, readySeconds: 90, isReady };
}

/** What controller-manager and scheduler have in common. */
const clientArgs = ({ serving }: Site, port: number, config: string): string[] => [
  ...[`--kubeconfig=${config}`, `--authentication-kubeconfig=${config}`, `--authorization-kubeconfig=${config}`],
  ...['--bind-address=127.0.0.1', `--secure-port=${port}`, '--leader-elect=false'],
  ...[`--tls-cert-file=${serving.cert}`, `--tls-private-key-file=${serving.key}`],
];

const managerSettings = (site: Site, config: string) => {
  const { options, authority, tokens, ports } = site;
  const command: [string, ...string[]] = [
    options.binaries['kube-controller-manager'],
    ...clientArgs(site, ports.manager, config),
    ...[`--service-account-private-key-file=${tokens.key}`, `--root-ca-file=${authority.cert}`],
    '--use-service-account-credentials=true',
    ...(options.controllerManagerArgs ?? []),
  ];
  const isReady = () => isHealthy(ports.manager, authority);
  return { ...common(site, 'kube-controller-manager'), command, readySeconds: 60, isReady };
};

const schedulerSettings = (site: Site, config: string) => {
  const { options, authority, ports } = site;
  const command: [string, ...string[]] = [
    options.binaries['kube-scheduler'],
    ...clientArgs(site, ports.scheduler, config),
  ];
  const isReady = () => isHealthy(ports.scheduler, authority);
  return { ...common(site, 'kube-scheduler'), command, readySeconds: 60, isReady };
};

async function isHealthy(port: number, { cert }: Authority): Promise<boolean> {
  const ca = await readFile(cert);
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/healthz', ca, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on('error', reject);
  });
}
