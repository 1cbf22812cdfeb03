/** What a cluster leaves on a machine, to be compared before and after. */
import { readdirSync, readFileSync } from 'node:fs';
import { hostProgram, must } from '../../hack/cluster/programs.ts';

export interface Traces {
  readonly mounts: readonly string[];
  readonly interfaces: readonly string[];
  readonly tables: string;
  readonly cgroups: readonly string[];
  readonly processes: readonly string[];
  readonly folders: readonly string[];
}

/** `folder`: the cluster's, which the command lines of all its servers name. */
export async function tracesHere(folder: string, env: NodeJS.ProcessEnv): Promise<Traces> {
  return {
    mounts: lines('/proc/self/mounts').map((line) => line.split(' ')[1] ?? ''),
    interfaces: readdirSync('/sys/class/net').sort(),
    tables: await must(hostProgram('nft', env), ['list', 'tables'], env),
    cgroups: cgroups(),
    processes: servers(folder),
    folders: ['/run', '/var/lib', '/var/log', '/opt', '/tmp'].flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => /cni|containerd|kube|netns|containers$|pods|nasoa-e2e/.test(name))
        .map((name) => `${folder}/${name}`),
    ),
  };
}

const lines = (path: string): readonly string[] => readFileSync(path, 'utf8').split('\n');

function cgroups(): readonly string[] {
  const root = '/sys/fs/cgroup';
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name }) =>
    [name, ...readdirSync(`${root}/${name}`).map((inner) => `${name}/${inner}`)].filter((path) =>
      path.includes('kube'),
    ),
  );
}

function servers(folder: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    })
    .filter((command) => command.includes(folder))
    .sort();
}
