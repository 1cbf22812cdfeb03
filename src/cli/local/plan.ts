import { RunError } from '../../lib/errors.ts';
import type { CommandContext } from '../context.ts';
import type { PlanOutcome, PlanRequest } from '../requests.ts';

/** Profiles the data set and plans, without training; leaves nothing behind. */
export async function planLocally(_request: PlanRequest, _context: CommandContext): Promise<PlanOutcome> {
  throw new RunError('This build cannot plan yet.', 'Use a build that has the profile.');
}
