import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { InputError, RunError } from '../../lib/errors.ts';
import { memberOf, type Zoo } from '../../nas/zoo.ts';
import type { Dataset } from '../../train/dataset.ts';
import { outputNames, type TuneResult } from '../../train/result.ts';
import type { CommandContext } from '../context.ts';
import { withOwnExperience } from '../experience-records.ts';
import type { PlanOutcome, TuneOutcome, TuneRequest } from '../requests.ts';
import type { Reporter } from '../terminal/reporter.ts';
import { checkData, type Decision, dataOf, readDecision } from './decision.ts';
import { experienceOf } from './outputs.ts';
import { openImages, openZoo, outcomeOf, planHere } from './planning.ts';
import { carryOut, type Prepared, type RunWatch } from './run.ts';
import { openRun, reachedIn } from './run-folder.ts';

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
  const used = asked.resume ? await reachedIn(folder, saved) : { activeSeconds: 0, checkpoint: undefined };
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
    ...(request.replan ? { replans: true } : {}),
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

/** A run whose decision can be learnt. */
type Decided = Prepared & { readonly decision: Decision };

async function runDecided(request: TuneRequest, p: Decided, context: CommandContext): Promise<TuneOutcome> {
  const { clock, env, signal, reporter } = context;
  const { budgetSeconds } = p.decision.plan;
  const ended = await carryOut(request.out, p, { clock, env, signal, watch: shownBy(reporter) });
  if (ended.kind === 'interrupted') {
    return { kind: 'interrupted', activeSeconds: ended.activeSeconds, budgetSeconds, checkpoint: true };
  }
  if (request.learn) await learn(ended.result, p, context);
  await p.run.remove();
  return ended;
}

const shownBy = (reporter: Reporter): RunWatch => ({
  phase: (name) => reporter.phase(name),
  progress: ({ accuracy, ...progress }) =>
    reporter.progress(
      accuracy === undefined ? progress : { ...progress, detail: `accuracy ${(100 * accuracy).toFixed(1)} %` },
    ),
});

/** A run that cannot be learnt is none the worse for its user: it is told, and the result stands. */
async function learn(result: TuneResult, { decision, zoo }: Decided, context: CommandContext): Promise<void> {
  const experience = experienceOf(result, decision, memberOf(zoo, result.plan.member));
  try {
    await withOwnExperience(context.env, (own) => own.add(experience));
  } catch (error) {
    if (!(error instanceof InputError || error instanceof RunError)) throw error;
    context.reporter.line(`This run is not kept as experience. ${error.message} ${error.remedy}`);
  }
}
