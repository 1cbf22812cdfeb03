/** The chart, installed as its users do it. */
import { ensureBinaries } from '../../hack/cluster/binaries.ts';
import { chartFolder } from '../../hack/cluster/operator-manifest.ts';
import { must } from '../../hack/cluster/programs.ts';
import type { Site } from './site.ts';

export const operatorNamespace = 'nasoa-system';
export const taskNamespace = 'vision';
export const leaseName = 'nasoa';

/** Namespaces at the restricted Pod Security level, and the Secrets that chart and samples name. */
export async function prepareNamespaces({ cluster, postgres, s3 }: Site): Promise<void> {
  const { api } = cluster.plane;
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  for (const name of [operatorNamespace, taskNamespace]) {
    await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  }
  const secret = (namespace: string, name: string, stringData: Readonly<Record<string, string>>) =>
    api.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, stringData });
  await secret(operatorNamespace, 'experience-database', { DATABASE_URL: postgres.url });
  await secret(taskNamespace, 's3-keys', s3.keys);
}

export interface Release {
  helm(...args: readonly string[]): Promise<string>;
  /** Installs or upgrades, and waits until all replicas are ready. */
  upgrade(...settings: readonly string[]): Promise<void>;
}

export async function chartRelease({ cluster, ground, images, postgres }: Site): Promise<Release> {
  const { helm: program } = await ensureBinaries(['helm'], { env: ground.env, log: () => undefined });
  const access = ['--kubeconfig', cluster.plane.kubeconfig, '--namespace', operatorNamespace];
  const helm: Release['helm'] = (...args) => must(program, [...args, ...access], ground.env);
  const colon = images.operator.lastIndexOf(':');
  const values = {
    'image.repository': images.operator.slice(0, colon),
    'image.tag': images.operator.slice(colon + 1),
    'image.pullPolicy': 'Never',
    'trainer.image': images.trainer,
    'trainer.pullPolicy': 'Never',
    // two pods at a time on a small machine
    'trainer.resources.cpu': '500m',
    'trainer.resources.memory': '3Gi',
    'database.existingSecret': 'experience-database',
    'networkPolicy.databasePorts': `{${postgres.port}}`,
  };
  const settings = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  const upgrade: Release['upgrade'] = async (...more) => {
    const sets = [...settings, ...more].flatMap((setting) => ['--set', setting]);
    await helm('upgrade', '--install', 'nasoa', chartFolder, ...sets, '--wait', '--timeout', '4m');
  };
  return { helm, upgrade };
}
