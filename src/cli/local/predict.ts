import { RunError } from '../../lib/errors.ts';
import type { CommandContext } from '../context.ts';
import type { ImagePrediction, PredictRequest } from '../requests.ts';

/** Classifies the images in their order; one that cannot be read gets an error in its place. */
export async function predictLocally(
  _request: PredictRequest,
  _context: CommandContext,
): Promise<readonly ImagePrediction[]> {
  throw new RunError('This build cannot predict yet.', 'Use a build that has the export.');
}
