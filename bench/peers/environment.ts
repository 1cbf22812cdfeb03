import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { hasCode, RunError } from '../../src/lib/errors.ts';
import { cacheDir } from '../../src/lib/user-dirs.ts';

/** Environments of their own: a change of one list leaves what the others installed as it is. */
const lists = {
  step: { files: ['requirements.txt'], named: ['torch'], size: 'about 2.5 GB to download, 4.5 GB on disk' },
  search: { files: ['requirements-search.txt'], named: ['pymoo'], size: 'about 60 MB to download, 250 MB on disk' },
  planner: {
    files: ['requirements.txt', 'requirements-planner.txt'],
    named: ['hpbandster', 'smac', 'optuna', 'quicktunetool'],
    size: 'about 2.7 GB to download, 5 GB on disk',
  },
} as const;
type List = keyof typeof lists;
/** What of them there is as source alone; it is built with the setuptools of the first list. */
const builtHere = ['hpbandster', 'pynisher', 'quicktunetool', 'smac'] as const;
const oldestPython = [3, 11] as const;
const newestPython = [3, 14] as const;
const run = promisify(execFile);

/** The peers' Python with everything of a list of requirements. */
export interface PeerEnvironment<L extends List = 'step'> {
  /** Path of the interpreter. */
  readonly python: string;
  readonly versions: Readonly<Record<(typeof lists)[L]['named'][number] | 'python', string>>;
}

export interface PeerEnvironmentOptions {
  /** Told what takes long. */
  readonly log?: (line: string) => void;
  /** The Python that the environment is made with; `NASOA_PYTHON`, else `python3`. */
  readonly basePython?: string;
}

/**
 * Makes the peers' virtual environment in the user's cache, once for each list of requirements and Python version.
 * It is made beside its place and renamed, so a killed set-up leaves nothing that a later run would take for whole.
 * Throws RunError where Python, its venv module or the packages cannot be had.
 */
export async function peerEnvironment(options: PeerEnvironmentOptions = {}): Promise<PeerEnvironment> {
  return await environmentOf('step', options);
}

/** The same for pymoo, whose environment is a small one. */
export async function searchEnvironment(options: PeerEnvironmentOptions = {}): Promise<PeerEnvironment<'search'>> {
  return await environmentOf('search', options);
}

/** The same for the peers of the planner. */
export async function plannerEnvironment(options: PeerEnvironmentOptions = {}): Promise<PeerEnvironment<'planner'>> {
  return await environmentOf('planner', options);
}

async function environmentOf<L extends List>(list: L, options: PeerEnvironmentOptions): Promise<PeerEnvironment<L>> {
  const base = options.basePython ?? process.env.NASOA_PYTHON ?? 'python3';
  const version = await pythonVersion(base);
  const hash = createHash('sha256');
  for (const file of filesOf(list)) hash.update(await readFile(file));
  const folder = join(cacheDir(), 'peers', `${version}-${hash.digest('hex').slice(0, 12)}`);
  if (!(await exists(join(folder, 'complete')))) await install(base, folder, list, options.log ?? (() => undefined));
  const python = join(folder, 'bin', 'python');
  const { named } = lists[list];
  const script =
    'import importlib.metadata as m, json, sys; print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))';
  const { stdout } = await run(python, ['-c', script, ...named]);
  return { python, versions: { ...JSON.parse(stdout), python: version } };
}

const filesOf = (list: List): readonly string[] =>
  lists[list].files.map((file) => fileURLToPath(new URL(file, import.meta.url)));

/** Throws RunError where g++ is missing: torch.compile on the CPU compiles C++. */
export async function requireCompiler(): Promise<void> {
  try {
    await run('g++', ['--version']);
  } catch (cause) {
    const remedy = 'Install it, on Debian with: apt-get install g++.';
    throw new RunError('The C++ compiler g++, which torch.compile needs, cannot be run.', remedy, { cause });
  }
}

async function pythonVersion(base: string): Promise<string> {
  const remedy =
    'Install Python 3.11 to 3.14 (on Debian: apt-get install python3 python3-venv), or name one in NASOA_PYTHON.';
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new RunError(`The peers are pinned for Linux on x86-64, not ${process.platform}-${process.arch}.`, remedy);
  }
  let version: string;
  try {
    version = (await run(base, ['-c', 'import platform; print(platform.python_version())'])).stdout.trim();
  } catch (cause) {
    throw new RunError(`The Python of the peers, "${base}", cannot be run.`, remedy, { cause });
  }
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major !== 3 || minor < oldestPython[1] || minor > newestPython[1]) {
    throw new RunError(`The peers are pinned for Python 3.11 to 3.14, and "${base}" is ${version}.`, remedy);
  }
  return version;
}

async function install(base: string, folder: string, list: List, log: (line: string) => void): Promise<void> {
  const beside = `${folder}.${process.pid}.part`;
  await mkdir(join(folder, '..'), { recursive: true });
  try {
    log(`Making the peers' Python environment in ${folder}: ${lists[list].size}.`);
    await runLogged(
      base,
      ['-m', 'venv', beside],
      'Install the venv module, on Debian with: apt-get install python3-venv.',
    );
    const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-deps', '--require-hashes'];
    const sources = ['--only-binary=:all:', `--no-binary=${builtHere.join()}`, '--no-build-isolation'];
    for (const file of filesOf(list)) {
      await runLogged(
        join(beside, 'bin', 'python'),
        [...pip, ...sources, '--requirement', file],
        'Check that pip reaches its package index and that 10 GB of disk are free, then run the same command again.',
      );
    }
    await writeFile(join(beside, 'complete'), '');
    await moveInto(beside, folder);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

/** Another run may have finished the same environment meanwhile; what lies there without its mark is a leftover. */
async function moveInto(beside: string, folder: string): Promise<void> {
  try {
    await rename(beside, folder);
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY') && !hasCode(error, 'EEXIST')) throw error;
    if (await exists(join(folder, 'complete'))) return;
    await rm(folder, { recursive: true, force: true });
    await rename(beside, folder);
  }
}

/** Runs with the child's output on our stderr. */
async function runLogged(command: string, args: readonly string[], remedy: string): Promise<void> {
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 2, 2] });
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new RunError(`"${command} ${args.slice(0, 3).join(' ')} ..." failed.`, remedy);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
