import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { formatDuration } from '../../lib/duration.ts';
import { InputError, RunError } from '../../lib/errors.ts';
import { memberOf, type Zoo } from '../../nas/zoo.ts';
import { trainingSide } from '../../train/augment.ts';
import type { Checkpoint } from '../../train/checkpoint.ts';
import type { Dataset } from '../../train/dataset.ts';
import { type FineTuned, fineTune } from '../../train/fine-tune.ts';
import { decodeAll, type ImageStore } from '../../train/image-cache.ts';
import { outputNames, type TuneResult } from '../../train/result.ts';
import type { CommandContext } from '../context.ts';
import { withOwnExperience } from '../experience-records.ts';
import { Interruption } from '../interruption.ts';
import type { PlanOutcome, TuneOutcome, TuneRequest } from '../requests.ts';
import { checkData, type Decision, dataOf, readDecision } from './decision.ts';
import { experienceOf, writeOutputs } from './outputs.ts';
import { openImages, openZoo, outcomeOf, planHere, scratchFolder, workersHere } from './planning.ts';
import { openRun, type RunFolder, reachedIn } from './run-folder.ts';
import { startWeights, taskNetwork } from './start-weights.ts';
import { visitedImages } from './visited-images.ts';

/** Evaluations during a run; few, because each costs time that could train. */
export const evaluations = 4;
/** How much longer than planned a run may become when the machine turns out faster. */
export const stretch = 1.5;
/** What follows the training may take the larger of these; most of it is the last evaluation. */
const [lastSeconds, lastShare, evaluationPart] = [15, 0.1, 0.7];

/** A run's parts once everything before decoding is done. */
interface Prepared {
  readonly dataset: Dataset;
  readonly zoo: Zoo;
  readonly decision: Decision;
  readonly run: RunFolder;
  readonly checkpoint: Checkpoint | undefined;
}

/**
 * Profiles, plans, trains, evaluates and writes everything into `request.out`; nothing is made there before the data
 * set was accepted. `onPlan` hears of the plan before training begins. When the context's signal is aborted the run
 * keeps a checkpoint and comes back as `interrupted`.
 */
export async function tuneLocally(
  asked: TuneRequest,
  context: CommandContext,
  onPlan: (outcome: PlanOutcome) => void,
): Promise<TuneOutcome> {
  const { clock, reporter } = context;
  const folder = join(asked.out, outputNames.checkpoint);
  const saved = asked.resume ? await readDecision(folder) : undefined;
  const request = saved ? { ...asked, ...saved.request } : asked;
  const used = asked.resume ? await reachedIn(folder) : { activeSeconds: 0, checkpoint: undefined };
  const startedSeconds = clock.nowSeconds() - used.activeSeconds;
  reporter.phase('reading images');
  const dataset = await openImages(request, context);
  try {
    const { decision, zoo } = saved
      ? await goOn(saved, request, dataset, context, onPlan)
      : await decide(request, dataset, startedSeconds, context, onPlan);
    const { checkpoint } = used;
    if (checkpoint && checkpoint.decision !== decision.id) throw foreignCheckpoint(folder);
    const run = await openRun({ folder, decision, goesOn: saved !== undefined, clock, startedSeconds });
    return await runDecided(request, { dataset, zoo, decision, run, checkpoint }, context);
  } finally {
    await dataset.close();
  }
}

const foreignCheckpoint = (folder: string): InputError =>
  new InputError(`The checkpoint in ${folder} belongs to another run.`, 'Begin anew with another --out.');

async function decide(
  request: TuneRequest,
  dataset: Dataset,
  startedSeconds: number,
  context: CommandContext,
  onPlan: (outcome: PlanOutcome) => void,
): Promise<{ decision: Decision; zoo: Zoo }> {
  const planned = await planHere(request, dataset, startedSeconds, context);
  context.signal.throwIfAborted();
  onPlan(outcomeOf(planned));
  const { plan, features, profileSeconds, planningSeconds, zoo } = planned;
  const { seed, validationShare, maxDamagedShare } = request;
  // the command that goes on may be given from another folder
  const from = request.zoo === undefined ? undefined : resolve(request.zoo);
  const decision: Decision = {
    ...{ version: 1, id: randomUUID(), plan, features, profileSeconds, planningSeconds },
    request: { seed, validationShare, maxDamagedShare, zoo: from },
    data: dataOf(dataset),
  };
  return { decision, zoo };
}

async function goOn(
  decision: Decision,
  request: TuneRequest,
  dataset: Dataset,
  context: CommandContext,
  onPlan: (outcome: PlanOutcome) => void,
): Promise<{ decision: Decision; zoo: Zoo }> {
  checkData(decision, dataset);
  const zoo = await openZoo(request, context.env);
  onPlan(outcomeOf({ dataset, zoo, ...decision }));
  return { decision, zoo };
}

