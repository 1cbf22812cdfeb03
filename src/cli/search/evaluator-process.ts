/**
 * A process that evaluates candidates one after the other. One that needs more memory than there is ends this process
 * alone; its parent begins another. It ends with its parent.
 */
import { systemClock } from '../../lib/clock.ts';
import { InputError, RunError } from '../../lib/errors.ts';
import { Diverged } from '../../train/loop.ts';
import { Evaluator } from './evaluator.ts';
import type { Reply, Request } from './evaluator-messages.ts';

const stop = new AbortController();
let evaluator: Evaluator | undefined;

async function answer(request: Request): Promise<Reply> {
  if (request.kind === 'open') {
    evaluator = await Evaluator.open(request.options, { clock: systemClock, env: process.env, signal: stop.signal });
    return { kind: 'opened' };
  }
  if (evaluator === undefined) throw new Error('nothing was opened');
  if (request.kind === 'measure') return { kind: 'measured', ...(await evaluator.measure(request.encoding)) };
  return { kind: 'trained', ...(await evaluator.train(request.encoding, request.rung)) };
}

function failure(error: unknown): Reply {
  if (error instanceof Diverged) return { kind: 'failed', why: error.message };
  if (error instanceof InputError || error instanceof RunError) {
    const { message, remedy } = error;
    return { kind: 'refused', message, remedy, isInput: error instanceof InputError };
  }
  // TensorFlow tells of missing memory in words of its own
  return { kind: 'failed', why: error instanceof Error ? error.message : String(error) };
}

process.on('message', (request: Request) => {
  answer(request)
    .catch(failure)
    .then((reply) => process.send?.(reply));
});
// Ctrl-C in a terminal reaches this process as well; its parent says when to end
process.on('SIGINT', () => {});
process.on('disconnect', () => {
  stop.abort(new Error('the search has ended'));
  const closed = evaluator?.close() ?? Promise.resolve();
  closed.finally(() => process.exit(0));
});
