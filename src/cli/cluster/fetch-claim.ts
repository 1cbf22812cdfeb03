/** An artifact out of a claim: a pod that mounts it writes it to its log, and is removed whatever happens. */
import { randomBytes } from 'node:crypto';
import { podWaits } from '../../controllers/waiting.ts';
import type { FineTuneTask } from '../../crds/fine-tune-task.ts';
import { labels } from '../../crds/group.ts';
import type { ClaimPlace } from '../../crds/storage.ts';
import type { Pod, PodSpec } from '../../crds/workloads.ts';
import { fieldManager } from '../../kube/apply.ts';
import { NotFound } from '../../kube/errors.ts';
import { listLabelled } from '../../kube/labelled.ts';
import { jobs, pathOf, pods } from '../../kube/resources.ts';
import { pause } from '../../kube/timers.ts';
import { InputError, RunError } from '../../lib/errors.ts';
import type { CommandContext } from '../context.ts';
import { type Cluster, patience } from './cluster.ts';
import { explained, sentence } from './explain.ts';
import { helperContainer, helperPod } from './helper-pod.ts';
import { readPacked, unpackInto } from './packing.ts';
import { podLog, podsOfTask, readPod } from './pods.ts';

export interface ClaimRequest {
  readonly task: FineTuneTask;
  readonly claim: Required<ClaimPlace>;
  /** Of the artifact, where it is known. */
  readonly bytes: number | undefined;
  readonly image: string | undefined;
  /** File that the packed artifact may take for a while. */
  readonly scratchFile: string;
  /** Folder to unpack into; it is there. */
  readonly folder: string;
}

type Context = Pick<CommandContext, 'reporter' | 'signal'>;

/** More than this is no matter for a log, which lies on the node's disk and goes through the API server. */
export const mostMegabytes = 512;
const mostBytes = mostMegabytes * 1e6;
const startSeconds = 300;
const pollSeconds = 1;
/** A log can be read again from its beginning. */
const readings = 3;

/** Throws InputError for an artifact that is too large, RunError where the pod does not do it. */
export async function fetchFromClaim(cluster: Cluster, request: ClaimRequest, context: Context): Promise<void> {
  const { bytes = 0, claim, scratchFile, folder } = request;
  if (bytes > mostBytes) throw tooLarge(claim);
  const pod = await createHelper(cluster, request);
  try {
    context.reporter.phase('starting a pod');
    await untilStarted(cluster, pod, context);
    context.reporter.phase('fetching');
    await readWhole(cluster, pod, { scratchFile, claim, bytes }, context);
  } finally {
    await removeHelper(cluster, pod);
  }
  await unpackInto(scratchFile, folder);
}

async function createHelper(cluster: Cluster, { task, claim, image }: ClaimRequest): Promise<Pod> {
  const { api, namespace } = cluster;
  const like = await trainerSpec(cluster, task, image);
  const suffix = randomBytes(3).toString('hex');
  const pod = helperPod({ task, claimName: claim.claimName, path: claim.path, like, image, suffix });
  const path = pathOf(pods, { namespace }, { fieldManager });
  // one attempt: a pod whose answer got lost would be nobody's
  return await explained(cluster, { kind: 'pod' }, () =>
    api.request<Pod>('POST', path, pod, { ...patience, attempts: 1 }),
  );
}

/** How pods of this task look: of its newest pod, or of a Job whose pods are gone. */
async function trainerSpec(cluster: Cluster, task: FineTuneTask, image: string | undefined): Promise<PodSpec> {
  const pod = (await podsOfTask(cluster, task)).at(-1);
  if (pod !== undefined) return pod.spec;
  const { api, namespace } = cluster;
  const wanted = { [labels.taskUid]: task.metadata.uid };
  const [job] = await explained(cluster, { kind: 'Job' }, () => listLabelled(api, jobs, namespace, wanted, patience));
  if (job !== undefined) return job.spec.template.spec;
  if (image !== undefined) return { containers: [], securityContext: { runAsUser: 65532 } };
  throw new InputError(
    `The pods and Jobs of the task "${task.metadata.name}" are gone, and with them the name of the trainer's image.`,
    'Name it with --image.',
  );
}

