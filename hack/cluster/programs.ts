import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { RunError } from '../../src/lib/errors.ts';
import { type Finished, lastLines, run } from '../tool.ts';

/** Programs of the host that a test cluster takes as they are, and how to get each on Debian. */
const remedies = {
  'apt-get': 'Use Debian 12, or install the packages in another way.',
  go: 'Install Go 1.24 or newer (go.dev), or name a folder of ready-made binaries in NASOA_KUBE_BIN.',
  openssl: 'apt-get install openssl',
  setpriv: 'apt-get install util-linux',
  ip: 'apt-get install iproute2',
  umount: 'apt-get install mount',
  containerd: 'apt-get install containerd runc containernetworking-plugins',
  ctr: 'apt-get install containerd',
  nft: 'apt-get install nftables',
  buildah: 'apt-get install buildah',
  debootstrap: 'apt-get install debootstrap',
  prometheus: 'apt-get install prometheus',
  promtool: 'apt-get install prometheus',
  gcc: 'apt-get install gcc libc6-dev',
  tar: 'apt-get install tar',
} as const;
export type HostProgram = keyof typeof remedies;

/** Full path of a program on the PATH of `env`. Throws RunError that says how to get it. */
export function hostProgram(name: HostProgram, env: NodeJS.ProcessEnv): string {
  const path = pathOf(name, env);
  if (path === undefined) throw new RunError(`Not on the PATH: ${name}.`, remedies[name]);
  return path;
}

/** Throws one RunError that names every program that is not there. */
export function requirePrograms(names: readonly HostProgram[], env: NodeJS.ProcessEnv): void {
  const absent = names.filter((name) => pathOf(name, env) === undefined);
  if (absent.length === 0) return;
  throw new RunError(`Not on the PATH: ${absent.join(', ')}.`, absent.map((name) => remedies[name]).join('\n'));
}

// Debian keeps the programs of the administrator off the PATH of others
const pathOf = (name: string, env: NodeJS.ProcessEnv): string | undefined =>
  [...(env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''), '/usr/sbin', '/sbin']
    .map((folder) => join(folder, name))
    .find(isExecutable);

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs a program to its end. Throws RunError with its last words where it fails. */
export async function must(path: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const finished: Finished = await run(path, args, { env });
  if (finished.code !== 0) {
    throw new RunError(
      `${path} ${args.join(' ')} failed:\n${lastLines(finished.stderr || finished.stdout, 12)}`,
      'Mend what it says and run this again.',
    );
  }
  return finished.stdout;
}
