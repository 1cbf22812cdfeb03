import type { CommandContext } from '../context.ts';
import type { PlanOutcome, PlanRequest } from '../requests.ts';
import { openImages, outcomeOf, planHere } from './planning.ts';

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
