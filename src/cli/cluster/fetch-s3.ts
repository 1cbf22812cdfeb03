/** An artifact out of S3, with the user's keys or with those of the task's Secret. */
import { join } from 'node:path';
import type { Secret } from '../../crds/kubernetes.ts';
import { pathOf, secrets } from '../../kube/resources.ts';
import { RunError } from '../../lib/errors.ts';
import { inParallel } from '../../store/in-parallel.ts';
import { openArtifacts, type S3Reference } from '../../store/open-artifacts.ts';
import { outputNames } from '../../train/result.ts';
import type { CommandContext } from '../context.ts';
import { type Cluster, patience } from './cluster.ts';
import { explained } from './explain.ts';

const filesAtOnce = 4;
const keyNames = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'] as const;

/** The environment with the keys of a Secret in place of one's own. Throws where it may not be read, or lacks them. */
export async function environmentOfSecret(
  cluster: Cluster,
  name: string,
  env: NodeJS.ProcessEnv,
): Promise<NodeJS.ProcessEnv> {
  const { api, namespace } = cluster;
  const subject = {
    kind: 'Secret',
    name,
    missing: 'Leave --from-secret out and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
  };
  const { data = {} } = await explained(cluster, subject, () =>
    api.request<Secret>('GET', pathOf(secrets, { namespace, name }), undefined, patience),
  );
  const keys = keyNames.map((key) => {
    const value = data[key];
    return [key, value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8')] as const;
  });
  if (keys[0]?.[1] === undefined || keys[1]?.[1] === undefined) {
    throw new RunError(`The Secret "${name}" lacks AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY.`, 'Add them to it.');
  }
  // a session token of other keys must not stay
  return { ...env, ...Object.fromEntries(keys) };
}

/** Copies all but a checkpoint into `folder`. Throws InputError and RunError as the store does. */
export async function fetchFromS3(
  place: S3Reference,
  folder: string,
  { env, reporter, signal }: Pick<CommandContext, 'env' | 'reporter' | 'signal'>,
): Promise<void> {
  const store = await openArtifacts({ s3: place }, env);
  const objects = (await store.list('')).filter(({ key }) => !key.startsWith(`${outputNames.checkpoint}/`));
  if (objects.length === 0) {
    throw new RunError(
      `There is nothing at ${place.url} any more.`,
      'Was it removed or moved? The task does not know.',
    );
  }
  const total = objects.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  await inParallel(objects, filesAtOnce, async ({ key, bytes }) => {
    signal.throwIfAborted();
    await store.fetch(key, join(folder, key));
    done += bytes;
    reporter.progress({ phase: 'fetching', done, total, detail: `${(done / 1e6).toFixed(1)} MB` });
  });
}
