import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RunError } from '../src/lib/errors.ts';
import { tensorflowVersion } from './tensorflow-wheels.ts';
import { findTool, lastLines, run } from './tool.ts';

/** Where the parts of the native modules lie. */
export interface NativePlaces {
  /** Folder of TensorFlow's libraries and headers, kept in the cache. */
  readonly root: string;
  readonly nodeModules: string;
  /** SHA-256 of the wheel that the libraries came from. */
  readonly librarySha256: string;
}

/** One module that is compiled against TensorFlow's libraries and loaded by Node. */
export interface NativeModule {
  /** Name of the compiled file. */
  readonly file: string;
  readonly what: string;
  readonly seconds: number;
  /** Folders whose files it is compiled from. */
  readonly sources: (places: NativePlaces) => readonly string[];
  readonly options: readonly string[];
  /** JavaScript over the loaded module `m`: what tells that it is the right one. */
  readonly proof: string;
  readonly proves: string;
}

const ownFolder = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const packageFolder = (nodeModules: string): string => join(nodeModules, '@tensorflow', 'tfjs-node-gpu');
const headersFolder = (nodeModules: string): string => join(nodeModules, 'node-api-headers', 'include');
const libraryFolder = (root: string): string => join(root, 'tensorflow');

/** In the order in which they are loaded. */
export const nativeModules: readonly NativeModule[] = [
  {
    file: 'tfjs_binding.node',
    what: 'the binding of tfjs-node-gpu',
    seconds: 20,
    // quiet-log.cc sets TensorFlow's log level as the binding is loaded
    sources: ({ nodeModules }) => [join(packageFolder(nodeModules), 'binding'), ownFolder('native')],
    // TensorFlow logs as it is initialised: the binding, which sets the level, has to be initialised before it
    options: ['-O2', '-Xlinker', '-z', '-Xlinker', 'initfirst'],
    proof: 'm.TF_Version',
    proves: tensorflowVersion,
  },
  {
    file: 'nasoa_kernels.node',
    what: "nasoa's own training kernels",
    seconds: 20,
    sources: () => [ownFolder('../src/graph/native')],
    // the alignment with which TensorFlow itself was built; -std=c++17 alone would not contract to fused multiply-adds
    options: ['-O3', '-DEIGEN_MAX_ALIGN_BYTES=64', '-ffp-contract=fast'],
    proof: 'typeof m.batchNorm + typeof m.wideDepthwiseGradient',
    proves: 'booleanboolean',
  },
];

/** Where tfjs-node-gpu looks for its binding, and `graph/session.ts` for the kernels. */
export const installedModule = (nodeModules: string, { file }: NativeModule): string =>
  join(packageFolder(nodeModules), 'lib', 'napi-v8', file);

/** The module compiled from exactly these sources, headers and libraries; whether it exists or not. */
export function cachedModule(places: NativePlaces, module: NativeModule): string {
  const hash = createHash('sha256');
  const folders = [...module.sources(places), headersFolder(places.nodeModules)];
  for (const folder of folders) {
    for (const name of list(folder)) hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
  }
  // the checkout's own place does not matter, that of the libraries does: it is compiled in
  const settings = compilerArguments(places, module, 'out').filter(
    (arg) => !folders.some((folder) => arg.startsWith(folder)),
  );
  hash.update(settings.join('\0')).update(places.librarySha256);
  return join(places.root, 'binding', hash.digest('hex').slice(0, 16), module.file);
}

function list(folder: string): string[] {
  if (!existsSync(folder)) {
    throw new RunError(`${folder} is missing.`, 'Install the npm packages first: npm ci, or make setup.');
  }
  return readdirSync(folder).sort();
}

/** Whether the packages have that module. */
export function isInstalled(places: NativePlaces, module: NativeModule): boolean {
  const [cached, installed] = [cachedModule(places, module), installedModule(places.nodeModules, module)];
  return existsSync(cached) && existsSync(installed) && readFileSync(cached).equals(readFileSync(installed));
}

/** Compiles the module, unless the cache has it, and puts it into its place once it was seen to load. */
export async function installModule(
  places: NativePlaces,
  module: NativeModule,
  env: NodeJS.ProcessEnv,
  log: (line: string) => void,
): Promise<void> {
  const cached = cachedModule(places, module);
  if (!existsSync(cached)) {
    log(`compiling ${module.what} (about ${module.seconds} s)`);
    // the part lies at the top of the cache's folder, where the next set-up clears up after a killed one
    await viaPart(cached, places.root, (part) => compile(places, module, part, env));
  }
  const installed = installedModule(places.nodeModules, module);
  await viaPart(installed, dirname(installed), async (part) => {
    await copyFile(cached, part);
    await proveLoads(module, part, env);
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

/** The modules are N-API, so the headers of any Node serve. */
function compilerArguments(places: NativePlaces, module: NativeModule, output: string): string[] {
  const { root, nodeModules } = places;
  const [first = ''] = module.sources(places);
  return [
    ...['-shared', '-fPIC', '-std=c++17', '-w', '-DNAPI_VERSION=8', '-DNODE_GYP_MODULE_NAME=nasoa'],
    ...['-isystem', headersFolder(nodeModules), '-isystem', join(libraryFolder(root), 'include'), '-I', first],
    ...module
      .sources(places)
      .flatMap((folder) => list(folder).map((name) => join(folder, name)))
      .filter((path) => path.endsWith('.cc')),
    ...['-o', output, '-L', libraryFolder(root), '-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
    ...module.options,
    // through -Xlinker and not -Wl, which would split a path at its commas
    ...['-Xlinker', '-rpath', '-Xlinker', libraryFolder(root)],
  ];
}

async function compile(
  places: NativePlaces,
  module: NativeModule,
  output: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const compiler = await run(findTool('g++', env), compilerArguments(places, module, output), { env });
  if (compiler.code !== 0) {
    throw new RunError(
      `g++ could not compile ${module.what}:\n${lastLines(compiler.stderr, 8)}`,
      'A C++17 compiler and its standard library are needed, on Debian: apt-get install g++.',
    );
  }
  await proveLoads(module, output, env);
}

/** Loads the module in a process of its own. Throws RunError unless it shows itself to be the one that is wanted. */
async function proveLoads({ what, proof, proves }: NativeModule, file: string, env: NodeJS.ProcessEnv): Promise<void> {
  const script = `const m = require(process.argv[1]); process.stdout.write(String(${proof}))`;
  const node = await run(process.execPath, ['-e', script, file], { env });
  if (node.code === 0 && node.stdout === proves) return;
  const why = node.code === 0 ? `it says "${node.stdout}" and not "${proves}"` : lastLines(node.stderr, 4);
  throw new RunError(
    `${what[0]?.toUpperCase()}${what.slice(1)} cannot be loaded: ${why}.`,
    'Remove other TensorFlow libraries from LD_LIBRARY_PATH, or delete the folder "tensorflow" of the cache and run this again.',
  );
}
