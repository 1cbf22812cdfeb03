import { InputError } from '../../lib/errors.ts';
import type { Plan } from '../../planner/types.ts';
import type { CommandContext } from '../context.ts';
import type { PlanOutcome, PlanRequest, TradeOffOutcome } from '../requests.ts';
import { groundHere, openImages, outcomeOf, planHere } from './planning.ts';

/** Profiles the data set and plans, without training; leaves nothing behind. */
export async function planLocally(request: PlanRequest, context: CommandContext): Promise<PlanOutcome> {
  const startedSeconds = context.clock.nowSeconds();
  context.reporter.phase('reading images');
  const dataset = await openImages(request, context);
  try {
    return outcomeOf(await planHere(request, dataset, startedSeconds, context));
  } finally {
    await dataset.close();
  }
}

/**
 * What longer and shorter budgets would buy, all from one profile that the shortest of them has time for. Throws
 * InputError where nothing fits into any of them.
 */
export async function planTradeOff(
  request: PlanRequest,
  budgets: readonly number[],
  context: CommandContext,
): Promise<TradeOffOutcome> {
  const startedSeconds = context.clock.nowSeconds();
  context.reporter.phase('reading images');
  const dataset = await openImages(request, context);
  try {
    const shortest = { ...request, budgetSeconds: Math.min(...budgets) };
    const { planFor, features } = await groundHere(shortest, dataset, startedSeconds, context);
    const ascending = [...new Set(budgets)].sort((a, b) => a - b);
    const tradeOff = ascending.map((budgetSeconds) => pointAt(budgetSeconds, planFor));
    const last = tradeOff.at(-1);
    if (last?.nothingFits !== undefined) throw last.nothingFits;
    return {
      dataset: dataset.name,
      images: dataset.train.length + dataset.val.length,
      classes: dataset.classes.length,
      skipped: dataset.skipped.length,
      features,
      tradeOff: tradeOff.map(({ budgetSeconds, plan }) => ({ budgetSeconds, plan: plan ?? null })),
      planningSeconds: context.clock.nowSeconds() - startedSeconds,
    };
  } finally {
    await dataset.close();
  }
}

interface Point {
  readonly budgetSeconds: number;
  readonly plan?: Plan;
  readonly nothingFits?: InputError;
}

function pointAt(budgetSeconds: number, planFor: (budgetSeconds: number) => Plan): Point {
  try {
    return { budgetSeconds, plan: planFor(budgetSeconds) };
  } catch (error) {
    // a longer one may do
    if (error instanceof InputError) return { budgetSeconds, nothingFits: error };
    throw error;
  }
}
