/**
 * Debian's packages that a cluster on this machine takes: installs those that are missing.
 *   node hack/cluster/packages.ts
 */
import { existsSync } from 'node:fs';
import { RunError } from '../../src/lib/errors.ts';
import { isProgram, reportFailure, run } from '../tool.ts';
import { hostProgram, isExecutable, must } from './programs.ts';

/** Each package by a file that only it brings. */
const packages = {
  buildah: '/usr/bin/buildah',
  'containernetworking-plugins': '/usr/lib/cni/bridge',
  containerd: '/usr/bin/containerd',
  debootstrap: '/usr/sbin/debootstrap',
  gcc: '/usr/bin/gcc',
  iproute2: '/usr/sbin/ip',
  'libc6-dev': '/usr/include/stdlib.h',
  nftables: '/usr/sbin/nft',
  openssl: '/usr/bin/openssl',
  postgresql: '/usr/bin/pg_ctlcluster',
  prometheus: '/usr/bin/prometheus',
  runc: '/usr/sbin/runc',
  'util-linux': '/usr/bin/setpriv',
} as const;

export const missingPackages = (): readonly string[] =>
  Object.entries(packages).flatMap(([name, path]) => (existsSync(path) ? [] : [name]));

async function ensurePackages(env: NodeJS.ProcessEnv): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new RunError(
      'A cluster on this machine needs root.',
      'Run it with sudo, or in a virtual machine of its own.',
    );
  }
  const missing = missingPackages();
  if (missing.length === 0) return;
  const remedy = `On Debian 12: apt-get install --no-install-recommends ${missing.join(' ')}`;
  if (!isExecutable('/usr/bin/apt-get')) throw new RunError(`Not installed: ${missing.join(', ')}.`, remedy);
  process.stderr.write(`cluster: apt-get install ${missing.join(' ')}\n`);
  const unattended = { ...env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = hostProgram('apt-get', env);
  const install = ['install', '--yes', '--no-install-recommends', ...missing];
  // a list that is too old names packages that are gone
  if ((await run(apt, install, { env: unattended })).code === 0) return;
  await must(apt, ['update'], unattended);
  await must(apt, install, unattended);
}

if (isProgram(import.meta.url)) {
  try {
    await ensurePackages(process.env);
  } catch (error) {
    reportFailure(error);
  }
}
