import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { networkOf } from '../../nas/families/table.ts';
import { readSafetensors } from '../../nas/safetensors.ts';
import { memberOf, weightsPath, type Zoo } from '../../nas/zoo.ts';
import { trainingSide } from '../../train/augment.ts';
import { type Checkpoint, readCheckpoint, removeCheckpoint, writeCheckpoint } from '../../train/checkpoint.ts';
import type { Dataset } from '../../train/dataset.ts';
import { type FineTuned, fineTune } from '../../train/fine-tune.ts';
import { decodeAll, type ImageStore } from '../../train/image-cache.ts';
import { outputNames } from '../../train/result.ts';
import type { CommandContext } from '../context.ts';
import { withOwnExperience } from '../experience-records.ts';
import type { PlanOutcome, TuneOutcome, TuneRequest } from '../requests.ts';
import { type Decision, dataOf, parseDecision } from './decision.ts';
import { createHeartbeat, readActiveSeconds } from './heartbeat.ts';
import { experienceOf, writeOutputs } from './outputs.ts';
import { openImages, openZoo, outcomeOf, planHere, scratchFolder, workersHere } from './planning.ts';

/** Evaluations during a run; few, because each costs time that could train. */
const evaluations = 4;
/** How much longer than planned a run may become when the machine turns out faster. */
const stretch = 1.5;

/** A run's parts once everything before training is done. */
interface Prepared {
  readonly dataset: Dataset;
  readonly zoo: Zoo;
  readonly decision: Decision;
  readonly checkpoint: Checkpoint | undefined;
}

/**
 * Profiles, plans, trains, evaluates and writes everything into `request.out`; nothing is made there before the data
 * set was accepted. `onPlan` hears of the plan before training begins. When the context's signal is aborted the run
 * keeps a checkpoint and comes back as `interrupted`.
 */
export async function tuneLocally(
  request: TuneRequest,
  context: CommandContext,
  onPlan: (outcome: PlanOutcome) => void,
): Promise<TuneOutcome> {
  const { clock, reporter, signal } = context;
  const folder = join(request.out, outputNames.checkpoint);
  const usedBefore = request.resume ? readActiveSeconds(folder) : 0;
  let startedSeconds = clock.nowSeconds() - usedBefore;
  reporter.phase('reading images');
  const dataset = await openImages(request, signal);
  let store: ImageStore | undefined;
  try {
    const { zoo, decision, checkpoint } = await prepare(request, dataset, startedSeconds, folder, context, onPlan);
    // time that the last process recorded in its checkpoint alone counts as well
    startedSeconds = Math.min(startedSeconds, clock.nowSeconds() - (checkpoint?.progress.activeSeconds ?? 0));
    const beat = createHeartbeat(folder, clock);
    const active = (): number => clock.nowSeconds() - startedSeconds;
    const keep = async (c: Omit<Checkpoint, 'decision'>) => {
      await writeCheckpoint(folder, { ...c, decision: JSON.stringify(decision) });
      beat(active());
    };
    store = await decode(dataset, decision, context);
    const tuned = await train({ request, context, zoo, decision, checkpoint, store, startedSeconds, beat, keep });
    if (tuned.logits === undefined) {
      const { activeSeconds } = tuned.outcome;
      return { kind: 'interrupted', activeSeconds, budgetSeconds: decision.plan.budgetSeconds, checkpoint: true };
    }
    reporter.phase('writing');
    const result = await writeOutputs({ request, zoo, decision, store, tuned, logits: tuned.logits, clock });
    if (request.learn) {
      const experience = experienceOf(result, decision, memberOf(zoo, decision.plan.member), randomUUID());
      await withOwnExperience(context.env, (own) => own.add(experience));
    }
    await removeCheckpoint(folder);
    return { kind: 'finished', result };
  } finally {
    store?.close();
    await dataset.close();
  }
}

async function prepare(
  request: TuneRequest,
  dataset: Dataset,
  startedSeconds: number,
  folder: string,
  context: CommandContext,
  onPlan: (outcome: PlanOutcome) => void,
): Promise<Prepared> {
  const checkpoint = request.resume ? await readCheckpoint(folder) : undefined;
  if (checkpoint) {
    const decision = parseDecision(checkpoint.decision, dataset);
    const { plan, features, profileSeconds, planningSeconds } = decision;
    const zoo = await openZoo(request, context.env);
    onPlan(outcomeOf({ dataset, zoo, features, plan, profileSeconds, planningSeconds }));
    return { dataset, zoo, decision, checkpoint };
  }
  const planned = await planHere(request, dataset, startedSeconds, context);
  onPlan(outcomeOf(planned));
  const { plan, features, profileSeconds, planningSeconds, zoo } = planned;
  const decision = { plan, features, profileSeconds, planningSeconds, seed: request.seed, data: dataOf(dataset) };
  return { dataset, zoo, checkpoint, decision };
}

function decode(
  dataset: Dataset,
  { plan, features }: Decision,
  { reporter, signal }: CommandContext,
): Promise<ImageStore> {
  const { inputSize, augmentation } = plan.regime;
  reporter.phase('decoding');
  return decodeAll(dataset, {
    side: inputSize,
    trainSide: trainingSide(inputSize, augmentation, features.resolution),
    ...{ scratch: scratchFolder(), workers: workersHere(), signal },
    onProgress: (done, total) => reporter.progress({ phase: 'decoding', done, total }),
  });
}

interface Training {
  readonly request: TuneRequest;
  readonly context: CommandContext;
  readonly zoo: Zoo;
  readonly decision: Decision;
  readonly checkpoint: Checkpoint | undefined;
  readonly store: ImageStore;
  readonly startedSeconds: number;
  readonly beat: (activeSeconds: number) => void;
  readonly keep: (checkpoint: Omit<Checkpoint, 'decision'>) => Promise<void>;
}

async function train(t: Training): Promise<FineTuned> {
  const { clock, reporter, signal } = t.context;
  const { plan, seed } = t.decision;
  const member = memberOf(t.zoo, plan.member);
  reporter.phase('training');
  return fineTune({
    network: networkOf(member.encoding, { classes: t.store.dataset.classes.length }),
    weights: await readSafetensors(weightsPath(t.zoo, member.name)),
    ...{
      regime: plan.regime,
      store: t.store,
      seed,
      clock,
      startedSeconds: t.startedSeconds,
      stretch,
      evaluations,
      signal,
    },
    deadlineSeconds: plan.budgetSeconds,
    resume: t.checkpoint,
    checkpointEverySeconds: Math.min(60, Math.max(10, plan.budgetSeconds / 20)),
    keep: t.keep,
    onProgress: (phase, done, total, secondsLeft, last) => {
      t.beat(clock.nowSeconds() - t.startedSeconds);
      const { accuracy } = last?.curve.findLast((point) => point.accuracy !== undefined) ?? {};
      const detail = accuracy === undefined ? {} : { detail: `accuracy ${(100 * accuracy).toFixed(1)} %` };
      const name = phase === 'features' ? 'frozen features' : 'training';
      reporter.progress({ phase: name, done, total, ...detail, ...(secondsLeft === undefined ? {} : { secondsLeft }) });
    },
  });
}
