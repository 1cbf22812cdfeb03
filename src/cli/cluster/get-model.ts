/** Brings the artifact of a finished task to this machine: whole, or not at all. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { FineTuneTask } from '../../crds/fine-tune-task.ts';
import type { Artifact } from '../../crds/storage.ts';
import { hasCode, InputError, RunError } from '../../lib/errors.ts';
import { filesBelow } from '../../store/folder-files.ts';
import type { S3Reference } from '../../store/open-artifacts.ts';
import { outputNames } from '../../train/result.ts';
import type { CommandContext } from '../context.ts';
import type { Cluster } from './cluster.ts';
import { fetchFromClaim } from './fetch-claim.ts';
import { environmentOfSecret, fetchFromS3 } from './fetch-s3.ts';
import { readTask } from './tasks.ts';
import { failureOf } from './wait.ts';

export interface GetModelRequest {
  readonly name: string;
  /** Folder to make. */
  readonly out: string;
  /** Use the keys of the task's Secret in place of one's own. */
  readonly fromSecret: boolean;
  /** Of S3, where it has another address from here. */
  readonly endpoint: string | undefined;
  /** Of the helper pod, in place of the trainer's. */
  readonly image: string | undefined;
}

export interface FetchedModel {
  readonly out: string;
  readonly files: number;
  readonly bytes: number;
  readonly accuracy: number | undefined;
}

/** Throws InputError and RunError; rejects with the signal's reason where that comes first. */
export async function getModel(
  cluster: Cluster,
  request: GetModelRequest,
  context: CommandContext,
): Promise<FetchedModel> {
  const { out } = request;
  await requireFree(out);
  const task = await readTask(cluster, request.name);
  const artifact = artifactOf(task);
  const beside = `${resolve(out)}.${randomBytes(4).toString('hex')}.part`;
  const scratchFile = `${beside}.tar.gz`;
  try {
    await mkdir(beside, { recursive: true });
    await abortable(
      context.signal,
      fetchArtifact(cluster, { task, artifact, folder: beside, scratchFile }, request, context),
    );
    const files = await filesBelow(beside);
    if (!files.some(({ path }) => path === outputNames.result)) throw incomplete(task);
    await mkdir(dirname(resolve(out)), { recursive: true });
    await rename(beside, resolve(out));
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    return { out, files: files.length, bytes, accuracy: task.status?.result?.accuracy };
  } finally {
    await rm(beside, { recursive: true, force: true });
    await rm(scratchFile, { force: true });
  }
}

interface Fetch {
  readonly task: FineTuneTask;
  readonly artifact: Artifact;
  readonly folder: string;
  readonly scratchFile: string;
}

async function fetchArtifact(
  cluster: Cluster,
  fetch: Fetch,
  request: GetModelRequest,
  context: CommandContext,
): Promise<void> {
  const { task, artifact, folder, scratchFile } = fetch;
  const { claim, bytes } = artifact;
  const { image } = request;
  if (claim !== undefined)
    return await fetchFromClaim(cluster, { ...{ task, claim, bytes, image, scratchFile, folder } }, context);
  const { s3 } = task.spec.output;
  const env =
    request.fromSecret && s3 !== undefined
      ? await environmentOfSecret(cluster, s3.secretName, context.env)
      : context.env;
  const endpoint = request.endpoint ?? s3?.endpoint;
  const place: S3Reference = {
    url: artifact.url,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(s3?.region === undefined ? {} : { region: s3.region }),
  };
  context.reporter.phase('fetching');
  await fetchFromS3(place, folder, { ...context, env });
}

function artifactOf(task: FineTuneTask): Artifact {
  const { metadata, status = {} } = task;
  if (status.artifact !== undefined) return status.artifact;
  if (status.phase === 'Failed') throw failureOf(task);
  throw new RunError(
    `The task "${metadata.name}" has no model yet: it is ${status.phase ?? 'Pending'}.`,
    `Wait for it with "nasoa status ${metadata.name} --watch".`,
  );
}

/** Throws InputError unless the folder is empty or not there. */
async function requireFree(out: string): Promise<void> {
  const remedy = 'Give --out the path of a folder that is empty or does not exist.';
  try {
    if (!(await stat(out)).isDirectory()) throw new InputError(`The output folder "${out}" is a file.`, remedy);
    if ((await readdir(out)).length > 0) throw new InputError(`The output folder "${out}" is not empty.`, remedy);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}

const incomplete = ({ metadata }: FineTuneTask): RunError =>
  new RunError(
    `The artifact of the task "${metadata.name}" has no ${join('.', outputNames.result)}: it is not complete.`,
    'Was it changed after the task finished? The task does not make it again; submit a new one.',
  );

/**
 * Rejects with the signal's reason as soon as the work has noticed it, or some seconds later: a download that hangs must
 * not hold the command, and a helper pod is to be removed first.
 */
async function abortable<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const graceMilliseconds = 5000;
  return await new Promise((resolveWork, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      timer = setTimeout(() => reject(signal.reason), graceMilliseconds);
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work
      .then(resolveWork, (error: unknown) => reject(signal.aborted ? signal.reason : error))
      .finally(() => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
      });
  });
}
