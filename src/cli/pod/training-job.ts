/** Trains what was planned: goes on from the checkpoint of an earlier pod, and keeps one when it is told to end. */
import { createHash } from 'node:crypto';
import type { TrainerMessage, TrainingJob } from '../../crds/trainer-job.ts';
import { InputError } from '../../lib/errors.ts';
import { memberOf, type Zoo } from '../../nas/zoo.ts';
import { type Plan, usesCachedFeatures } from '../../planner/types.ts';
import { type Checkpoint, removeCheckpoint } from '../../train/checkpoint.ts';
import type { Dataset } from '../../train/dataset.ts';
import type { Replanned, TuneResult } from '../../train/result.ts';
import { checkData, dataOf, type RunDecision, readDecision, writeDecision } from '../local/decision.ts';
import { carryOut, type RunWatch } from '../local/run.ts';
import { openRun, type RunFolder, reachedIn } from '../local/run-folder.ts';
import { startWeights, taskNetwork } from '../local/start-weights.ts';
import type { PodContext, PodProgress } from './context.ts';
import { during } from './failures.ts';
import { inStepsOf, memoryBounds, smallerRegime } from './memory-plan.ts';
import { openPodZoo } from './open-zoo.ts';
import { type KeptProfile, openOutput, type PodOutput } from './output.ts';
import { maxDamagedShare, openPodData } from './places.ts';

/** Stands for the resolution of images that nobody measured: no picture is smaller than it is stored. */
const unknownResolution = 1e9;
const mostCurvePoints = 40;

export async function runTraining(job: TrainingJob, context: PodContext): Promise<TrainerMessage> {
  const output = await during('output', () => openOutput(job, context));
  const finished = await during('output', () => output.finished());
  // an earlier pod came to its end, but its last word was lost with it
  if (finished?.kind === 'training') return finished;
  const zoo = await during('zoo', () => openZooFor(job, context));
  const kept = await during('output', () => takeOver(job, output, context));
  const startedSeconds = context.activity.begin(Math.max(job.spentSeconds, kept.activeSeconds));
  const dataset = await during('data', () => openPodData(job.data, job.seed, context));
  try {
    if (kept.decision !== undefined) checkData(kept.decision, dataset);
    const decision = decisionNow(job, dataset, kept);
    const run = await during('output', () => openRunIn(output, decision, kept.checkpoint, startedSeconds, context));
    const { clock, env, signal } = context;
    const memory = memoryBounds(job.memoryPlan);
    const ended = await during('run', () =>
      carryOut(
        output.folder,
        { dataset, zoo, decision, run, checkpoint: kept.checkpoint, ...(memory === undefined ? {} : { memory }) },
        { clock, env, signal, watch: watchOf(decision, kept.checkpoint, context) },
      ),
    );
    if (ended.kind === 'interrupted') {
      await during('output', () => output.mirror.flush());
      return ended;
    }
    return await during('output', () => publish(ended.result, output, job));
  } finally {
    await dataset.close();
  }
}

/** Opens the zoo and sees to it that its member can be started from, before any time is spent. */
async function openZooFor(job: TrainingJob, context: PodContext): Promise<Zoo> {
  const others = job.replan?.runnersUp.map(({ member }) => member) ?? [];
  const zoo = await openPodZoo(job.zoo, context, [...new Set([job.plan.member, ...others])]);
  const { name, classes } = memberOf(zoo, job.plan.member);
  await startWeights(zoo, name, taskNetwork(memberOf(zoo, name), { classes }));
  return zoo;
}

interface Kept {
  readonly checkpoint: Checkpoint | undefined;
  readonly decision: RunDecision | undefined;
  readonly profile: KeptProfile | undefined;
  readonly activeSeconds: number;
}

/** What earlier pods of this task left. A checkpoint that is damaged or of another plan goes: the run begins anew. */
async function takeOver(job: TrainingJob, output: PodOutput, context: PodContext): Promise<Kept> {
  await output.restore();
  const profile = await output.readProfile();
  try {
    const decision = await readDecision(output.checkpoint);
    const { checkpoint, activeSeconds } = await reachedIn(output.checkpoint);
    if (checkpoint === undefined) return { checkpoint, decision: undefined, profile, activeSeconds };
    const usable = usableCheckpoint(checkpoint, decision, job);
    if (usable !== undefined) return { checkpoint: usable, decision, profile, activeSeconds };
    context.log.info('Began anew: the checkpoint is of another plan');
    await removeCheckpoint(output.checkpoint);
    return { checkpoint: undefined, decision: undefined, profile, activeSeconds };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    context.log.warn('Began anew: the checkpoint cannot be used', { error });
    await removeCheckpoint(output.checkpoint);
    return { checkpoint: undefined, decision: undefined, profile, activeSeconds: 0 };
  }
}

/** Which run of which task, and in steps of which batch its progress is counted. */
const runOf = ({ task, plan }: TrainingJob): string => {
  const { member, regime } = plan;
  return `${task.uid} ${createHash('sha256').update(JSON.stringify({ member, regime })).digest('hex').slice(0, 16)}`;
};
const idOf = (job: TrainingJob, batchSize: number): string => `${runOf(job)} ${batchSize}`;

