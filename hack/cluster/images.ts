/** Builds images without a registry or a daemon (buildah, isolation by chroot) and loads them into a test's containerd. */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDir } from '../../src/lib/user-dirs.ts';
import { withLock } from '../file-lock.ts';
import { type Containerd, pauseImage } from './containerd.ts';
import { hostProgram, must } from './programs.ts';

export interface ImageBuilding {
  readonly env: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
}

export interface ImageRequest {
  /** Such as `localhost/nasoa-operator:test`. */
  readonly tag: string;
  readonly dockerfile: string;
  readonly context: string;
  readonly args?: Readonly<Record<string, string>>;
}

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const storage = ['--storage-driver', 'vfs'];
const suite = 'bookworm';

/** Tag of the Debian that stands for the base images, made by debootstrap once and kept. */
export const debianImage = `localhost/debian:${suite}`;

/** Builds an image; layers that did not change come from buildah's cache. */
export async function buildImage(request: ImageRequest, { env, log }: ImageBuilding): Promise<void> {
  log(`building ${request.tag}`);
  const args = Object.entries(request.args ?? {}).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  await must(
    hostProgram('buildah', env),
    [
      ...[...storage, 'bud', '--isolation', 'chroot', '--layers', '--format', 'docker'],
      ...[...mirrorSecrets(), ...args, '--file', request.dockerfile, '--tag', request.tag, request.context],
    ],
    env,
  );
}

/** Operator and CPU trainer of this checkout. */
export async function buildNasoaImages(building: ImageBuilding): Promise<{ operator: string; trainer: string }> {
  await ensureDebian(building);
  const images = { operator: 'localhost/nasoa-operator:test', trainer: 'localhost/nasoa-trainer:test' };
  for (const [name, tag] of Object.entries(images)) {
    const dockerfile = join(checkout, 'images', `${name}.Dockerfile`);
    const args = { BUILD_IMAGE: debianImage, BASE_IMAGE: debianImage };
    await buildImage({ tag, dockerfile, context: checkout, args }, building);
  }
  return images;
}

/** How npm and pip reach their registries on this machine is needed in the build, but must not stay in an image. */
const mirrorSecrets = (): readonly string[] =>
  [
    { id: 'npmrc', path: join(homedir(), '.npmrc') },
    { id: 'pip', path: '/etc/pip.conf' },
  ]
    .filter(({ path }) => existsSync(path))
    .flatMap(({ id, path }) => ['--secret', `id=${id},src=${path}`]);

async function ensureDebian({ env, log }: ImageBuilding): Promise<void> {
  const root = join(cacheDir(env), 'cluster', `debian-${suite}`);
  await withLock(
    `${root}.lock`,
    env,
    () => log('waiting for another set-up of the base image'),
    async () => {
      if (!existsSync(root)) {
        log(`debootstrap ${suite} (about half a minute)`);
        const part = `${root}.part`;
        await rm(part, { recursive: true, force: true });
        await must(hostProgram('debootstrap', env), ['--variant=minbase', suite, part], env);
        // device files cannot be copied into an image, and packages need not be
        for (const name of ['dev', 'var/cache/apt/archives'])
          await rm(join(part, name), { recursive: true, force: true });
        await rename(part, root);
      }
      const context = join(cacheDir(env), 'cluster', 'base');
      await mkdir(context, { recursive: true });
      await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY . /\n');
      await buildImage({ tag: debianImage, dockerfile: join(context, 'Dockerfile'), context: root }, { env, log });
    },
  );
}

/** The image that holds a pod's namespaces: one static program. */
export async function buildPauseImage(folder: string, { env, log }: ImageBuilding): Promise<void> {
  const context = join(folder, 'pause');
  await mkdir(context, { recursive: true });
  const source = fileURLToPath(new URL('pause.c', import.meta.url));
  await must(hostProgram('gcc', env), ['-static', '-Os', '-o', join(context, 'pause'), source], env);
  const dockerfile = join(context, 'Dockerfile');
  await writeFile(dockerfile, 'FROM scratch\nCOPY pause /pause\nUSER 65535:65535\nENTRYPOINT ["/pause"]\n');
  await buildImage({ tag: pauseImage, dockerfile, context }, { env, log });
}

/** Brings an image into the cluster's containerd; answers with the size of its archive in bytes. */
export async function loadImage(
  tag: string,
  { folder, containerd, env }: { folder: string; containerd: Containerd; env: NodeJS.ProcessEnv },
): Promise<number> {
  const archive = join(folder, `${tag.replaceAll(/[^\w.-]/g, '-')}.tar`);
  await must(hostProgram('buildah', env), [...storage, 'push', tag, `docker-archive:${archive}:${tag}`], env);
  const { size } = await stat(archive);
  await containerd.ctr('images', 'import', archive);
  await rm(archive);
  return size;
}
