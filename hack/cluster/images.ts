/**
 * The images of this checkout, on a Debian made by debootstrap instead of one from a registry. Needs root.
 *   node hack/cluster/images.ts         builds operator and CPU trainer, and prints the file of each
 *   node hack/cluster/images.ts --gpu   builds the GPU trainer, and prints how large it is
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { RunError } from '../../src/lib/errors.ts';
import { isProgram, reportFailure } from '../tool.ts';
import { contextKey } from './build-context.ts';
import { pauseImage } from './containerd.ts';
import {
  archivePath,
  buildImage,
  type ImageBuilding,
  imageCache,
  imageSize,
  withImageStore,
  writeArchive,
} from './image-store.ts';
import { hostProgram, must, requirePrograms } from './programs.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const suite = 'bookworm';

/** Stand for the base images named in the Dockerfiles. */
const debianImage = `localhost/debian:${suite}`;
const buildingImage = `localhost/debian-building:${suite}`;

export type NasoaImage = 'operator' | 'trainer' | 'trainer-gpu';
type Recipe = { readonly tag: string; readonly dockerfile: string; readonly args?: Readonly<Record<string, string>> };
const recipes: Readonly<Record<NasoaImage, Recipe>> = {
  operator: { tag: 'localhost/nasoa-operator:test', dockerfile: 'operator.Dockerfile' },
  trainer: { tag: 'localhost/nasoa-trainer:test-cpu', dockerfile: 'trainer.Dockerfile' },
  'trainer-gpu': {
    tag: 'localhost/nasoa-trainer:test-gpu',
    dockerfile: 'trainer.Dockerfile',
    args: { FLAVOUR: 'gpu' },
  },
};

/** Images of this checkout, each as one file. Minutes at first, no time where nothing changed. */
export async function nasoaArchives(
  names: readonly NasoaImage[],
  building: ImageBuilding,
): Promise<Readonly<Record<string, string>>> {
  const { env, log } = building;
  const wanted = names.map((name) => ({ ...recipes[name], path: archiveOf(recipes[name], env) }));
  const missing = wanted.filter(({ path }) => !existsSync(path));
  if (missing.length > 0) {
    requirePrograms(['buildah', 'debootstrap', 'tar'], env);
    await withImageStore(building, async () => {
      await ensureDebian(building);
      for (const { tag, path, ...recipe } of missing) {
        const began = performance.now();
        await build({ tag, ...recipe }, building);
        await writeArchive(tag, path, env);
        log(`${tag}: ${await sizeText(path)}, ${Math.round((performance.now() - began) / 1000)} s`);
      }
    });
  }
  return Object.fromEntries(wanted.map(({ tag, path }) => [tag, path]));
}

function build({ tag, dockerfile, args = {} }: Recipe, building: ImageBuilding): Promise<void> {
  const places = { dockerfile: join(checkout, 'images', dockerfile), context: checkout };
  const bases = { BUILD_IMAGE: buildingImage, BASE_IMAGE: debianImage };
  return buildImage({ tag, ...places, args: { ...bases, ...args } }, building);
}

/** NVIDIA's libraries lie in two stages, and once more while a layer is written. */
const gpuBuildBytes = 25e9;

/** Builds the GPU trainer's image in buildah's store; answers with its size. Throws RunError where the disk is too full. */
async function buildGpuTrainer(building: ImageBuilding): Promise<string> {
  const { env } = building;
  requirePrograms(['buildah', 'debootstrap', 'tar'], env);
  await mkdir(imageCache(env), { recursive: true });
  const { bavail, bsize } = await statfs(imageCache(env));
  if (bavail * bsize < gpuBuildBytes) {
    throw new RunError(
      `The build takes ${gpuBuildBytes / 1e9} GB of disk, and ${Math.floor((bavail * bsize) / 1e9)} GB are free.`,
      `Make room, for instance by removing ${imageCache(env)}.`,
    );
  }
  return withImageStore(building, async () => {
    await ensureDebian(building);
    await build(recipes['trainer-gpu'], building);
    return imageSize(recipes['trainer-gpu'].tag, env);
  });
}

function archiveOf({ tag, dockerfile, args = {} }: Recipe, env: NodeJS.ProcessEnv): string {
  const others = [readFileSync(join(checkout, 'images', dockerfile), 'utf8'), buildingDockerfile, JSON.stringify(args)];
  return archivePath(tag, contextKey(checkout, others), env);
}

const sizeText = async (path: string): Promise<string> => `${Math.round((await stat(path)).size / 1e6)} MB`;

