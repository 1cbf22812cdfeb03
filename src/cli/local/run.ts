/** A decided run is carried out: decode, train, evaluate, write. The same for `nasoa tune` and for a training pod. */
import { formatDuration } from '../../lib/duration.ts';
import { RunError } from '../../lib/errors.ts';
import { memberOf, type Zoo } from '../../nas/zoo.ts';
import { evaluatedImages, type Plan } from '../../planner/types.ts';
import { trainingSide } from '../../train/augment.ts';
import type { Checkpoint, Progress } from '../../train/checkpoint.ts';
import type { Dataset } from '../../train/dataset.ts';
import { type FineTuned, fineTune } from '../../train/fine-tune.ts';
import { decodeAll, type ImageStore } from '../../train/image-cache.ts';
import type { Seen, Verdict } from '../../train/loop.ts';
import type { TuneResult } from '../../train/result.ts';
import type { CommandContext } from '../context.ts';
import { Interruption } from '../interruption.ts';
import type { RunDecision } from './decision.ts';
import { writeOutputs } from './outputs.ts';
import { scratchFolder, workersHere } from './planning.ts';
import { reconsidered } from './reconsidered.ts';
import type { RunFolder } from './run-folder.ts';
import { startWeights, taskNetwork } from './start-weights.ts';
import { visitedImages } from './visited-images.ts';

/** Evaluations during a run; few, because each costs time that could train. */
export const evaluations = 4;
/** How many times as many steps a run may have when the machine turns out faster. */
const stretch = 4;
/** Images are decoded for so many times the planned steps: for more, images are seen again. */
const decodedStretch = 1.5;

/** A plan that fills so much of the budget was to fill all of it. */
const fillingShare = 0.9;

/** Active seconds at which a run was planned to end. */
function plannedEnd({ plan, replanned, profileSeconds, planningSeconds }: RunDecision): number {
  // what a choice took that was given up is in no plan
  if (replanned?.action === 'switched') return plan.budgetSeconds;
  const end = profileSeconds + planningSeconds + plan.predicted.seconds;
  return end >= fillingShare * plan.budgetSeconds ? plan.budgetSeconds : end;
}

/** A run that is to be short ends with its plan. */
const stretchOf = ({ target }: Pick<Plan, 'target'>): number => (target?.isExpected === true ? 1 : stretch);
/** What follows the training may take the larger of these; most of it is the last evaluation. */
const [lastSeconds, lastShare, evaluationPart] = [15, 0.1, 0.7];

/** A run's parts once everything before decoding is done. */
export interface Prepared {
  readonly dataset: Dataset;
  readonly zoo: Zoo;
  readonly decision: RunDecision;
  readonly run: RunFolder;
  readonly checkpoint: Checkpoint | undefined;
  /** Bounds on memory where it is known to be scarce; what the machine allows unless given. */
  readonly memory?: {
    /** Of decoded images kept in memory; the others go to disk. */
    readonly imageBytes: number;
    /** Of cached activations; beyond it the frozen stages run in each step. */
    readonly cacheBytes: number;
  };
}

export interface RunProgress {
  readonly phase: 'decoding' | 'features' | 'training';
  readonly done: number;
  readonly total: number;
  readonly secondsLeft?: number;
  /** Of the last evaluation, 0 to 1. */
  readonly accuracy?: number;
}

/** Whoever tells of a run while it goes on: a terminal, or reports over the network. Calls are cheap and many. */
export interface RunWatch {
  phase(name: 'decoding' | 'training' | 'writing'): void;
  progress(progress: RunProgress): void;
}

export type RunContext = Pick<CommandContext, 'clock' | 'env' | 'signal'> & { readonly watch: RunWatch };

export type RunEnd =
  | { readonly kind: 'finished'; readonly result: TuneResult }
  /** The signal came; there is a checkpoint to go on from. */
  | { readonly kind: 'interrupted'; readonly activeSeconds: number; readonly step: number };

/**
 * Everything after the decision; the result is written into `out`, and the run's folder stays for the caller to remove.
 * What fails before there is anything to go on from leaves no trace.
 */
