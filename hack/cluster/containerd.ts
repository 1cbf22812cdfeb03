/** containerd with folders, socket and network of its own, beside whatever runs on the machine. Debian's 1.6. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from '../tool.ts';
import { hostProgram, must } from './programs.ts';
import { Service, until } from './service.ts';

export interface ContainerdOptions {
  /** Short: the path of a socket holds no more than 107 characters. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Images stay here when it ends, so that they need not be unpacked each time. */
  readonly root: string;
  readonly bridge: string;
  /** Addresses of the pods. */
  readonly podRange: string;
}

export interface Containerd {
  readonly service: Service;
  readonly socket: string;
  /** Runs `ctr` on the images and containers of Kubernetes; throws where it fails. */
  ctr(...args: readonly string[]): Promise<string>;
  /** Brings an image in, from the file that holds it; nothing is done where it is there already. */
  load(tag: string, archive: string): Promise<void>;
  /** Ends containers that kubelet left, the service, and the shims, which outlive it. */
  stop(): Promise<void>;
}

export const pauseImage = 'localhost/pause:1';

/** On an image: name of the file it came from, which changes with what is in it. */
const archiveLabel = 'nasoa.dev/archive';

export const socketOf = (folder: string): string => join(folder, 'containerd.sock');

export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const { folder, root, env } = options;
  const socket = socketOf(folder);
  await mkdir(join(folder, 'cni'), { recursive: true });
  await mkdir(join(folder, 'logs'), { recursive: true });
  await writeFile(join(folder, 'cni', '10-bridge.conflist'), network(options));
  await writeFile(join(folder, 'containerd.toml'), config(folder, root, socket));
  const client = hostProgram('ctr', env);
  const ctr: Containerd['ctr'] = (...args) =>
    must(client, ['--address', socket, '--namespace', 'k8s.io', ...args], env);
  const service = new Service({
    ...{ name: 'containerd', env, log: join(folder, 'logs', 'containerd.log'), readySeconds: 30 },
    command: [hostProgram('containerd', env), '--config', join(folder, 'containerd.toml')],
    isReady: async () => existsSync(socket) && (await ctr('version')) !== '',
  });
  await service.start();
  if (await removeContainers(client, socket, env)) {
    // a killed run left them, and the CRI plugin read them as it started
    await service.stop();
    await service.start();
  }
  const stop = async (): Promise<void> => {
    await removeContainers(client, socket, env);
    await service.stop();
    await killShims(socket);
  };
  const load: Containerd['load'] = async (tag, archive) => {
    const label = `${archiveLabel}=${basename(archive)}`;
    if ((await ctr('images', 'ls', `name==${tag}`)).includes(label)) return;
    await ctr('images', 'import', archive);
    await ctr('images', 'label', tag, label);
  };
  return { service, socket, ctr, load, stop };
}

const config = (folder: string, root: string, socket: string): string => `version = 2
root = "${root}"
state = "${join(folder, 'run')}"
[grpc]
  address = "${socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${join(folder, 'opt')}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  # a root without CAP_SYS_RESOURCE cannot lower the score of a sandbox, and none would start
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${join(folder, 'cni')}"
`;

const network = ({ folder, bridge, podRange }: ContainerdOptions): string =>
  JSON.stringify({
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge,
        isGateway: true,
        // a pod may be sent to itself by its own Service
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          dataDir: join(folder, 'addresses'),
          ranges: [[{ subnet: podRange }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
    ],
  });

/** Whatever is left after kubelet removed its pods; each is tried, since one that resists must not keep the others. */
async function removeContainers(client: string, socket: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const ctr = (...args: readonly string[]) =>
    run(client, ['--address', socket, '--namespace', 'k8s.io', ...args], { env });
  for (const id of words((await ctr('tasks', 'ls', '-q')).stdout)) await ctr('tasks', 'rm', '--force', id);
  const containers = words((await ctr('containers', 'ls', '-q')).stdout);
  for (const id of containers) await ctr('containers', 'rm', id);
  return containers.length > 0;
}

const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '');

/** Shims are known by the socket of their containerd, which is ours alone. */
export async function killShims(socket: string): Promise<void> {
  const all = processes();
  const isShim = ({ args }: Process) => args[0]?.includes('containerd-shim') === true && args.includes(socket);
  const shims = () => processes().filter(isShim);
  const theirs = new Set(all.filter(isShim).map(({ pid }) => pid));
  // a container outlives its shim as well
  for (const { pid, parent } of all) if (theirs.has(pid) || theirs.has(parent)) kill(pid);
  await until('the shims have ended', 10, async () => (shims().length === 0 ? true : undefined));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended by itself meanwhile
  }
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly args: readonly string[];
}

function processes(): readonly Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({
      pid: Number(name),
      parent: parentOf(read(name, 'stat')),
      args: read(name, 'cmdline').split('\0'),
    }));
}

/** `PID (NAME) STATE PARENT ...`; the name may hold anything. */
const parentOf = (stat: string): number => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);

/** Empty for a process that ended meanwhile. */
function read(pid: string, file: 'stat' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
