import { RunError } from '../../lib/errors.ts';
import type { CommandContext } from '../context.ts';
import type { PlanOutcome, TuneOutcome, TuneRequest } from '../requests.ts';

/**
 * Profiles, plans, trains, evaluates and writes everything into `request.out`; nothing is made there before the data
 * set was accepted. `onPlan` hears of the plan before training begins. When the context's signal is aborted the run
 * keeps a checkpoint and comes back as `interrupted`.
 */
export async function tuneLocally(
  _request: TuneRequest,
  _context: CommandContext,
  _onPlan: (outcome: PlanOutcome) => void,
): Promise<TuneOutcome> {
  throw new RunError('This build cannot tune yet.', 'Use a build that has the trainer.');
}