/** Everything after the decision. What ends it before there is anything to go on from leaves no trace. */
async function runDecided(request: TuneRequest, p: Prepared, context: CommandContext): Promise<TuneOutcome> {
  const { decision, run } = p;
  const { budgetSeconds } = decision.plan;
  const interrupted = (activeSeconds: number) =>
    ({ kind: 'interrupted', activeSeconds, budgetSeconds, checkpoint: true }) as const;
  let store: ImageStore | undefined;
  try {
    store = await decode(p, context);
    const tuned = await train(p, store, context);
    if (tuned.logits === undefined) return interrupted(tuned.outcome.activeSeconds);
    if (tuned.outcome.step === 0) throw nothingTrained(budgetSeconds);
    context.reporter.phase('writing');
    const { logits } = tuned;
    const result = await writeOutputs({ ...p, request, store, tuned, logits, clock: context.clock });
    if (request.learn) await learn(result, p, context);
    await run.remove();
    return { kind: 'finished', result };
  } catch (error) {
    if (error instanceof Interruption) return interrupted(run.activeSeconds());
    await run.discard();
    throw error;
  } finally {
    store?.close();
  }
}

async function decode({ dataset, decision, run }: Prepared, context: CommandContext): Promise<ImageStore> {
  const { reporter, clock, signal } = context;
  const { regime, budgetSeconds } = decision.plan;
  const { inputSize, augmentation, steps, batchSize } = regime;
  reporter.phase('decoding');
  const [timeUp, began] = [new AbortController(), clock.nowSeconds()];
  const left = budgetSeconds - run.activeSeconds();
  // a run whose time is up already decodes only for its last evaluation
  const timer = left > 0 ? setTimeout(() => timeUp.abort(tooSlow(dataset)), 1000 * left) : undefined;
  try {
    return await decodeAll(visitedImages(dataset, Math.ceil(steps * stretch) * batchSize, decision.request.seed), {
      side: inputSize,
      trainSide: trainingSide(inputSize, augmentation, decision.features.resolution),
      ...{
        scratch: scratchFolder(context.env),
        workers: workersHere(),
        signal: AbortSignal.any([signal, timeUp.signal]),
      },
      onProgress: (done, total) => {
        run.beat();
        const perImage = (clock.nowSeconds() - began) / done;
        reporter.progress({ phase: 'decoding', done, total, secondsLeft: perImage * (total - done) });
      },
    });
  } finally {
    clearTimeout(timer);
  }
}

const nothingTrained = (budgetSeconds: number): RunError =>
  new RunError(
    `The ${formatDuration(budgetSeconds)} were over before the first training step.`,
    'Allow more time with --budget, or run it again when the machine has less else to do.',
  );

const tooSlow = (dataset: Dataset): RunError =>
  new RunError(
    `The time was up before the images of ${dataset.name} were decoded.`,
    'Allow more time with --budget, or make the images smaller.',
  );

async function train(p: Prepared, store: ImageStore, { clock, reporter, signal }: CommandContext): Promise<FineTuned> {
  const { decision, run, zoo, checkpoint } = p;
  const { plan, request } = decision;
  const network = taskNetwork(memberOf(zoo, plan.member), store.dataset.classes.length);
  reporter.phase('training');
  return fineTune({
    network,
    weights: await startWeights(zoo, plan.member, network),
    ...{ regime: plan.regime, store, seed: request.seed, clock, startedSeconds: run.startedSeconds },
    ...{ stretch, evaluations, signal, resume: checkpoint, deadlineSeconds: plan.budgetSeconds },
    lastEvaluationSeconds: evaluationPart * Math.max(lastSeconds, lastShare * plan.budgetSeconds),
    checkpointEverySeconds: Math.min(30, Math.max(2, plan.budgetSeconds / 30)),
    keep: run.keep,
    onProgress: (phase, done, total, secondsLeft, last) => {
      run.beat();
      const { accuracy } = last?.curve.findLast((point) => point.accuracy !== undefined) ?? {};
      const detail = accuracy === undefined ? {} : { detail: `accuracy ${(100 * accuracy).toFixed(1)} %` };
      const name = phase === 'features' ? 'frozen features' : 'training';
      reporter.progress({ phase: name, done, total, ...detail, ...(secondsLeft === undefined ? {} : { secondsLeft }) });
    },
  });
}

/** A run that cannot be learnt is none the worse for its user: it is told, and the result stands. */
async function learn(result: TuneResult, { decision, zoo }: Prepared, context: CommandContext): Promise<void> {
  const experience = experienceOf(result, decision, memberOf(zoo, decision.plan.member));
  try {
    await withOwnExperience(context.env, (own) => own.add(experience));
  } catch (error) {
    if (!(error instanceof InputError || error instanceof RunError)) throw error;
    context.reporter.line(`This run is not kept as experience. ${error.message} ${error.remedy}`);
  }
}
