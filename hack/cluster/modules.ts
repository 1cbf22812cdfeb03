/** The programs of a real cluster that tests run, and the Go modules they are built from. Versions stand in `modules/NAME/go.mod`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface GoModule {
  /** Folder below `modules`. */
  readonly name: string;
  /** The module whose version go.mod pins. */
  readonly requires: string;
  /** What a build with cold caches takes on two cores. */
  readonly minutes: number;
  /** Program by the package it is built from. */
  readonly programs: Readonly<Record<string, string>>;
  /** Variables of the linker; `version` is like `1.34.4`. */
  readonly variables?: (version: string) => Readonly<Record<string, string>>;
}

const kubernetes = 'k8s.io/kubernetes/cmd';

/** Kubernetes says `v0.0.0-master` of itself unless it is told at the build. */
function kubernetesVersion(version: string): Readonly<Record<string, string>> {
  const [major = '', minor = ''] = version.split('.');
  const at = 'k8s.io/component-base/version';
  return { [`${at}.gitVersion`]: `v${version}`, [`${at}.gitMajor`]: major, [`${at}.gitMinor`]: minor };
}

export const goModules = [
  {
    name: 'kubernetes',
    requires: 'k8s.io/kubernetes',
    minutes: 6,
    programs: {
      'kube-apiserver': `${kubernetes}/kube-apiserver`,
      'kube-controller-manager': `${kubernetes}/kube-controller-manager`,
      'kube-proxy': `${kubernetes}/kube-proxy`,
      'kube-scheduler': `${kubernetes}/kube-scheduler`,
      kubectl: `${kubernetes}/kubectl`,
      kubelet: `${kubernetes}/kubelet`,
    },
    variables: kubernetesVersion,
  },
  {
    name: 'etcd',
    requires: 'go.etcd.io/etcd/server/v3',
    minutes: 0.5,
    programs: { etcd: 'go.etcd.io/etcd/server/v3' },
  },
  {
    name: 'helm',
    requires: 'helm.sh/helm/v3',
    minutes: 1.2,
    programs: { helm: 'helm.sh/helm/v3/cmd/helm' },
    // the version that `helm template` takes the cluster to have
    variables: (version) => ({
      'helm.sh/helm/v3/internal/version.version': `v${version}`,
      'helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor': '1',
      'helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor': '34',
      'helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor': '1',
      'helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor': '34',
    }),
  },
  {
    name: 'kwok',
    requires: 'sigs.k8s.io/kwok',
    minutes: 1.2,
    programs: { kwok: 'sigs.k8s.io/kwok/cmd/kwok' },
    variables: (version) => ({ 'sigs.k8s.io/kwok/pkg/consts.Version': `v${version}` }),
  },
  {
    name: 'coredns',
    requires: 'github.com/coredns/coredns',
    minutes: 1.6,
    programs: { coredns: 'github.com/coredns/coredns' },
  },
  {
    name: 'versitygw',
    requires: 'github.com/versity/versitygw',
    minutes: 0.7,
    programs: { versitygw: 'github.com/versity/versitygw/cmd/versitygw' },
  },
  {
    name: 'kubeconform',
    requires: 'github.com/yannh/kubeconform',
    minutes: 0.1,
    programs: { kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform' },
  },
] as const satisfies readonly GoModule[];

type KeysOfEach<T> = T extends unknown ? keyof T : never;
export type ProgramName = KeysOfEach<(typeof goModules)[number]['programs']> & string;

export const programNames: readonly ProgramName[] = goModules.flatMap(
  ({ programs }) => Object.keys(programs) as ProgramName[],
);

export const moduleFolder = (module: GoModule): string =>
  fileURLToPath(new URL(`modules/${module.name}`, import.meta.url));

/** `1.34.4`, as go.mod pins it. */
export function versionOf(module: GoModule): string {
  const text = readFileSync(join(moduleFolder(module), 'go.mod'), 'utf8');
  const line = text.split('\n').find((l) => l.includes(`${module.requires} v`) && !l.includes('=>')) ?? '';
  const version = / v(\S+)/.exec(line)?.[1];
  if (version === undefined) throw new Error(`modules/${module.name}/go.mod does not require ${module.requires}`);
  return version;
}

/** The module a program comes from. */
export function moduleOf(program: ProgramName): GoModule {
  const found = goModules.find(({ programs }) => program in programs);
  if (found === undefined) throw new Error(`no module builds ${program}`);
  return found;
}