/** The checkpoint in steps of this pod's batch; undefined where it is not of this run, or does not fit its memory. */
function usableCheckpoint(
  checkpoint: Checkpoint,
  decision: RunDecision | undefined,
  job: TrainingJob,
): Checkpoint | undefined {
  const at = checkpoint.decision.lastIndexOf(' ');
  const batchThen = Number(checkpoint.decision.slice(at + 1));
  if (checkpoint.decision.slice(0, at) !== runOf(job) || !(batchThen >= 1)) return undefined;
  const { batchSize } = smallerRegime(job.plan.regime, job.memoryPlan);
  if (batchSize === batchThen) return checkpoint;
  // it is of another choice than the job's, which alone is known how to make smaller
  if (decision?.replanned?.action === 'switched') return undefined;
  // with a smaller cache the frozen stages may have become part of the graph, and its variables others
  if (usesCachedFeatures(job.plan.regime)) return undefined;
  const progress = inStepsOf(checkpoint.progress, batchThen, batchSize);
  return { ...checkpoint, progress, decision: idOf(job, batchSize) };
}

/** A run that was re-planned goes on as it then was, as long as it has the memory for it. */
function decisionNow(job: TrainingJob, dataset: Dataset, { decision: kept, checkpoint, profile }: Kept): RunDecision {
  const decision = decisionOf(job, dataset, profile);
  const goesOn = checkpoint !== undefined && kept?.replanned !== undefined && kept.id === decision.id;
  return goesOn ? { ...kept, plan: { ...kept.plan, budgetSeconds: job.budgetSeconds } } : decision;
}

function decisionOf(job: TrainingJob, dataset: Dataset, profile: KeptProfile | undefined): RunDecision {
  const { seed, data, plan, replan, budgetSeconds, memoryPlan, spentSeconds } = job;
  const regime = smallerRegime(plan.regime, memoryPlan);
  const runnersUp = replan?.runnersUp.map((choice) => ({
    ...choice,
    regime: smallerRegime(choice.regime, memoryPlan),
  }));
  const profileSeconds = profile?.seconds ?? spentSeconds;
  return {
    version: 1,
    id: idOf(job, regime.batchSize),
    // all other candidates stay with the operator
    plan: { ...plan, regime, budgetSeconds, tradeOff: replan?.tradeOff ?? [], runnersUp: runnersUp ?? [], cloud: [] },
    ...(replan === undefined ? {} : { replans: true }),
    features: { resolution: profile?.features.resolution ?? unknownResolution },
    ...{ profileSeconds, planningSeconds: 0 },
    request: { seed, validationShare: data.validationShare, maxDamagedShare, zoo: undefined },
    data: dataOf(dataset),
  };
}

async function openRunIn(
  { checkpoint: folder, mirror }: PodOutput,
  decision: RunDecision,
  checkpoint: Checkpoint | undefined,
  startedSeconds: number,
  { clock }: PodContext,
): Promise<RunFolder> {
  const goesOn = checkpoint !== undefined;
  // with less memory it is another one than the checkpoint was kept with
  if (goesOn) await writeDecision(folder, decision);
  const run = await openRun({ folder, decision, goesOn, clock, startedSeconds });
  return {
    ...run,
    keep: async (next) => {
      await run.keep(next);
      mirror.push();
    },
  };
}

/** Only training counts steps; in all other phases the pod says that it is alive, and where it stands. */
function watchOf(decision: RunDecision, checkpoint: Checkpoint | undefined, { report }: PodContext): RunWatch {
  const { step, steps } = checkpoint?.progress ?? { step: 0, steps: decision.plan.regime.steps };
  let at: PodProgress = { step, steps };
  return {
    phase: () => report(at),
    progress: ({ phase, done, total, secondsLeft, accuracy }) => {
      if (phase === 'training') {
        at = {
          ...{ step: done, steps: total },
          ...(accuracy === undefined ? {} : { accuracy }),
          ...(secondsLeft === undefined ? {} : { secondsLeft }),
        };
      }
      report(at);
    },
  };
}

/** Results first, the last word after them, and only then the checkpoint goes: a kill between any two loses nothing. */
async function publish(result: TuneResult, output: PodOutput, { plan }: TrainingJob): Promise<TrainerMessage> {
  const { replanned } = result;
  // the choice that a run was switched to is told as it was carried out
  const { batchSize } = replanned?.action === 'switched' ? result.plan.regime : plan.regime;
  await output.mirror.flush();
  const artifact = await output.publish();
  const message: TrainerMessage = {
    kind: 'training',
    result: {
      accuracy: result.accuracy,
      top5Accuracy: result.top5,
      macroF1: result.macroF1,
      images: result.images,
      classes: result.classes,
      seconds: result.activeSeconds,
      // with less memory there were more steps of smaller batches
      steps: Math.round((result.steps * result.plan.regime.batchSize) / batchSize),
      ...(replanned === undefined ? {} : { replanned: toldOf(result.plan, replanned) }),
    },
    artifact,
    activeSeconds: result.activeSeconds,
    stopped: result.stopped,
    curve: result.curve
      .flatMap(({ seconds, accuracy }) => (accuracy === undefined ? [] : [{ seconds, accuracy }]))
      .slice(-mostCurvePoints),
  };
  await output.writeFinished(message);
  await output.removeCheckpoint();
  return message;
}

const actions = { annealed: 'Annealed', switched: 'Switched' } as const;

const toldOf = ({ member, regime, predicted }: Plan, { action, seconds, accuracy, expected }: Replanned) => ({
  ...{ action: actions[action], seconds, accuracy, low: expected.low, high: expected.high },
  ...(action === 'switched' ? { choice: { member, regime, predicted } } : {}),
});
