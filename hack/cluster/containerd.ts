/** containerd with root, state, socket and network of its own, beside whatever runs on the machine. Debian's 1.6. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../tool.ts';
import { hostProgram, must } from './programs.ts';
import { Service, until } from './service.ts';

export interface ContainerdOptions {
  /** Short: the path of a socket holds no more than 107 characters. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly bridge: string;
  /** Addresses of the pods. */
  readonly podRange: string;
}

export interface Containerd {
  readonly service: Service;
  readonly socket: string;
  /** Runs `ctr` on the images and containers of Kubernetes; throws where it fails. */
  ctr(...args: readonly string[]): Promise<string>;
  /** Ends containers that kubelet left, the service, and the shims, which outlive it. */
  stop(): Promise<void>;
}

export const pauseImage = 'localhost/pause:1';

export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const { folder, env } = options;
  const socket = join(folder, 'containerd.sock');
  await mkdir(join(folder, 'cni'), { recursive: true });
  await mkdir(join(folder, 'logs'), { recursive: true });
  await writeFile(join(folder, 'cni', '10-bridge.conflist'), network(options));
  await writeFile(join(folder, 'containerd.toml'), config(folder, socket));
  const client = hostProgram('ctr', env);
  const ctr: Containerd['ctr'] = (...args) =>
    must(client, ['--address', socket, '--namespace', 'k8s.io', ...args], env);
  const service = new Service({
    ...{ name: 'containerd', env, log: join(folder, 'logs', 'containerd.log'), readySeconds: 30 },
    command: [hostProgram('containerd', env), '--config', join(folder, 'containerd.toml')],
    isReady: async () => existsSync(socket) && (await ctr('version')) !== '',
  });
  await service.start();
  const stop = async (): Promise<void> => {
    await removeContainers(client, socket, env);
    await service.stop();
    await killShims(socket);
  };
  return { service, socket, ctr, stop };
}

const config = (folder: string, socket: string): string => `version = 2
root = "${join(folder, 'containerd')}"
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
async function removeContainers(client: string, socket: string, env: NodeJS.ProcessEnv): Promise<void> {
  const ctr = (...args: readonly string[]) =>
    run(client, ['--address', socket, '--namespace', 'k8s.io', ...args], { env });
  for (const id of words((await ctr('tasks', 'ls', '-q')).stdout)) await ctr('tasks', 'rm', '--force', id);
  for (const id of words((await ctr('containers', 'ls', '-q')).stdout)) await ctr('containers', 'rm', id);
}

const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '');

/** Shims are known by the socket of their containerd, which is ours alone. */
async function killShims(socket: string): Promise<void> {
  const shims = () => processes().filter(({ args }) => args[0]?.includes('containerd-shim') && args.includes(socket));
  for (const { pid } of shims()) kill(pid);
  await until('the shims have ended', 10, async () => (shims().length === 0 ? true : undefined));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended by itself meanwhile
  }
}

function processes(): readonly { readonly pid: number; readonly args: readonly string[] }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), args: commandLine(name) }));
}

function commandLine(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
