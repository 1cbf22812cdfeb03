/** The program of a training pod: one job from the environment, one last word, one exit code. */
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseTrainerJob } from '../../crds/trainer-codec.ts';
import { jobVariable, type TrainerJob, type TrainerMessage } from '../../crds/trainer-job.ts';
import type { Clock } from '../../lib/clock.ts';
import type { HttpsPost } from '../../server/https-post.ts';
import type { Log } from '../../server/logger.ts';
import type { Scheduler } from '../../server/scheduler.ts';
import { Interruption } from '../interruption.ts';
import { runCandidate } from './candidate-job.ts';
import { Activity, type PodContext, type PodProgress } from './context.ts';
import { during, exitCodeOf, failureMessage } from './failures.ts';
import { type LastWord, lastWord } from './last-word.ts';
import { openPlace } from './places.ts';
import { runPretraining } from './pretraining-job.ts';
import { runProfile } from './profile-job.ts';
import { progressReporter } from './reporter.ts';
import { runTraining } from './training-job.ts';

export interface TrainerOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly post: HttpsPost;
  readonly log: Log;
  /** Aborted by SIGTERM, with an Interruption. */
  readonly signal: AbortSignal;
  /** As `openPlace` unless given. */
  readonly openStore?: PodContext['openStore'];
  /** See `PodContext`; 300 unless given. */
  readonly measuringSeconds?: number;
}

export interface TrainerEnd {
  readonly message: TrainerMessage;
  readonly exitCode: number;
}

/** How long the last report is tried; less where the kubelet has begun to count. */
const [lastReportSeconds, interruptedReportSeconds] = [20, 5];

/** Never rejects: whatever happens becomes the termination message and an exit code. */
export async function runTrainer(o: TrainerOptions): Promise<TrainerEnd> {
  const word = lastWord(o.env, o.log);
  let job: TrainerJob;
  try {
    job = await during('job', () => parseTrainerJob(o.env[jobVariable]));
  } catch (error) {
    const message = failureMessage(error);
    o.log.error('The job cannot be read', { reason: message.reason, error: causeOf(error) });
    word.say(message);
    return { message, exitCode: exitCodeOf(message) };
  }
  const { namespace, name, uid } = job.task;
  const log = o.log.with({ traceId: job.traceId, role: job.kind, namespace, task: name, uid, attempt: job.attempt });
  return await runJob(job, { ...o, log }, word);
}

async function runJob(job: TrainerJob, o: TrainerOptions, word: LastWord): Promise<TrainerEnd> {
  const { clock, env, log } = o;
  const activity = new Activity(clock, job.spentSeconds);
  const reporter = progressReporter({ ...o, target: job.report });
  let latest: PodProgress = { step: 0, steps: 0 };
  const asReport = ({ preparing: _, ...progress }: PodProgress) => ({
    ...{ uid: job.task.uid, role: job.kind, attempt: job.attempt },
    ...progress,
    activeSeconds: Math.max(0, activity.seconds()),
  });
  const scratch = scratchOf(env);
  const context: PodContext = {
    ...{
      clock,
      log,
      activity,
      scratch,
      signal: o.signal,
      measuringSeconds: o.measuringSeconds ?? mostMeasuringSeconds,
    },
    env: { ...env, NASOA_CACHE_DIR: scratch },
    openStore: o.openStore ?? ((place, role) => openPlace(place, role, env)),
    report: (progress) => {
      latest = progress;
      reporter.report(asReport(progress));
    },
  };
  context.report(latest);
  const message = await carryOutJob(job, context);
  word.say(message);
  logEnd(log, message, activity.seconds());
  const seconds = message.kind === 'interrupted' ? interruptedReportSeconds : lastReportSeconds;
  await reporter.finish({ ...asReport(latest), message }, seconds);
  return { message, exitCode: exitCodeOf(message) };
}

async function carryOutJob(job: TrainerJob, context: PodContext): Promise<TrainerMessage> {
  const { activity, log } = context;
  try {
    if (job.kind === 'profile') return await runProfile(job, context);
    if (job.kind === 'training') return await runTraining(job, context);
    if (job.kind === 'candidate') return await runCandidate(job, context);
    return await runPretraining(job, context);
  } catch (error) {
    if (error instanceof Interruption) return { kind: 'interrupted', activeSeconds: activity.seconds(), step: 0 };
    log.error('The job failed', { error: causeOf(error) });
    return failureMessage(error, activity.seconds());
  }
}

/** The error itself, without the stage around it. */
const causeOf = (error: unknown): unknown => (error instanceof Error && error.name === 'Staged' ? error.cause : error);

function logEnd(log: Log, message: TrainerMessage, activeSeconds: number): void {
  // a failure was told with its cause
  if (message.kind === 'failure') return;
  log.info('The job has ended', { end: message.kind, activeSeconds, ...factsOf(message) });
}

function factsOf(message: TrainerMessage): Readonly<Record<string, unknown>> {
  if (message.kind === 'training') return { accuracy: message.result.accuracy, stopped: message.stopped };
  if (message.kind !== 'candidate' && message.kind !== 'pretraining') return {};
  const { accuracy, stepSeconds, encoding } = message;
  return { accuracy, stepSeconds, encoding };
}

/** Where a pod mounts the volume for what is not to be kept. */
const mountedScratch = '/scratch';
/** Large networks on slow nodes would measure for hours; the profile of a task measures anew anyway. */
const mostMeasuringSeconds = 300;

function scratchOf(env: NodeJS.ProcessEnv): string {
  const folder = env.NASOA_SCRATCH_DIR ?? (existsSync(mountedScratch) ? mountedScratch : join(tmpdir(), 'nasoa'));
  mkdirSync(folder, { recursive: true });
  return folder;
}