/** A Debian like that of the registries, and one that can build; both once, then from the cache. */
async function ensureDebian(building: ImageBuilding): Promise<void> {
  const { env, log } = building;
  const root = join(imageCache(env), `debian-${suite}.tar`);
  if (!existsSync(root)) {
    log(`debootstrap ${suite} (one or two minutes, once)`);
    await makeRoot(root, env);
  }
  const context = await mkdtemp(join(tmpdir(), 'nasoa-base-'));
  try {
    await copyFile(root, join(context, 'root.tar'));
    await copyFile(authorities, join(context, 'ca-certificates.crt'));
    for (const [tag, text] of [
      [debianImage, 'FROM scratch\nADD root.tar /\nCMD ["/bin/sh"]\n'],
      [buildingImage, buildingDockerfile],
    ] as const) {
      const dockerfile = join(context, 'Dockerfile');
      await writeFile(dockerfile, text);
      await buildImage({ tag, dockerfile, context }, building);
    }
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** What this machine trusts: a proxy between it and the registries may have an authority of its own. */
const authorities = '/etc/ssl/certs/ca-certificates.crt';

/** As node:24-bookworm: a current Node and npm, for Debian's are too old, with compiler and pip. */
const buildingDockerfile = `FROM ${debianImage}
RUN apt-get update \\
 && apt-get install -y --no-install-recommends ca-certificates g++ npm python3-pip util-linux \\
 && rm -rf /var/lib/apt/lists/*
COPY ca-certificates.crt ${authorities}
ENV NODE_EXTRA_CA_CERTS=${authorities}
RUN npm install --no-fund --no-audit --prefix /opt/tools node-linux-${arch()}@${nodeVersion()} npm@11 \\
 && ln -s /opt/tools/node_modules/node-linux-${arch()}/bin/node /usr/local/bin/node \\
 && ln -s /opt/tools/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
`;

/** The one that this checkout pins. */
function nodeVersion(): string {
  const { devDependencies } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
    readonly devDependencies: { readonly node: string };
  };
  return devDependencies.node;
}

// what the images of the registries lack as well
const leftOut = ['dev/*', 'var/cache/apt/*', 'var/lib/apt/lists/*', 'var/log/*', 'usr/share/doc/*', 'usr/share/man/*'];

async function makeRoot(target: string, env: NodeJS.ProcessEnv): Promise<void> {
  await mkdir(imageCache(env), { recursive: true });
  const part = join(imageCache(env), 'debian.part');
  await rm(part, { recursive: true, force: true });
  await must(hostProgram('debootstrap', env), ['--variant=minbase', suite, part], env);
  const excludes = [...leftOut, 'usr/share/info/*', 'usr/share/locale/*'].map((path) => `--exclude=./${path}`);
  await must(hostProgram('tar', env), ['-C', part, ...excludes, '-cf', `${target}.part`, '.'], env);
  await rename(`${target}.part`, target);
  await rm(part, { recursive: true, force: true });
}

/** The image that holds a pod's namespaces, one static program, as a file. */
export async function pauseArchive(building: ImageBuilding): Promise<string> {
  const { env } = building;
  const source = fileURLToPath(new URL('pause.c', import.meta.url));
  const key = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16);
  const path = archivePath(pauseImage, key, env);
  if (existsSync(path)) return path;
  requirePrograms(['gcc', 'buildah'], env);
  const context = await mkdtemp(join(tmpdir(), 'nasoa-pause-'));
  try {
    await must(hostProgram('gcc', env), ['-static', '-Os', '-s', '-o', join(context, 'pause'), source], env);
    const dockerfile = join(context, 'Dockerfile');
    await writeFile(dockerfile, 'FROM scratch\nCOPY pause /pause\nUSER 65535:65535\nENTRYPOINT ["/pause"]\n');
    await withImageStore(building, async () => {
      await buildImage({ tag: pauseImage, dockerfile, context }, building);
      await writeArchive(pauseImage, path, env);
    });
    return path;
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

if (isProgram(import.meta.url)) {
  try {
    const { values } = parseArgs({ options: { gpu: { type: 'boolean' } } });
    const log = (line: string): void => {
      process.stderr.write(`images: ${line}\n`);
    };
    const building: ImageBuilding = { env: process.env, log };
    if (values.gpu === true) process.stdout.write(`${recipes['trainer-gpu'].tag} ${await buildGpuTrainer(building)}\n`);
    else {
      const archives = await nasoaArchives(['operator', 'trainer'], building);
      for (const [tag, path] of Object.entries(archives)) process.stdout.write(`${tag} ${path}\n`);
    }
  } catch (error) {
    reportFailure(error);
  }
}
