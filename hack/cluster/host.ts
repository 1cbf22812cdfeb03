/** What a cluster changes on the machine itself, and how it is undone. */
import { existsSync, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RunError } from '../../src/lib/errors.ts';
import { run } from '../tool.ts';
import { hostProgram, must } from './programs.ts';

/** A bridge of that name with one address, from whatever state a killed run left. */
export async function addBridge(name: string, address: string, env: NodeJS.ProcessEnv): Promise<void> {
  await removeBridge(name, env);
  const ip = hostProgram('ip', env);
  await must(ip, ['link', 'add', name, 'type', 'bridge'], env);
  await must(ip, ['addr', 'add', `${address}/32`, 'dev', name], env);
  await must(ip, ['link', 'set', name, 'up'], env);
}

export async function removeBridge(name: string, env: NodeJS.ProcessEnv): Promise<void> {
  if (existsSync(`/sys/class/net/${name}`)) await must(hostProgram('ip', env), ['link', 'del', name], env);
}

/** Networks of pods on that bridge that nobody took down: CNI keeps a record of each. */
export async function removePodNetworks(bridge: string, env: NodeJS.ProcessEnv): Promise<void> {
  const ip = hostProgram('ip', env);
  const ports = `/sys/class/net/${bridge}/brif`;
  for (const port of existsSync(ports) ? readdirSync(ports) : []) await run(ip, ['link', 'del', port], { env });
  const records = '/var/lib/cni/results';
  for (const name of existsSync(records) ? readdirSync(records) : []) {
    const text = readFileSync(join(records, name), 'utf8');
    if (!text.includes(`"name":"${bridge}"`)) continue;
    for (const [, namespace = ''] of text.matchAll(/"sandbox":"([^"]+)"/g)) {
      await run(hostProgram('umount', env), ['--lazy', namespace], { env });
      await rm(namespace, { force: true });
    }
    await rm(join(records, name));
  }
}

/** kube-proxy's own tables; they may not be there. */
export async function removeProxyRules(env: NodeJS.ProcessEnv): Promise<void> {
  for (const family of ['ip', 'ip6']) {
    await run(hostProgram('nft', env), ['delete', 'table', family, 'kube-proxy'], { env });
  }
}

/** Removes a folder once nothing is mounted below it: a volume that is still mounted would be emptied. */
export async function removeFolder(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  for (const path of mountsBelow(folder)) await run(hostProgram('umount', env), ['--lazy', path], { env });
  const left = mountsBelow(folder);
  if (left.length > 0)
    throw new RunError(`${left.join(', ')} cannot be unmounted.`, `Unmount it and remove ${folder}.`);
  await rm(folder, { recursive: true, force: true });
}

/** Volumes and root file systems that pods left mounted; the innermost first. */
const mountsBelow = (folder: string): readonly string[] =>
  readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => (line.split(' ')[1] ?? '').replaceAll('\\040', ' '))
    .filter((path) => path.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length);

/** Folders that containerd, CNI and kubelet use whatever they are told. */
const fixedFolders = ['/run/containerd', '/run/netns', '/var/lib/cni', '/var/lib/kubelet', '/var/log/containers'];

/** Removes, when it is called, those that are not there now. */
export function restoreFixedFolders(): () => Promise<void> {
  const absent = fixedFolders.filter((folder) => !existsSync(folder));
  return async () => {
    for (const folder of absent) await rm(folder, { recursive: true, force: true });
  };
}

const cgroupRoot = '/sys/fs/cgroup';

/** kubelet's groups, which it leaves behind: one tree, or one for each controller in the older layout. */
export async function removeCgroups(): Promise<void> {
  const controllers = readdirSync(cgroupRoot)
    .map((name) => join(cgroupRoot, name))
    .filter((path) => statSync(path).isDirectory());
  for (const place of [cgroupRoot, ...controllers]) removeGroup(join(place, 'kubepods'));
}

/** A group is removed by removing its folder, its children first; the files in it are not real ones. */
function removeGroup(path: string): void {
  if (!existsSync(path)) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroup(join(path, entry.name));
  }
  try {
    rmdirSync(path);
  } catch {
    // something still ends in it; an empty group does no harm
  }
}