async function untilStarted(cluster: Cluster, { metadata }: Pod, { reporter, signal }: Context): Promise<void> {
  const { clock } = cluster.timers;
  const until = clock.nowSeconds() + startSeconds;
  let told = '';
  for (;;) {
    const pod = await readPod(cluster, metadata.name);
    if (pod === undefined) throw new RunError(`The pod "${metadata.name}" was deleted.`, 'Run the command again.');
    if (pod.status?.phase !== undefined && pod.status.phase !== 'Pending') return;
    const { reason, message } = podWaits(pod);
    const words = `${reason}: ${message}`;
    if (reason !== 'Starting' && words !== told) reporter.line(words);
    told = words;
    if (clock.nowSeconds() > until) {
      const message = `The pod "${metadata.name}" did not start within ${startSeconds} s: ${sentence(words)}`;
      throw new RunError(message, 'Mend what it waits for; --image names another image.');
    }
    await pause(cluster.timers, pollSeconds, signal);
    signal.throwIfAborted();
  }
}

interface Reading extends Pick<ClaimRequest, 'scratchFile' | 'claim'> {
  readonly bytes: number;
}

async function readWhole(cluster: Cluster, pod: Pod, reading: Reading, context: Context): Promise<void> {
  const { name } = pod.metadata;
  for (let turn = 1; ; turn++) {
    const words = await readOnce(cluster, name, reading, context);
    if (words === undefined) return;
    const ended = await readPod(cluster, name);
    if (ended?.status?.phase === 'Failed') throw packingFailed(name, words, ended);
    if (turn === readings) throw cutOff(name, reading.claim);
    await pause(cluster.timers, turn, context.signal);
    context.signal.throwIfAborted();
  }
}

/** Undefined where all of it came through, else the last that was said. */
async function readOnce(
  cluster: Cluster,
  name: string,
  { scratchFile, claim, bytes }: Reading,
  { reporter, signal }: Context,
): Promise<string | undefined> {
  const abort = new AbortController();
  const stop = (): void => abort.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener('abort', stop, { once: true });
  const total = bytes > 0 ? bytes : undefined;
  const onBytes = (done: number): void => {
    if (done > mostBytes) throw tooLarge(claim);
    const detail = `${(done / 1e6).toFixed(1)} MB`;
    reporter.progress({ phase: 'fetching', done: Math.min(done, total ?? done), total, detail });
  };
  try {
    const log = podLog(cluster, name, { container: helperContainer, follow: true, abort });
    const { whole, words } = await readPacked(log, scratchFile, onBytes);
    return whole ? undefined : words;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RunError) return error.message;
    throw error;
  } finally {
    abort.abort();
    signal.removeEventListener('abort', stop);
  }
}

/** Never fails: what is left is ended by its own deadline, and goes with the task. */
async function removeHelper({ api, namespace }: Cluster, { metadata }: Pod): Promise<void> {
  const { name, uid } = metadata;
  const body = { preconditions: { uid }, gracePeriodSeconds: 1 };
  try {
    await api.request('DELETE', pathOf(pods, { namespace, name }), body, patience);
  } catch (error) {
    if (!(error instanceof NotFound)) {
      process.emitWarning(
        `The pod "${name}" could not be removed; it ends by itself. Remove it by kubectl delete pod ${name}.`,
      );
    }
  }
}

function packingFailed(name: string, words: string, pod: Pod): RunError {
  const { exitCode, reason } = pod.status?.containerStatuses?.[0]?.state?.terminated ?? {};
  const why =
    words !== ''
      ? words
      : (pod.status?.message ?? `code ${exitCode ?? '?'}${reason === undefined ? '' : `, ${reason}`}`);
  return new RunError(
    `The pod "${name}" could not read the artifact: ${sentence(why.replace(/^error: /, ''))}`,
    'Check the claim, and that the image is the trainer of this version (--image names another).',
  );
}

const otherWay = ({ claimName, path }: ClaimPlace): string =>
  `Mount the claim "${claimName}" in a pod of your own and copy the folder "${path ?? ''}" with kubectl cp.`;

const cutOff = (name: string, claim: ClaimPlace): RunError =>
  new RunError(`The artifact did not come whole through the log of the pod "${name}".`, otherWay(claim));

const tooLarge = (claim: ClaimPlace): InputError =>
  new InputError(
    `The artifact is larger than the ${mostMegabytes} MB that can be fetched from a claim.`,
    otherWay(claim),
  );
