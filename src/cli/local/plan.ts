import { InputError } from '../../lib/errors.ts';
import type { Plan } from '../../planner/types.ts';
import type { Dataset } from '../../train/dataset.ts';
import type { CommandContext } from '../context.ts';
import type { PlanOutcome, PlanRequest, TradeOffOutcome } from '../requests.ts';
import { factsOf, groundHere, openImages, outcomeOf, planHere } from './planning.ts';

/** Profiles the data set and plans, without training; leaves nothing behind. */
export const planLocally = (request: PlanRequest, context: CommandContext): Promise<PlanOutcome> =>
  withImages(request, context, async (dataset, startedSeconds) =>
    outcomeOf(await planHere(request, dataset, startedSeconds, context)),
  );

/**
 * What longer and shorter budgets would buy, all from one profile that the shortest of them has time for. Throws
 * InputError where nothing fits into any of them.
 */
export const planTradeOff = (
  request: PlanRequest,
  budgets: readonly number[],
  context: CommandContext,
): Promise<TradeOffOutcome> =>
  withImages(request, context, async (dataset, startedSeconds) => {
    const shortest = { ...request, budgetSeconds: Math.min(...budgets) };
    const { planFor, features } = await groundHere(shortest, dataset, startedSeconds, context);
    const ascending = [...new Set(budgets)].sort((a, b) => a - b);
    const points = ascending.map((budgetSeconds) => pointAt(budgetSeconds, planFor));
    const longest = points.at(-1);
    if (longest?.nothingFits !== undefined) throw longest.nothingFits;
    const tradeOff = points.map(({ budgetSeconds, plan }) => ({ budgetSeconds, plan: plan ?? null }));
    return {
      ...factsOf(dataset),
      ...{ features, tradeOff, planningSeconds: context.clock.nowSeconds() - startedSeconds },
    };
  });

async function withImages<T>(
  request: PlanRequest,
  context: CommandContext,
  use: (dataset: Dataset, startedSeconds: number) => Promise<T>,
): Promise<T> {
  const startedSeconds = context.clock.nowSeconds();
  context.reporter.phase('reading images');
  const dataset = await openImages(request, context);
  try {
    return await use(dataset, startedSeconds);
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