export async function carryOut(out: string, p: Prepared, context: RunContext): Promise<RunEnd> {
  const { run } = p;
  let { checkpoint } = p;
  let store: ImageStore | undefined;
  try {
    store = await decode(p, context);
    let { tuned, decision } = await train(p, store, undefined, context);
    if (tuned.outcome.stopped === 'abandoned') {
      // another choice reads other sizes of image, and goes on with nothing of the one that was given up
      checkpoint = undefined;
      store.close();
      store = await decode({ ...p, decision }, context);
      ({ tuned, decision } = await train({ ...p, decision, checkpoint }, store, tuned.outcome, context));
    }
    const { activeSeconds, step } = tuned.outcome;
    if (tuned.logits === undefined) return { kind: 'interrupted', activeSeconds, step };
    if (step === 0) throw nothingTrained(decision.plan.budgetSeconds);
    context.watch.phase('writing');
    const { logits } = tuned;
    const result = await writeOutputs({ ...p, decision, out, store, tuned, logits, clock: context.clock });
    return { kind: 'finished', result };
  } catch (error) {
    if (error instanceof Interruption) {
      return { kind: 'interrupted', activeSeconds: run.activeSeconds(), step: checkpoint?.progress.step ?? 0 };
    }
    await run.discard();
    throw error;
  } finally {
    store?.close();
  }
}

async function decode({ dataset, decision, run, memory }: Prepared, context: RunContext): Promise<ImageStore> {
  const { watch, clock, signal } = context;
  const { regime, budgetSeconds } = decision.plan;
  const { inputSize, augmentation, steps, batchSize } = regime;
  const visits = Math.ceil(steps * Math.min(decodedStretch, stretchOf(decision.plan))) * batchSize;
  watch.phase('decoding');
  const [timeUp, began] = [new AbortController(), clock.nowSeconds()];
  const left = budgetSeconds - run.activeSeconds();
  // a run whose time is up already decodes only for its last evaluation
  const timer = left > 0 ? setTimeout(() => timeUp.abort(tooSlow(dataset)), 1000 * left) : undefined;
  try {
    return await decodeAll(visitedImages(dataset, visits, decision.request.seed), {
      side: inputSize,
      trainSide: trainingSide(inputSize, augmentation, decision.features.resolution),
      bytesBound: memory?.imageBytes,
      ...{
        scratch: scratchFolder(context.env),
        workers: workersHere(),
        signal: AbortSignal.any([signal, timeUp.signal]),
      },
      onProgress: (done, total) => {
        run.beat();
        const perImage = (clock.nowSeconds() - began) / done;
        watch.progress({ phase: 'decoding', done, total, secondsLeft: perImage * (total - done) });
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

/** `before`: what a choice took that was given up. */
async function train(
  { decision, run, zoo, checkpoint, memory }: Prepared,
  store: ImageStore,
  before: Progress | undefined,
  { clock, watch, signal }: RunContext,
): Promise<{ readonly tuned: FineTuned; readonly decision: RunDecision }> {
  const { plan, request } = decision;
  let decided = decision;
  const judge = async (seen: Seen): Promise<Verdict> => {
    const next = reconsidered(decision, seen, {
      activeSeconds: run.activeSeconds(),
      images: Math.round(evaluatedImages(plan.regime, store.val.count)),
    });
    if (next === undefined) return 'go on';
    const isSwitched = next.replanned?.action === 'switched';
    await run.redecide(next, !isSwitched);
    decided = next;
    return isSwitched ? 'abandon' : 'anneal';
  };
  const { dropout } = plan.regime;
  const network = taskNetwork(memberOf(zoo, plan.member), { classes: store.dataset.classes.length, dropout });
  watch.phase('training');
  const tuned = await fineTune({
    network,
    weights: await startWeights(zoo, plan.member, network),
    ...{ regime: plan.regime, store, seed: request.seed, clock, startedSeconds: run.startedSeconds },
    ...{ stretch: stretchOf(plan), evaluations, signal, resume: checkpoint, deadlineSeconds: plan.budgetSeconds },
    plannedSeconds: plannedEnd(decision),
    judge,
    spent: before,
    ...(memory === undefined ? {} : { cacheBytes: memory.cacheBytes }),
    lastEvaluationSeconds: evaluationPart * Math.max(lastSeconds, lastShare * plan.budgetSeconds),
    checkpointEverySeconds: Math.min(30, Math.max(2, plan.budgetSeconds / 30)),
    keep: run.keep,
    onProgress: (phase, done, total, secondsLeft, last) => {
      run.beat();
      const { accuracy } = last?.curve.findLast((point) => point.accuracy !== undefined) ?? {};
      watch.progress({
        phase,
        ...{ done, total },
        ...(secondsLeft === undefined ? {} : { secondsLeft }),
        ...(accuracy === undefined ? {} : { accuracy }),
      });
    },
  });
  return { tuned, decision: decided };
}
