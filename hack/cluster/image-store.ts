/** Builds images without a registry or a daemon (buildah, isolation by chroot). Layers and archives lie in the user's cache. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { cacheDir } from '../../src/lib/user-dirs.ts';
import { withLock } from '../file-lock.ts';
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

export const imageCache = (env: NodeJS.ProcessEnv): string => join(cacheDir(env), 'images');

/** A store of our own: the machine's may use another driver. Without overlay each layer is a whole copy. */
function storage(env: NodeJS.ProcessEnv): readonly string[] {
  const driver = /\boverlay$/m.test(readFileSync('/proc/filesystems', 'utf8')) ? 'overlay' : 'vfs';
  const place = (name: string): string => join(imageCache(env), `${driver}-${name}`);
  return ['--root', place('store'), '--runroot', place('run'), '--storage-driver', driver];
}

const buildah = (env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<string> =>
  must(hostProgram('buildah', env), [...storage(env), ...args], env);

/** What buildah notes of blobs, wherever its store is and without a way to tell it otherwise. */
const ownNotes = '/var/lib/containers';

/** Does `work` while nobody else builds, from whatever state a killed build left. */
export function withImageStore<T>({ env, log }: ImageBuilding, work: () => Promise<T>): Promise<T> {
  const onWait = (): void => log('waiting for another build of images');
  return withLock(join(imageCache(env), 'lock'), env, onWait, async () => {
    // a step that fails leaves its container, which stays mounted
    const tidy = () => buildah(env, 'rm', '--all');
    const usesContainers = existsSync(ownNotes);
    await tidy();
    try {
      return await work();
    } finally {
      await tidy();
      if (!usesContainers) await rm(ownNotes, { recursive: true, force: true });
    }
  });
}

/** Builds an image; layers that did not change come from buildah's cache. */
export async function buildImage(request: ImageRequest, { env }: ImageBuilding): Promise<void> {
  const args = Object.entries(request.args ?? {}).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  await buildah(
    env,
    ...['bud', '--isolation', 'chroot', '--layers', '--format', 'docker', '--pull-never'],
    ...[...mirrorSecrets(), ...args, '--file', request.dockerfile, '--tag', request.tag, request.context],
  );
}

/** How npm and pip reach their registries on this machine is needed in the build, but must not stay in an image. */
const mirrorSecrets = (): readonly string[] =>
  [
    { id: 'npmrc', path: join(homedir(), '.npmrc') },
    { id: 'pip', path: '/etc/pip.conf' },
  ]
    .filter(({ path }) => existsSync(path))
    .flatMap(({ id, path }) => ['--secret', `id=${id},src=${path}`]);

/** Such as `1.25 GB`, unpacked. */
export const imageSize = async (tag: string, env: NodeJS.ProcessEnv): Promise<string> =>
  (await buildah(env, 'images', '--format', '{{.Size}}', tag)).trim();

const nameOf = (tag: string): string => tag.replaceAll(/[^\w.-]/g, '-');

/** Where the image of what `key` stands for is, or will be, as one file that `docker load` and containerd take. */
export const archivePath = (tag: string, key: string, env: NodeJS.ProcessEnv): string =>
  join(imageCache(env), 'archives', `${nameOf(tag)}@${key}.tar`);

/** Writes an image to its file, in place of those of earlier contents. */
export async function writeArchive(tag: string, path: string, env: NodeJS.ProcessEnv): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  for (const old of readdirSync(folder)) {
    if (old.startsWith(`${nameOf(tag)}@`)) await rm(join(folder, old), { force: true });
  }
  const part = `${path}.part`;
  await buildah(env, 'push', '--quiet', tag, `docker-archive:${part}:${tag}`);
  await rename(part, path);
}
