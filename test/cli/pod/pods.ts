import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Interruption } from '../../../src/cli/interruption.ts';
import type { PodContext } from '../../../src/cli/pod/context.ts';
import { runTrainer, type TrainerEnd } from '../../../src/cli/pod/trainer.ts';
import { parseTerminationMessage } from '../../../src/crds/trainer-codec.ts';
import type {
  CandidateJob,
  PretrainingJob,
  ProfileJob,
  TrainerJob,
  TrainerMessage,
  TrainerProgress,
  TrainingJob,
} from '../../../src/crds/trainer-job.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import type { Regime } from '../../../src/planner/types.ts';
import { silentLog } from '../../../src/server/logger.ts';
import { type Scheduler, systemScheduler } from '../../../src/server/scheduler.ts';
import { folderArtifacts } from '../../../src/store/folder-artifacts.ts';
import { smallRegime } from '../../support/small-run.ts';
import type { World } from '../../support/zoo.ts';

const uid = '1a2b3c4d-0000-4000-8000-000000000000';
export const ownFolder = 'flowers-1a2b3c4d';

const common = (world: World) =>
  ({
    task: { namespace: 'team-a', name: 'flowers', uid },
    attempt: 1,
    data: { place: { kind: 'folder', path: world.images }, format: 'folder', validationShare: 0.2 },
    output: {
      place: { kind: 'folder', path: join(world.folder, 'claim', 'results') },
      folder: ownFolder,
      claim: { claimName: 'results', path: 'results' },
    },
    zoo: { kind: 'folder', path: world.zoo },
    ...{ budgetSeconds: 120, spentSeconds: 0, seed: 1, memoryPlan: 0, traceId: uid.replaceAll('-', '') },
    report: {
      url: 'https://operator.invalid/progress/v1/namespaces/team-a/tasks/flowers',
      audience: 'nasoa.dev/progress',
      tokenPath: join(world.folder, 'token'),
      caPath: join(world.folder, 'ca.crt'),
    },
  }) as const;

export const aProfileJob = (world: World, over: Partial<ProfileJob> = {}): ProfileJob => ({
  kind: 'profile',
  ...common(world),
  ...over,
});

/** A regime that the machine of a test gets through in seconds; nothing of it is cached. */
export const podRegime = (over: Partial<Regime> = {}): Regime =>
  smallRegime({ inputSize: 32, batchSize: 16, steps: 40, augmentation: 'light', ...over });

export const aTrainingJob = (
  world: World,
  over: Partial<TrainingJob> = {},
  regime: Partial<Regime> = {},
): TrainingJob => ({
  kind: 'training',
  ...common(world),
  plan: {
    member: 'square',
    regime: podRegime(regime),
    predicted: { accuracy: 0.9, low: 0.8, high: 0.95, seconds: 20 },
    coverage: 0.8,
    confidence: 'Usual',
    nearest: [],
    reasons: [],
    predictor: { name: 'hedge', version: 1, experiences: 10 },
    ...{ candidates: 100, fitting: 50 },
  },
  ...over,
});

/** A job whose training lasts until somebody ends it. */
export const anEndlessJob = (world: World, over: Partial<TrainingJob> = {}): TrainingJob =>
  aTrainingJob(world, over, { steps: 200_000 });

/** A network that takes the proxy's images and trains within seconds. */
export const tinyEncoding = '0-_8_-2';

const ofZoo = (world: World, folder: string) =>
  ({
    ...common(world),
    output: { ...common(world).output, folder: `${zooFolder}/${folder}` },
  }) as const;

/** Below the output: what a ModelZoo calls its own. */
export const zooFolder = 'quick-5e6f7a8b';

export const aCandidateJob = (world: World, over: Partial<CandidateJob> = {}): CandidateJob => ({
  kind: 'candidate',
  ...ofZoo(world, `candidates/${over.candidate ?? 1}`),
  ...{ encoding: tinyEncoding, candidate: 1 },
  ...over,
});

/** Of the member with the number `id`. */
export const aPretrainingJob = (world: World, id: number, over: Partial<PretrainingJob> = {}): PretrainingJob => ({
  kind: 'pretraining',
  ...ofZoo(world, `members/${id}`),
  ...{ budgetSeconds: 1e8, member: `quick-${id}`, encoding: tinyEncoding, epochs: 6 },
  ...over,
});

/** S3 as far as stores go: a folder for each bucket. */
export const bucketsIn =
  (folder: string): PodContext['openStore'] =>
  async (place) =>
    folderArtifacts(place.kind === 'folder' ? place.path : join(folder, place.url.slice('s3://'.length)));

export interface PodEnd extends TrainerEnd {
  /** What the kubelet would read. */
  readonly termination: TrainerMessage;
  /** What the operator heard. */
  readonly reports: readonly TrainerProgress[];
}

export interface PodOptions {
  /** Sends SIGTERM once a report of such a state arrives. */
  readonly endOn?: (progress: TrainerProgress) => boolean;
  readonly openStore?: PodContext['openStore'];
  readonly scratch?: string;
  /** In place of the job. */
  readonly variable?: string | undefined;
}

/** The reporter's pauses pass fifty times as fast. */
const hurried: Scheduler = { after: (seconds, work) => systemScheduler.after(seconds / 50, work) };

let pods = 0;

/** Runs the program of a pod in this process, with an operator that takes every report. */
export async function runPod(world: World, job: TrainerJob, o: PodOptions = {}): Promise<PodEnd> {
  const controller = new AbortController();
  const reports: TrainerProgress[] = [];
  pods += 1;
  const termination = join(world.folder, `termination-log-${pods}`);
  const ended = await runTrainer({
    env: {
      ...world.env,
      NASOA_JOB: 'variable' in o ? o.variable : JSON.stringify(job),
      NASOA_TERMINATION_LOG: termination,
      NASOA_SCRATCH_DIR: o.scratch ?? join(world.folder, 'scratch'),
    },
    ...{ clock: systemClock, scheduler: hurried, log: silentLog, signal: controller.signal, measuringSeconds: 0.5 },
    post: async ({ body }) => {
      const progress: TrainerProgress = JSON.parse(String(body));
      reports.push(progress);
      if (o.endOn?.(progress) === true) controller.abort(new Interruption(143));
      return { status: 204, retryAfter: undefined, body: '' };
    },
    ...(o.openStore === undefined ? {} : { openStore: o.openStore }),
  });
  return { ...ended, reports, termination: parseTerminationMessage(readFileSync(termination, 'utf8')) };
}

/** Narrows a message; anything else is a failure of the test. */
export function asKind<K extends TrainerMessage['kind']>(
  message: TrainerMessage,
  kind: K,
): Extract<TrainerMessage, { readonly kind: K }> {
  if (message.kind !== kind) throw new Error(`not ${kind}: ${JSON.stringify(message)}`);
  // the comparison above says so, which the compiler cannot follow for a type parameter
  return message as Extract<TrainerMessage, { readonly kind: K }>;
}
