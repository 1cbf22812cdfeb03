/**
 * Builds the programs of a real cluster from Go modules into the user's cache, each once a version.
 *   node hack/cluster/binaries.ts [NAME...]   builds those that are missing (all of them by default) and prints their paths
 *   node hack/cluster/binaries.ts --tidy      completes go.mod and go.sum of each module after its version was changed
 * NASOA_KUBE_BIN names a folder of ready-made ones.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { arch } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { InputError, RunError } from '../../src/lib/errors.ts';
import { cacheDir } from '../../src/lib/user-dirs.ts';
import { withLock } from '../file-lock.ts';
import { isProgram, lastLines, reportFailure, run } from '../tool.ts';
import {
  type GoModule,
  goModules,
  moduleFolder,
  moduleOf,
  type ProgramName,
  programNames,
  versionOf,
} from './modules.ts';
import { hostProgram, isExecutable, must } from './programs.ts';

export interface Building {
  readonly env: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
}

/** Paths of the programs asked for. */
export type Binaries<N extends ProgramName> = Readonly<Record<N, string>>;

const partPrefix = '.part-';
const cacheRoot = (env: NodeJS.ProcessEnv): string => join(cacheDir(env), 'cluster');

/** Brings the programs about, from whatever state a killed build left. Fast where nothing is missing. */
export async function ensureBinaries<N extends ProgramName>(
  names: readonly N[],
  { env, log }: Building,
): Promise<Binaries<N>> {
  const missing = () => names.filter((name) => !isExecutable(binaryPath(name, env)));
  if (missing().length > 0) {
    const root = cacheRoot(env);
    const onWait = () => log('waiting for another build to finish');
    await withLock(`${root}.lock`, env, onWait, async () => {
      removeParts(root);
      // asked again under the lock: the other build may have done it all
      for (const name of missing()) await build(name, { env, log });
    });
  }
  return Object.fromEntries(names.map((name) => [name, binaryPath(name, env)])) as Binaries<N>;
}

/** Where a program is, or will be: the ready-made one where there is one. */
export function binaryPath(name: ProgramName, env: NodeJS.ProcessEnv): string {
  const readyMade = env['NASOA_KUBE_BIN'];
  if (readyMade !== undefined && readyMade !== '') {
    const path = join(readyMade, name);
    if (isExecutable(path)) return path;
  }
  const module = moduleOf(name);
  return join(cacheRoot(env), `${module.name}-${versionOf(module)}-${moduleKey(module)}`, name);
}

/** Changes with anything the build depends on but the compiler, whose version does not change what a program does. */
function moduleKey(module: GoModule): string {
  const hash = createHash('sha256').update(`${arch()}\0${linkerFlags(module)}\0`);
  for (const file of ['go.mod', 'go.sum']) {
    const path = join(moduleFolder(module), file);
    if (existsSync(path)) hash.update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 12);
}

function linkerFlags(module: GoModule): string {
  const variables = Object.entries(module.variables?.(versionOf(module)) ?? {});
  return ['-s', '-w', ...variables.map(([name, value]) => `-X ${name}=${value}`)].join(' ');
}

function removeParts(root: string): void {
  for (const name of existsSync(root) ? readdirSync(root) : []) {
    if (name.startsWith(partPrefix)) rmSync(join(root, name), { force: true });
  }
}

/** Compiles beside its place and renames it there; what the compiler has done before a kill stays in its own cache. */
async function build(name: ProgramName, { env, log }: Building): Promise<void> {
  const module = moduleOf(name);
  const folder = moduleFolder(module);
  if (!existsSync(join(folder, 'go.sum'))) {
    throw new RunError(
      `hack/cluster/modules/${module.name}/go.sum is missing.`,
      'Complete it: node hack/cluster/binaries.ts --tidy',
    );
  }
  const target = binaryPath(name, env);
  const part = join(cacheRoot(env), `${partPrefix}${randomUUID().slice(0, 8)}`);
  await mkdir(join(target, '..'), { recursive: true });
  log(`building ${name} ${versionOf(module)} (up to ${module.minutes} min for all of ${module.name})`);
  const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false', `-ldflags=${linkerFlags(module)}`];
  const source = module.programs[name] ?? '';
  const go = await run(hostProgram('go', env), ['build', '-C', folder, ...flags, '-o', part, source], {
    env: { ...env, GOWORK: 'off' },
  });
  if (go.code !== 0) {
    throw new RunError(
      `go could not build ${name}:\n${lastLines(go.stderr, 12)}`,
      'Check the network and the module proxy that Go uses (go env GOPROXY), then run this again: it goes on where it was.',
    );
  }
  await rename(part, target);
}

/** Completes go.mod and go.sum; only needed after a version was changed. */
async function tidy(modules: readonly GoModule[], { env, log }: Building): Promise<void> {
  for (const module of modules) {
    log(`go mod tidy: ${module.name} ${versionOf(module)}`);
    const args = ['-C', moduleFolder(module), 'mod', 'tidy'];
    await must(hostProgram('go', env), args, { ...env, GOWORK: 'off' });
  }
}

function readNames(words: readonly string[]): readonly ProgramName[] {
  return words.map((word) => {
    const name = programNames.find((known) => known === word);
    if (name === undefined) {
      throw new InputError(`There is no program "${word}".`, `There are: ${programNames.join(', ')}.`);
    }
    return name;
  });
}

if (isProgram(import.meta.url)) {
  const building: Building = { env: process.env, log: (line) => process.stderr.write(`cluster: ${line}\n`) };
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { tidy: { type: 'boolean' } } });
    const names = readNames(positionals);
    if (values.tidy === true) {
      const wanted = new Set(names.map((name) => moduleOf(name).name));
      await tidy(
        goModules.filter(({ name }) => wanted.size === 0 || wanted.has(name)),
        building,
      );
    } else {
      const binaries = await ensureBinaries(names.length === 0 ? programNames : names, building);
      for (const path of Object.values(binaries)) process.stdout.write(`${path}\n`);
    }
  } catch (error) {
    reportFailure(error);
  }
}
