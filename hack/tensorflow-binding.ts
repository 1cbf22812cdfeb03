import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RunError } from '../src/lib/errors.ts';
import { tensorflowVersion } from './tensorflow-wheels.ts';
import { findTool, lastLines, run } from './tool.ts';

/** Where the parts of one binding lie. */
export interface BindingPlaces {
  /** Folder of TensorFlow's libraries and headers, kept in the cache. */
  readonly root: string;
  readonly nodeModules: string;
  /** SHA-256 of the wheel that the libraries came from. */
  readonly librarySha256: string;
}

const packageFolder = (nodeModules: string): string => join(nodeModules, '@tensorflow', 'tfjs-node-gpu');
const headersFolder = (nodeModules: string): string => join(nodeModules, 'node-api-headers', 'include');
/** Sets TensorFlow's log level as the binding is loaded. */
const quietLog = fileURLToPath(new URL('native/quiet-log.cc', import.meta.url));
const libraryFolder = (root: string): string => join(root, 'tensorflow');

/** Where tfjs-node-gpu looks for its binding. */
export const installedBinding = (nodeModules: string): string =>
  join(packageFolder(nodeModules), 'lib', 'napi-v8', 'tfjs_binding.node');

/** The compiled binding of exactly these sources, headers and libraries; whether it exists or not. */
export function cachedBinding(places: BindingPlaces): string {
  const hash = createHash('sha256');
  for (const folder of [join(packageFolder(places.nodeModules), 'binding'), headersFolder(places.nodeModules)]) {
    for (const name of list(folder)) hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
  }
  hash.update(
    compilerArguments(places, 'out')
      .filter((arg) => !arg.startsWith(places.nodeModules) && arg !== quietLog)
      .join('\0'),
  );
  hash.update(readFileSync(quietLog));
  hash.update(places.librarySha256);
  return join(places.root, 'binding', hash.digest('hex').slice(0, 16), 'tfjs_binding.node');
}

function list(folder: string): string[] {
  if (!existsSync(folder)) {
    throw new RunError(`${folder} is missing.`, 'Install the npm packages first: npm ci, or make setup.');
  }
  return readdirSync(folder).sort();
}

/** Whether tfjs-node-gpu has that binding. */
export function isInstalled(places: BindingPlaces): boolean {
  const [cached, installed] = [cachedBinding(places), installedBinding(places.nodeModules)];
  return existsSync(cached) && existsSync(installed) && readFileSync(cached).equals(readFileSync(installed));
}

/** Compiles the binding, unless the cache has it, and gives it to tfjs-node-gpu once it was seen to load. */
export async function installBinding(
  places: BindingPlaces,
  env: NodeJS.ProcessEnv,
  log: (line: string) => void,
): Promise<void> {
  const cached = cachedBinding(places);
  if (!existsSync(cached)) {
    log('compiling the binding of tfjs-node-gpu (about 20 s)');
    // the part lies at the top of the cache's folder, where the next set-up clears up after a killed one
    await viaPart(cached, places.root, (part) => compile(places, part, env));
  }
  const installed = installedBinding(places.nodeModules);
  await viaPart(installed, dirname(installed), async (part) => {
    await copyFile(cached, part);
    await proveLoads(part, env);
  });
}

/** Makes a file in `beside`, a folder of the same disk, and renames it to `path` when `make` is through. */
async function viaPart(path: string, beside: string, make: (part: string) => Promise<void>): Promise<void> {
  const part = join(beside, `.part-${randomUUID().slice(0, 8)}.node`);
  await mkdir(dirname(path), { recursive: true });
  try {
    await make(part);
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
}

/** The binding is N-API, so the headers of any Node serve. */
function compilerArguments({ root, nodeModules }: BindingPlaces, output: string): string[] {
  const sources = join(packageFolder(nodeModules), 'binding');
  return [
    ...['-O2', '-shared', '-fPIC', '-std=c++17', '-w', '-DNAPI_VERSION=8'],
    ...['-isystem', headersFolder(nodeModules), '-isystem', join(libraryFolder(root), 'include'), '-I', sources],
    ...list(sources)
      .filter((name) => name.endsWith('.cc'))
      .map((name) => join(sources, name)),
    quietLog,
    ...['-o', output, '-L', libraryFolder(root), '-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
    // TensorFlow logs as it is initialised: the binding, which sets the level, has to be initialised before it
    ...['-Xlinker', '-z', '-Xlinker', 'initfirst'],
    // through -Xlinker and not -Wl, which would split a path at its commas
    ...['-Xlinker', '-rpath', '-Xlinker', libraryFolder(root)],
  ];
}

async function compile(places: BindingPlaces, output: string, env: NodeJS.ProcessEnv): Promise<void> {
  const compiler = await run(findTool('g++', env), compilerArguments(places, output), { env });
  if (compiler.code !== 0) {
    throw new RunError(
      `g++ could not compile the binding of tfjs-node-gpu:\n${lastLines(compiler.stderr, 8)}`,
      'A C++17 compiler and its standard library are needed, on Debian: apt-get install g++.',
    );
  }
  await proveLoads(output, env);
}

/** Loads the binding in a process of its own. Throws RunError unless it reports the TensorFlow that is wanted. */
async function proveLoads(binding: string, env: NodeJS.ProcessEnv): Promise<void> {
  const script = 'process.stdout.write(String(require(process.argv[1]).TF_Version))';
  const node = await run(process.execPath, ['-e', script, binding], { env });
  if (node.code === 0 && node.stdout === tensorflowVersion) return;
  const why = node.code === 0 ? `it reports TensorFlow ${node.stdout}` : lastLines(node.stderr, 4);
  throw new RunError(
    `The binding of tfjs-node-gpu does not load: ${why}.`,
    'Remove other TensorFlow libraries from LD_LIBRARY_PATH, or delete the folder "tensorflow" of the cache and run this again.',
  );
}
